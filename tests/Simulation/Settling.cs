using OrderFunctions.Kernel;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>Describes what has not settled yet, in a text that begins with an order's id; null if everything has.</summary>
static class Settling
{
    /// <summary>Everything must reach this point without help. Whatever still waits then waits for an operator.</summary>
    /// <param name="besides">An order that cannot settle yet.</param>
    public static string? WhatStillMoves(World world, string? besides = null)
    {
        if (world.OpenRequests.FirstOrDefault(open => open.Value > 0 && open.Key != besides) is { Key: { } asked, Value: var count })
            return $"{asked} has {count} open requests";
        if (world.Store(Participants.Orders).PendingOrders.FirstOrDefault(id => id != besides) is { } pending)
            return $"{pending} has what may not be published";
        foreach (var subscription in world.Bus.Subscriptions)
        {
            if (subscription.WaitingOrders.FirstOrDefault(id => id != besides) is { } waiting)
                return $"{waiting} waits at {subscription.Name}: {subscription.Describe()}";
            foreach (var letter in subscription.DeadLetters.Letters)
            {
                if (letter.Copy.OrderId == besides)
                    continue;
                var stream = world.Store(subscription.Name)[letter.Copy.OrderId];
                if (stream is null || !stream.Parked.Exists(parked => parked.Id == letter.Copy.Id) || stream.Parked[0].Due is not null)
                    return $"{letter.Copy.OrderId} has a dead letter at {subscription.Name}: {letter.Copy.Id}";
                if (world.Store(subscription.Name).IsReadable(stream.OrderId) && !IsTold(world, stream))
                    return $"{stream.OrderId} is parked at {subscription.Name}, which is still to be told";
            }
        }
        return null;
    }

    /// <summary>Whether every event in the stream about its parking is published. An unreadable stream cannot publish any.</summary>
    static bool IsTold(World world, OrderStream stream) =>
        world.Bus.Unpublished(stream.Entries).All(e => e.Event is not (OrderParked or OrderResumed));

    public static string? WhatIsLeft(World world)
    {
        if (WhatStillMoves(world) is { } moving)
            return moving;
        foreach (var subscription in world.Bus.Subscriptions)
        {
            foreach (var stream in world.Store(subscription.Name).Streams)
            {
                if (!stream.Parked.IsEmpty)
                    return $"{stream.OrderId} is parked at {subscription.Name}: {string.Join(", ", stream.Parked.Select(parked => parked.Id))}";
            }
            if (subscription.DeadLetters.Letters.Count > 0)
                return $"{subscription.DeadLetters.Letters[0].Copy.OrderId} has a dead letter at {subscription.Name}";
        }
        foreach (var stream in world.Stores.SelectMany(store => store.Streams))
        {
            if (world.Bus.Unpublished(stream.Entries).FirstOrDefault() is { } unsaid)
                return $"{stream.OrderId} has what was never published: {unsaid.Id}";
        }
        if (world.Bus.Scheduled > 0)
            return $" {world.Bus.Scheduled} messages are scheduled";
        foreach (var stream in world.Store(Participants.Orders).Streams)
        {
            if (world.Store(Participants.Orders).Summary(stream.OrderId) is { IsFinal: false } summary)
                return $"{stream.OrderId} is {summary.Status} and stays so";
        }
        return null;
    }
}
