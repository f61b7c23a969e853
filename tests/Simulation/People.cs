using System.Globalization;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>One order, and the customer who places it and may change their mind.</summary>
sealed class PlacedOrder
{
    public static readonly string[] Currencies = ["EUR", "JPY", "KWD"];

    readonly World world;
    int cancellations;

    public PlacedOrder(World world, string id, PlaceOrder request)
    {
        (this.world, Id) = (world, id);
        Total = new(TotalOf(request.Lines, request.Currency switch { "EUR" => 100, "JPY" => 1, _ => 1_000 }), request.Currency);
        NeedsStock = request.Lines.Any(line => line.NeedsStock);
        world.Requested(id);
        world.Scheduler.After(world.Chance.Below(world.Chance.OfAnyScale(world.Horizon)), () =>
        {
            world.Answered(id);
            _ = new HttpRequest(world, World.Customer, Participants.Orders, id, "place/" + id, request, Placed);
        });
    }

    public string Id { get; }

    /// <summary>What the customer reckons it to cost.</summary>
    public Money Total { get; }

    public bool NeedsStock { get; }

    /// <summary>The customer got the answer that says so.</summary>
    public bool IsPlaced { get; private set; }

    /// <summary>In whole numbers, so that it does not round as the rules do.</summary>
    static decimal TotalOf(IEnumerable<OrderLine> lines, long unitsEach)
    {
        var units = lines.GroupBy(line => (line.Sku, line.UnitPrice))
            .Select(same => same.Sum(line => line.Quantity) * (long)(same.Key.UnitPrice * 10_000))
            .Sum(tenThousandths => ((tenThousandths * unitsEach) + 5_000) / 10_000);
        return (decimal)units / unitsEach;
    }

    void Placed()
    {
        IsPlaced = true;
        if (world.Chance.OneIn(world.HasHastyCustomers ? 4 : 2))
            return;
        var thought = world.Chance.OfAnyScale(world.HasHastyCustomers ? TimeSpan.FromMinutes(1) : TimeSpan.FromDays(1));
        CancelAfter(thought);
        if (world.Chance.OneIn(3))
            CancelAfter(thought + world.Chance.OfAnyScale(TimeSpan.FromMinutes(1)));
    }

    void CancelAfter(TimeSpan delay)
    {
        world.Requested(Id);
        world.Scheduler.After(delay, () =>
        {
            world.Answered(Id);
            Cancel(World.Customer);
        });
    }

    public void Cancel(string who) => _ = new HttpRequest(
        world, who, Participants.Orders, Id, $"cancel/{(++cancellations).ToString(CultureInfo.InvariantCulture)}", new CancelOrder("changed my mind"));
}

/// <summary>What happens to the installation as a whole, and what its operators, developers and warehouse staff do about it.</summary>
sealed class Operations(World world)
{
    static readonly TimeSpan[] Jumps = [TimeSpan.FromMinutes(11), TimeSpan.FromHours(2), TimeSpan.FromHours(25), TimeSpan.FromDays(3)];
    static readonly TimeSpan Haste = TimeSpan.FromMinutes(10);
    static readonly TimeSpan OperatorsPause = TimeSpan.FromMinutes(2);

    readonly HashSet<(string Participant, string OrderId)> asked = [];

    /// <summary>Undoing steps that were discarded: only settling them by hand makes their orders final.</summary>
    readonly List<(string Participant, string OrderId, string MessageId)> discarded = [];
    int requests;
    int rounds;
    (SimulatedStore Store, string OrderId)? broken;

    Chance Chance => world.Chance;

    public void Plan()
    {
        foreach (var service in Services())
        {
            if (service.Down is { } down && world.Faults.Allows(down))
                Sometimes(1 + Chance.Below(2), () => TakeDown(service, down));
        }
        if (world.Faults.Allows(Fault.StoreContended))
            Sometimes(1 + Chance.Below(6), () => Chance.Of(world.Stores.ToList()).ContendedUntil = world.Scheduler.Now + Chance.OfAnyScale(TimeSpan.FromSeconds(10)));
        if (world.Faults.Allows(Fault.ClockJump))
            Sometimes(1 + Chance.Below(2), Jump);
        if (world.Faults.Allows(Fault.HostStopped))
            Sometimes(1 + Chance.Below(4), StopHost);
        Sometimes(Chance.Below(16), Operate);
        Sometimes(Chance.Below(3), ReceiveGoods);
    }

    public void EndOutages()
    {
        foreach (var service in Services())
            service.DownUntil = default;
        foreach (var store in world.Stores)
        {
            store.ContendedUntil = default;
            Repair(store);
        }
    }

    /// <summary>The order whose stream stays unreadable for long after all else works again; null in most worlds.</summary>
    public string? Unreadable => broken?.OrderId;

