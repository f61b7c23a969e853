using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Turns;

/// <summary>What a run of the replayer may cost, and that nothing keeps what is due from being tried.</summary>
public class ReplayerLaws
{
    readonly World world = new();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Small, so that a few orders are many.</summary>
    Replayer Replayer => field ??= new(world.Participant, world, world.Time) { WindowMax = 10, LooksMax = 4 };

    async Task ParkAsync(string order, int delivery = 1)
    {
        var garbled = World.Message("inventory/2", null, delivery, type: nameof(InventoryReserved));
        var readable = World.Message("inventory/2", World.Reserved, delivery);
        var message = (delivery > 1 ? readable : garbled) with { Id = $"{order}/inventory/2", OrderId = order };
        await world.DeliverAsync(message);
        world.DeadLetters[^1] = message with { Event = World.Reserved };
    }

    [Fact]
    public async Task A_receiver_is_opened_only_when_something_is_due()
    {
        await ParkAsync("waits");
        await ParkAsync("due", delivery: 4);
        for (var run = 0; run < 5; run++)
            Assert.Equal(0, await Replayer.RunAsync(Cancellation));
        Assert.DoesNotContain("open", world.Log);

        world.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await Replayer.RunAsync(Cancellation));
        Assert.Equal("waits", Assert.Single(world.DeadLetters).OrderId);
        Assert.Single(world.Log, call => call == "open");
    }

    [Fact]
    public async Task A_run_reads_no_more_streams_than_it_may_and_the_next_run_reads_others()
    {
        for (var order = 0; order < 8; order++)
            await ParkAsync($"o-{order}");
        world.Log.Clear();
        for (var run = 1; run <= 4; run++)
        {
            await Replayer.RunAsync(Cancellation);
            Assert.Equal(2 * run, world.Log.Count(call => call == "load"));
        }
    }

    [Fact]
    public async Task What_an_operator_asks_for_is_tried_in_the_next_run_however_many_wait()
    {
        for (var order = 0; order < 2_000; order++)
            await ParkAsync($"o-{order}");
        var participant = world.Participant;
        var replayer = new Replayer(participant, world, world.Time);
        await replayer.RunAsync(Cancellation);
        await participant.HandleAsync(
            World.Message("orders/9", new ReplayRequested("payments")) with { Id = "o-1711/orders/9", OrderId = "o-1711" }, Cancellation);
        Assert.Equal(1, await replayer.RunAsync(Cancellation));
        Assert.DoesNotContain(world.DeadLetters, letter => letter.OrderId == "o-1711");
    }

    [Fact]
    public async Task What_is_due_is_tried_however_many_wait_before_it()
    {
        for (var order = 0; order < 37; order++)
            await ParkAsync($"o-{order}");
        await ParkAsync("due", delivery: 4);
        world.Time.Advance(TimeSpan.FromMinutes(1));

        var runs = 0;
        while (await Replayer.RunAsync(Cancellation) == 0)
            Assert.True(++runs < 25, "What is due is not tried.");
        Assert.DoesNotContain(world.DeadLetters, message => message.OrderId == "due");
    }

    [Fact]
    public async Task What_is_known_to_be_due_is_tried_by_the_next_run()
    {
        await ParkAsync("due", delivery: 4);
        for (var order = 0; order < 8; order++)
            await ParkAsync($"o-{order}");
        for (var run = 0; run < 9; run++)
            await Replayer.RunAsync(Cancellation);

        world.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await Replayer.RunAsync(Cancellation));
    }

    [Fact]
    public async Task One_unreadable_stream_is_reported_and_keeps_nothing_else_from_being_replayed()
    {
        await ParkAsync("o-1", delivery: 4);
        await ParkAsync("o-2", delivery: 4);
        world.Time.Advance(TimeSpan.FromMinutes(1));
        world.Fail("load", new InvalidDataException("unreadable"));

        var failure = await Assert.ThrowsAsync<AggregateException>(() => Replayer.RunAsync(Cancellation));
        Assert.Contains("Order o-1: unreadable", failure.Message, StringComparison.Ordinal);
        Assert.Equal("o-1", Assert.Single(world.DeadLetters).OrderId);
        Assert.Equal(1, await Replayer.RunAsync(Cancellation));
    }
}
