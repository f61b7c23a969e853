using OrderFunctions.Saga;

namespace OrderFunctions.Contracts;

/// <summary>The contract for scheduled messages and duplicate ids.</summary>
public abstract class BusTimeContract<TBus> : EventBusContract<TBus>
    where TBus : IBusFactory
{
    [Fact]
    public async Task A_scheduled_message_is_delivered_at_its_time_and_others_do_not_wait_for_it()
    {
        var due = new ShipmentDue(Samples.Noon);
        var now = await NowAsync();
        await PublishAsync(Samples.Message("o-1", 1, due, now + Later));
        await PublishAsync(Samples.Message("o-1", 2, due));

        var first = await ReceiveAsync("shipping");
        Assert.Equal("o-1/sender/2", first.Message.Id);
        await SettleAsync(first);
        await Bus.AdvanceAsync(Later * 0.8);
        Assert.Null(await Bus.ReceiveAsync("shipping", Moment));

        await Bus.AdvanceAsync(Later * 0.4);

        Assert.Equal("o-1/sender/1", (await ReceiveAsync("shipping")).Message.Id);
    }

    [Fact]
    public async Task A_waiting_receiver_gets_a_scheduled_message_when_it_is_due()
    {
        await PublishAsync(Samples.Message("o-1", 1, new ShipmentDue(Samples.Noon), await NowAsync() + Later));
        var waiting = Bus.ReceiveAsync("shipping", Soon);
        await Bus.AdvanceAsync(Later * 1.2);
        Assert.Equal("o-1/sender/1", (await waiting)!.Message.Id);
    }

    [Fact]
    public async Task A_message_scheduled_for_the_past_is_delivered_at_once()
    {
        await PublishAsync(Samples.Message("o-1", 1, new ShipmentDue(Samples.Noon), await NowAsync() - Later));
        Assert.Equal("o-1/sender/1", (await ReceiveAsync("shipping")).Message.Id);
    }

    [Fact]
    public async Task The_same_id_is_accepted_once_within_the_window_even_after_it_was_handled()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 1));
        await SettleAsync(await ReceiveAsync("payments"));
        await Bus.AdvanceAsync(Bus.DuplicateWindow * 0.9);
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        var next = await ReceiveAsync("payments");
        Assert.Equal("o-1/sender/2", next.Message.Id);
        await SettleAsync(next);
        Assert.Null(await Bus.ReceiveAsync("payments", Moment));
    }

    [Fact]
    public async Task The_same_id_is_accepted_again_after_the_window()
    {
        await PublishAsync(Samples.Message("o-1", 1));
        await SettleAsync(await ReceiveAsync("payments"));
        await Bus.AdvanceAsync(Bus.DuplicateWindow * 1.1);
        await PublishAsync(Samples.Message("o-1", 1));
        Assert.Equal("o-1/sender/1", (await ReceiveAsync("payments")).Message.Id);
    }

    [Fact]
    public async Task The_same_id_published_by_many_at_once_is_accepted_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => PublishAsync(Samples.Message("o-1", 1)), Cancellation)));
        await SettleAsync(await ReceiveAsync("payments"));
        Assert.Null(await Bus.ReceiveAsync("payments", Moment));
    }
}