    /// <summary>Breaks the stream for long, if no other one is broken, and if that fault strikes.</summary>
    public void BreakStream(SimulatedStore store, string orderId)
    {
        if (broken is not null || world.Orders.Count < 2 || !world.Faults.Strike(Fault.StreamUnreadableForLong))
            return;
        world.History.Add("world", "makes unreadable", orderId, store.Participant);
        broken = (store, orderId);
        store.MakeUnreadable(orderId);
    }

    /// <summary>One that is parked or pending, if there is any: it meets the timers.</summary>
    public void BreakOneStream()
    {
        var all = world.Stores.SelectMany(store => store.Streams.Select(stream => (store, stream))).ToList();
        var waiting = all.FindAll(one => !one.stream.Parked.IsEmpty || one.stream.PendingSince is not null);
        if (all.Count == 0)
            return;
        var (store, stream) = Chance.Of(waiting.Count > 0 ? waiting : all);
        BreakStream(store, stream.OrderId);
    }

    /// <summary>What is broken for long is repaired too.</summary>
    public void MakeReadable()
    {
        broken = null;
        world.Stores.ToList().ForEach(Repair);
    }

    void Repair(SimulatedStore store)
    {
        store.MakeReadable();
        if (broken is { } one && one.Store == store)
            store.MakeUnreadable(one.OrderId);
    }

    /// <summary>From now on retries do not fail, and operators have retried everything that waits for them.</summary>
    public void MendAll()
    {
        foreach (var bug in world.Bugs.Active.ToList())
            world.Bugs.Mend(bug);
        foreach (var store in world.Stores)
            store.MakeRoom();
        AskForReplays();
    }

    void AskForReplays()
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
        world.Scheduler.After(OperatorsPause * (1 << Math.Min(rounds++, 5)), AskForReplays);
    }

    IEnumerable<Service> Services() =>
    [
        world.Bus.Service, world.Stock.Service, world.Cards.Service, world.Carrier.Service, world.Notifier.Service,
        .. world.Stores.Select(store => store.Service), .. world.Bus.Subscriptions.Select(s => s.DeadLetters.Service),
    ];

    void Sometimes(int times, Action action)
    {
        for (; times > 0; times--)
        {
            world.Scheduler.After(Chance.Below(Chance.OfAnyScale(world.Horizon)), () =>
            {
                if (world.Faults.On)
                    action();
            });
        }
    }

    void TakeDown(Service service, Fault down)
    {
        world.Faults.Happened(down);
        var length = Chance.OfAnyScale(TimeSpan.FromHours(6));
        world.History.Add("world", "takes down", service.Name, length.ToString());
        service.DownUntil = world.Scheduler.Now + length;
        if (down is Fault.BusDown)
            world.Orders.ToList().ForEach(order => Worry(order, length));
    }

    /// <summary>
    /// The customer hears nothing about an order for a while and asks for several things. All of them must be published later, in order.
    /// </summary>
    void Worry(PlacedOrder order, TimeSpan outage)
    {
        Later(() => order.Cancel(World.Customer));
        Later(() => AskForReplay(Chance.Of(Topology.Current.Subscriptions).Name, order.Id));

        void Later(Action ask) => world.Scheduler.After(Chance.Below(outage), () =>
        {
            if (world.Faults.On && world.Store(Participants.Orders)[order.Id] is not null)
                ask();
        });
    }

    void Jump()
    {
        world.Faults.Happened(Fault.ClockJump);
        world.Scheduler.Jump(Chance.Of(Jumps));
        world.History.Add("world", "clock jumps");
    }

    void StopHost()
    {
        if (world.AnyHost(Chance.Of(Topology.Current.Subscriptions).Name) is not { } host)
            return;
        world.Faults.Happened(Fault.HostStopped);
        host.Stop();
    }

    void ReceiveGoods()
    {
        if (world.AnyHost(Participants.Inventory) is { } host && world.Stock.Level("north", "apple") is { } level)
            host.Start(stopping => ReceiveAsync(new(host, world.Stock), level.Received + 5, stopping));
    }

    static async Task ReceiveAsync(StockPort stock, long received, CancellationToken stopping)
    {
        try
        {
            await stock.SetReceivedAsync("north", "apple", received, stopping);
        }
        catch (Exception e) when (Host.IsExpected(e))
        {
            // They count the stock again another day.
        }
    }

    void Operate()
    {
        switch (Chance.Below(4))
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
            default:
                Chance.Of(world.Stores.ToList()).MakeRoom();
                Repair(Chance.Of(world.Stores.ToList()));
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

    void AskForReplay(string participant, string orderId)
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
        }
        AskToSettle(participant, orderId, messageId);
        return true;
    }

    bool IsDoneByHand(string participant, string orderId) =>
        participant is not Participants.Shipping || world.Carrier.CancelByPhone(orderId);

    void AskToSettle(string participant, string orderId, string messageId) => _ = new HttpRequest(
        world, "operator", Participants.Orders, orderId, Numbered("settle"),
        new SettleRequested(participant, messageId, "c1", "changed my mind", "operator", "by hand"));

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
