using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>What happens to the installation as a whole, and what its developers and warehouse staff do about it.</summary>
sealed class Operations(World world)
{
    static readonly TimeSpan[] Jumps = [TimeSpan.FromMinutes(11), TimeSpan.FromHours(2), TimeSpan.FromHours(25), TimeSpan.FromDays(3)];

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
        if (world.Faults.Allows(Fault.ClockSetBack))
            Sometimes(1 + Chance.Below(4), SetClockBack);
        if (world.Faults.Allows(Fault.HostStopped))
            Sometimes(1 + Chance.Below(4), StopHost);
        if (world.Versions.Exist)
            Sometimes(1 + Chance.Below(8), world.Versions.Roll);
        Sometimes(Chance.Below(16), world.Operators.Operate);
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

    public void Repair(SimulatedStore store)
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
        Later(() => world.Operators.AskForReplay(Chance.Of(Topology.Current.Subscriptions).Name, order.Id));

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

    void SetClockBack()
    {
        if (world.AnyHost(Chance.Of(Topology.Current.Subscriptions).Name) is not { } host)
            return;
        world.Faults.Happened(Fault.ClockSetBack);
        host.Time.SetBack(Chance);
        world.History.Add(host.Name, "clock is set back");
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
}
