using System.Globalization;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>What operators do about orders that are parked: replay, discard, and settle by hand.</summary>
sealed class Operators(World world)
{
    static readonly TimeSpan Haste = TimeSpan.FromMinutes(10);
    static readonly TimeSpan Pause = TimeSpan.FromMinutes(2);
    static readonly string[] Undoing = [Participants.Inventory, Participants.Payments, Participants.Shipping];

    readonly HashSet<(string Participant, string OrderId)> asked = [];

    /// <summary>Undoing steps that were discarded: only settling them by hand makes their orders final.</summary>
    readonly List<(string Participant, string OrderId, string MessageId)> discarded = [];

    /// <summary>Refunds that somebody makes by bank transfer just when they are replayed.</summary>
    readonly Dictionary<string, string> byTransfer = [];
    int requests;
    int rounds;

    Chance Chance => world.Chance;

    /// <summary>From now on they ask, again and again, for all that waits for them.</summary>
    public void AskForReplays()
    {
        world.Cards.GiveBackByHand();
        foreach (var (participant, orderId, messageId) in discarded)
        {
            // The carrier may have been booked after the first call: they phone before every settlement.
            if (world.Store(Participants.Orders).Summary(orderId) is { IsFinal: false } && IsDoneByHand(participant, orderId))
                AskToSettle(participant, orderId, messageId);
        }
        foreach (var store in world.Stores)
        {
            foreach (var stream in store.Streams.Where(stream => stream.Parked is [{ Due: null }, ..]))
                AskForReplay(store.Participant, stream.OrderId);
        }
        world.Scheduler.After(Pause * (1 << Math.Min(rounds++, 5)), AskForReplays);
    }

    public void Operate()
    {
        switch (Chance.Below(5))
        {
            case 0 when world.Bugs.Active.Count > 0:
                world.Bugs.Mend(Chance.Of(world.Bugs.Active));
                break;
            case 1 when world.Bugs.Active.Count > 0 && Chance.OneIn(2):
                var known = Chance.Of(world.Bugs.Active);
                AskForReplay(known.Participant, known.Message.OrderId);
                break;
            case 1:
                AskForReplay(Chance.Of(Topology.Current.Subscriptions).Name, Chance.Of(world.Orders).Id);
                break;
            case 2:
                if (world.Bugs.Active.FirstOrDefault(CanBeDiscarded) is { } bug)
                    Discard(bug);
                break;
            case 3:
                SettleByMistake();
                break;
            default:
                Chance.Of(world.Stores.ToList()).MakeRoom();
                world.Operations.Repair(Chance.Of(world.Stores.ToList()));
                break;
        }
    }

    /// <summary>
    /// An operator looks at the bug up to <paramref name="looks"/> times while it is not fixed, and discards the message if that is
    /// allowed.
    /// </summary>
    public void Consider(Bug bug, int looks)
    {
        if (looks == 0)
            return;
        world.Scheduler.After(Chance.OfAnyScale(TimeSpan.FromHours(1)), () =>
        {
            if (!world.Bugs.Active.Contains(bug))
                return;
            if (CanBeDiscarded(bug))
                Discard(bug);
            else if (!IsUndoing(bug) || !Settle(bug))
                Consider(bug, looks - 1);
        });
    }

    /// <summary>Where an order is parked at two participants, operators care for one of them first, and for the other later.</summary>
    public void ParkedAt(string participant, string orderId)
    {
        if (!world.Faults.On || Chance.OneIn(2))
            return;
        var other = world.Stores.FirstOrDefault(store => store.Participant != participant && store[orderId] is { Parked.IsEmpty: false });
        if (other is null)
            return;
        var (first, later) = Chance.OneIn(2) ? (participant, other.Participant) : (other.Participant, participant);
        var bug = world.Bugs.Active.FirstOrDefault(bug => bug.Participant == first && bug.Message.OrderId == orderId);
        var pause = Chance.OfAnyScale(TimeSpan.FromHours(1));

        // What an update will know is not discarded.
        if (bug is { Kind: not Fault.TypeUnknown } && Chance.OneIn(2))
            Consider(bug, looks: 2);
        else
            world.Scheduler.After(pause, () => MendAndReplay(bug, first, orderId));
        world.Scheduler.After(pause + Chance.OfAnyScale(TimeSpan.FromHours(1)), () => AskForReplay(later, orderId));
    }

    void MendAndReplay(Bug? bug, string participant, string orderId)
    {
        if (bug is not null && world.Bugs.Active.Contains(bug))
            world.Bugs.Mend(bug);
        AskForReplay(participant, orderId);
    }

    public void AskForReplay(string participant, string orderId)
    {
        if (world.Store(Participants.Orders)[orderId] is null || !asked.Add((participant, orderId)))
            return;
        _ = new HttpRequest(world, "operator", Participants.Orders, orderId, Numbered("replay"), new ReplayRequested(participant),
            () => asked.Remove((participant, orderId)));
    }

