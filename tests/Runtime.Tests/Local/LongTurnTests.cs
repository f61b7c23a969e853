using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Local.Bus;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Tests;

public sealed class LongTurnTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_turn_that_takes_longer_than_a_lock_keeps_its_message()
    {
        var world = new Turns.World();
        var go = new TaskCompletionSource();
        var loads = 0;
        world.AfterLoad = () =>
        {
            loads++;
            return go.Task;
        };
        await using var file = new DataFile(inMemory: true);
        using var bus = new SqliteBus(file.Open(), new(), world.Time);
        var options = world.Options with { TurnMax = TimeSpan.FromHours(1) };
        await using var pump = new Pump(
            bus[Participants.Payments], new(world.Participant, options, world.Time, NullLogger<MessageHandler>.Instance), world.Time, NullLogger<Pump>.Instance);
        await bus.PublishAsync([new("o-1/inventory/2", "o-1", Turns.World.Reserved, null, null, null)], Cancellation);
        await UntilAsync(() => loads == 1);

        for (var part = 0; part < 9; part++)
            world.Time.Advance(BusOptions.LockDuration / 3);
        await Task.Delay(200, Cancellation);
        go.SetResult();
        await UntilAsync(() => world.Published.Count > 0);
        await Task.Delay(200, Cancellation);
        Assert.Single(world.Log, call => call == "load");
        Assert.Equal(1, Assert.Single(world.Stream.Entries).Deliveries);
    }

    [Fact]
    public void An_order_that_leaves_memory_is_marked_for_those_who_still_hold_it()
    {
        var orders = new RecentOrders(ordersMax: 2);
        var first = orders["o-1"];
        for (var other = 2; other < 9; other++)
            _ = orders[$"o-{other}"];
        Assert.NotSame(first, orders["o-1"]);
        Assert.True(first.IsDropped);
    }

    [Fact]
    public void An_order_that_is_held_stays_in_memory_and_leaves_it_later()
    {
        var orders = new RecentOrders(ordersMax: 2);
        RecentOrder held;
        using (var hold = orders.Hold("o-1"))
        {
            held = hold.Order;
            for (var other = 2; other < 9; other++)
                _ = orders[$"o-{other}"];
            Assert.Same(held, orders["o-1"]);
        }
        for (var other = 10; other < 19; other++)
            _ = orders[$"o-{other}"];
        Assert.NotSame(held, orders["o-1"]);
    }

    [Fact]
    public void Many_that_were_held_at_once_leave_memory_soon_after()
    {
        var orders = new RecentOrders(ordersMax: 8);
        var holds = Enumerable.Range(0, 100).Select(number => orders.Hold($"held-{number}")).ToList();
        Assert.DoesNotContain(holds, hold => hold.Order.IsDropped);
        foreach (var hold in holds)
            hold.Dispose();
        for (var other = 0; other < 10; other++)
            _ = orders[$"o-{other}"];
        Assert.InRange(holds.Count(hold => !hold.Order.IsDropped), 0, 8);
    }

    [Fact]
    public void Of_older_orders_one_part_is_kept_unless_somebody_holds_them()
    {
        var orders = new RecentOrders(ordersMax: 8) { KeptPart = 2 };
        var (older, held) = (orders["o-1"], orders.Hold("o-2").Order);
        foreach (var order in (RecentOrder[])[older, held])
        {
            order.KnowAll();
            (order[1], order[2]) = ("stream", "booking");
        }
        for (var other = 3; other < 7; other++)
            _ = orders[$"o-{other}"];

        Assert.Same(older, orders["o-1"]);
        Assert.Equal((false, true, false), (older.Knows(1), older.Knows(2), older.Knows(3)));
        Assert.Equal((null, "booking"), (older[1], older[2]));
        Assert.Equal((true, "stream"), (held.Knows(1), held[1]));
    }

    static async Task UntilAsync(Func<bool> happened)
    {
        for (var wait = 0; !happened() && wait < 400; wait++)
            await Task.Delay(25, Cancellation);
        Assert.True(happened());
    }
}
