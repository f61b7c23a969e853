using System.Text.Json.Nodes;
using OrderFunctions.CosmosDb;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBusBroker;

namespace OrderFunctions.Apps.Tests.ServiceBus.Wire;

/// <summary>After everything has settled, compares the streams with what the providers, the stock and the broker really did.</summary>
static class WireAudit
{
    static readonly HashSet<string> PublicEvents =
        [.. typeof(PublicEvent).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(PublicEvent))).Select(type => type.Name)];

    /// <summary>Returns one sentence per discrepancy.</summary>
    public static async Task<IReadOnlyList<string>> FindingsAsync(WireSaga saga)
    {
        var orders = new List<OrderSummary>();
        for (var filter = new OrderFilter(Limit: 200); ;)
        {
            var page = await saga.Orders.ListAsync(filter, CancellationToken.None);
            orders.AddRange(page.Orders);
            if (page.Next is null)
                break;
            filter = filter with { After = page.Next };
        }
        return
        [
            .. orders.SelectMany(order => OfOrder(saga, order)),
            .. OfStock(saga),
            .. OfPublishing(saga, await saga.Broker.AcceptedAsync()),
            .. OfSettling(await saga.Broker.CallsAsync()),
            .. OfSessions(await saga.Broker.SessionUsesAsync()),
        ];
    }

    static IEnumerable<string> OfOrder(WireSaga saga, OrderSummary order)
    {
        var (id, charges, refunds) = ($"Order {order.OrderId}", saga.Ledger.Charges(order.OrderId), saga.Ledger.Refunds(order.OrderId));
        var reservation = (string?)Reservations(saga).SingleOrDefault(one => (string?)one["orderId"] == order.OrderId)?["state"];
        if (!order.IsFinal)
            yield return $"{id} is open: {order.Status}.";
        if (order.Parked.Values.Any(place => place.IsParked))
            yield return $"{id} is parked.";
        if (charges.Count > 1 || refunds.Count > 1)
            yield return $"{id} was charged {charges.Count} times and refunded {refunds.Count} times.";
        if (charges.Any(charge => charge != order.Total))
            yield return $"{id} of {order.Total} was charged {string.Join(" and ", charges)}.";
        var isCompleted = order.Status is OrderStatus.Completed;
        if (charges.Count - refunds.Count != (isCompleted ? 1 : 0))
            yield return $"{id} is {order.Status}, was charged {charges.Count} times and refunded {refunds.Count} times.";
        if (saga.Ledger.IsShipped(order.OrderId) != isCompleted)
            yield return $"{id} is {order.Status}, and was {(isCompleted ? "not " : "")}shipped.";
        if (isCompleted != (reservation is "Consumed") || reservation is "Reserving" or "Reserved")
            yield return $"{id} is {order.Status}, and its stock {reservation ?? "never reserved"}.";
    }

    static IEnumerable<string> OfStock(WireSaga saga)
    {
        var consumed = Reservations(saga).Where(one => (string?)one["state"] is "Consumed")
            .SelectMany(one => one["lines"]!.AsArray())
            .GroupBy(line => (string)line!["sku"]!)
            .ToDictionary(sku => sku.Key, sku => sku.Sum(line => (long)line!["quantity"]!));
        return
            from level in saga.Cosmos.Documents(CosmosContainers.Stock).Where(one => one["sku"] is not null)
            let sku = (string)level["sku"]!
            where (long)level["received"]! != (long)level["available"]! + (long)level["consumed"]! || (long)level["reserved"]! != 0
                || (long)level["consumed"]! != consumed.GetValueOrDefault(sku)
            select $"The stock of {sku} does not add up: {level.ToJsonString()}.";
    }

    static IEnumerable<JsonObject> Reservations(WireSaga saga) =>
        saga.Cosmos.Documents(CosmosContainers.Stock).Where(one => one["lines"] is not null);

    /// <summary>
    /// The topic must have accepted exactly what the streams say was published, and what came from outside, which is recorded where it is heard.
    /// </summary>
    static IEnumerable<string> OfPublishing(WireSaga saga, IReadOnlyList<BrokerMessage> accepted)
    {
        var recorded = new HashSet<string>(
            from participant in Topology.Current.Subscriptions
            from stream in saga.Cosmos.Documents(participant.Name)
            from entry in stream["entries"]!.AsArray()
            from recordedEvent in entry!["events"]!.AsArray()
            where PublicEvents.Contains((string)recordedEvent!["type"]!)
            select (string)recordedEvent["id"]!);
        recorded.UnionWith(
            from stream in saga.Cosmos.Documents(Participants.Shipping)
            from entry in stream["entries"]!.AsArray()
            let id = (string)entry!["on"]!
            where Topology.Current.Outside.Any(speaker => speaker.Name == MessageId.SenderOf(id))
            select id);
        return
        [
            .. recorded.Except(accepted.Select(message => message.Id!)).Select(id => $"{id} is recorded, and was never published."),
            .. accepted.Select(message => message.Id!).Except(recorded).Select(id => $"{id} was published, and is recorded nowhere."),
        ];
    }

    /// <summary>No message may be completed before the events it caused are published.</summary>
    static IEnumerable<string> OfSettling(IReadOnlyList<BrokerCall> calls)
    {
        var completed = new HashSet<(string?, string)>();
        var sent = new HashSet<string?>();
        foreach (var call in calls)
        {
            if (call.Operation is "complete")
                completed.Add((call.Messages.Single().Id, call.Entity));
            if (call.Operation is not "send")
                continue;
            foreach (var message in call.Messages.Where(message => sent.Add(message.Id)))
            {
                var cause = (string?)message.Property("causationId");
                if (completed.Contains((cause, message.Id!.Split('/')[1])))
                    yield return $"{cause} was completed before {message.Id} was published.";
            }
        }
    }

    /// <summary>A session must be released with its message, because an idle session occupies one of the few slots.</summary>
    static IEnumerable<string> OfSessions(IReadOnlyList<SessionUse> uses)
    {
        var idle = uses.Count(use => use.Idle > TimeSpan.FromSeconds(1));
        if (idle > uses.Count / 20)
            yield return $"{idle} of {uses.Count} sessions were held idle for more than a second.";
    }
}