    /// <summary>
    /// Discards a forward step that can never be handled, and gives up its order. The order is cancelled, which undoes the earlier steps
    /// and whatever the discarded step requested from a provider. A step whose request is still running is not discarded yet. Stock is not
    /// undone: without the discarded message nobody knows the warehouse. Discarding an unreadable request does not cancel the order.
    /// </summary>
    void Discard(Bug bug)
    {
        bug.Discarding = true;
        for (var operators = Chance.OneIn(3) ? 2 : 1; operators > 0; operators--)
        {
            _ = new HttpRequest(world, "operator", Participants.Orders, bug.Message.OrderId, Numbered("discard"),
                new DiscardRequested(bug.Participant, bug.Message.Id, "operator", "cannot be handled"));
        }
        if (bug.Message.Event is not ReplayRequested)
            world.Orders.First(order => order.Id == bug.Message.OrderId).Cancel("operator");
    }

    /// <summary>An operator does by hand what the parked message asks for, and says so. False where that cannot be done.</summary>
    bool Settle(Bug bug)
    {
        var (participant, orderId, messageId) = (bug.Participant, bug.Message.OrderId, bug.Message.Id);
        if (world.Store(participant)[orderId]?.Parked is not [var head, ..] || head.Id != messageId)
            return false;
        if (!IsDoneByHand(participant, orderId))
            return false;
        if (Chance.OneIn(2))
        {
            bug.Discarding = true;
            discarded.Add((participant, orderId, messageId));
            _ = new HttpRequest(world, "operator", Participants.Orders, orderId, Numbered("discard"),
                new DiscardRequested(participant, messageId, "operator", "done by hand"));
        }
        else if (Chance.OneIn(2))
        {
            // A developer fixes it at the same time, and the replay that somebody asks for meets the settlement.
            world.Bugs.Mend(bug);
            AskForReplay(participant, orderId);
            if (participant is Participants.Payments && Chance.OneIn(2))
            {
                byTransfer[orderId] = messageId;
                return true;
            }
        }
        AskToSettle(participant, orderId, messageId);
        return true;
    }

    /// <summary>An operator may lose patience with a refund that does not get on.</summary>
    public void RefundParked(string orderId, string messageId)
    {
        if (!world.Faults.On || Chance.OneIn(3))
            return;
        if (Chance.OneIn(2))
        {
            byTransfer[orderId] = messageId;
            return;
        }
        world.Scheduler.After(Chance.OfAnyScale(TimeSpan.FromMinutes(1)), () =>
        {
            if (world.Faults.On && world.Store(Participants.Payments)[orderId]?.PlaceOf(messageId) == 0)
                AskToSettle(Participants.Payments, orderId, messageId);
        });
    }

    /// <summary>The turn that was to refund it has found no refund and goes on.</summary>
    public void NoRefundYet(string orderId)
    {
        if (byTransfer.Remove(orderId, out var messageId))
            AskToSettle(Participants.Payments, orderId, messageId);
    }

    /// <summary>An operator settles a step that is not to be undone at all, or that is not its turn yet. That must be refused.</summary>
    void SettleByMistake()
    {
        var (participant, order) = (Chance.Of(Undoing), Chance.Of(world.Orders));
        if (world.Store(participant)[order.Id] is not { } stream)
            return;

        // Not what is parked and may be settled by the time the request arrives: no carrier was called.
        var ids = stream.Entries.Where(entry => entry.Via is Via.Bus or Via.Http).Select(entry => entry.On)
            .Concat(stream.Parked.Skip(1).Where(_ => participant is not Participants.Shipping).Select(parked => parked.Id)).ToList();
        if (ids.Count > 0)
            AskToSettle(participant, order.Id, Chance.Of(ids), isMistake: true);
    }

    bool IsDoneByHand(string participant, string orderId) =>
        participant is not Participants.Shipping || world.Carrier.CancelByPhone(orderId);

    void AskToSettle(string participant, string orderId, string messageId, bool isMistake = false) => _ = new HttpRequest(
        world, "operator", Participants.Orders, orderId, Numbered("settle"),
        new SettleRequested(participant, messageId, "c1", "changed my mind", "operator", "by hand"),
        mayRepeat: () => isMistake || IsDoneByHand(participant, orderId));

    static bool IsUndoing(Bug bug) =>
        (bug.Participant, bug.Message.Event) is (Participants.Payments, RefundPayment) or (Participants.Inventory, RestockInventory)
            or (Participants.Shipping, OrderCancellationRequested);

    bool CanBeDiscarded(Bug bug) => !bug.Discarding
        && bug.Participant != Participants.Orders
        && bug.Message.Event is OrderCreated or InventoryReserved or PaymentSucceeded or ReplayRequested
        && (bug.Participant != Participants.Inventory || world.Stock.Of(bug.Message.OrderId) is null)
        && (world.Store(bug.Participant)[bug.Message.OrderId]?.Parked.Exists(
            parked => parked.Id == bug.Message.Id && parked.Since < world.Scheduler.Now - Haste) ?? false);

    string Numbered(string what) => $"{what}/{(++requests).ToString(CultureInfo.InvariantCulture)}";
}
