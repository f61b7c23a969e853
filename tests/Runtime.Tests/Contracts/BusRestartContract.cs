using OrderFunctions.Saga;

namespace OrderFunctions.Contracts;

/// <summary>The contract for restarts: what survives the process.</summary>
public abstract class BusRestartContract<TBus> : EventBusContract<TBus>
    where TBus : IBusFactory
{
    [Fact]
    public async Task What_was_not_completed_survives_a_restart_with_its_delivery_count()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2), Samples.Message("o-1", 3));
        await SettleAsync(await ReceiveAsync("payments"));
        var abandoned = await ReceiveAsync("payments");
        await abandoned.AbandonAsync(Cancellation);
        await abandoned.ReleaseSessionAsync(Cancellation);
        Assert.Equal(2, (await ReceiveAsync("payments")).Message.DeliveryCount);

        await Bus.RestartAsync();

        var again = await ReceiveAsync("payments");
        Assert.Equal(("o-1/sender/2", 3), (again.Message.Id, again.Message.DeliveryCount));
        Assert.Equal((Samples.Trace, "o-1/cause/2"), (again.Message.TraceParent, again.Message.CausationId));
        await SettleAsync(again);
        var last = await ReceiveAsync("payments");

        // After a restart, a bus need not know for certain that a message was never delivered before.
        Assert.Equal("o-1/sender/3", last.Message.Id);
        Assert.InRange(last.Message.DeliveryCount, 1, 2);
    }

    [Fact]
    public async Task Dead_letters_scheduled_messages_and_the_duplicate_window_survive_a_restart()
    {
        await PublishAsync(Samples.Message("dead", 1));
        await DeadLetterAsync("payments");
        await PublishAsync(Samples.Message("later", 1, new ShipmentDue(Samples.Noon), await NowAsync() + Later));
        await PublishAsync(Samples.Message("done", 1));
        await SettleAsync(await ReceiveAsync("payments"));

        await Bus.RestartAsync();

        await PublishAsync(Samples.Message("done", 1));
        Assert.Null(await Bus.ReceiveAsync("payments", Moment));
        Assert.Equal("dead", Assert.Single(await Bus.DeadLetters("payments").PeekAsync(-1, 10, Cancellation)).Message.OrderId);
        Assert.Null(await Bus.ReceiveAsync("shipping", Moment));
        await Bus.AdvanceAsync(Later * 1.2);
        Assert.Equal("later", (await ReceiveAsync("shipping")).Message.OrderId);
    }

    [Fact]
    public async Task A_message_that_was_due_before_another_was_published_is_before_it_after_a_restart_too()
    {
        await PublishAsync(Samples.Message("o-1", 1, new ShipmentDue(Samples.Noon), await NowAsync() + Later));
        await PublishAsync(Samples.Message("o-1", 2, new ShipmentDue(Samples.Noon)));
        await Bus.AdvanceAsync(Later * 1.2);
        await PublishAsync(Samples.Message("o-1", 3, new ShipmentDue(Samples.Noon)));

        await Bus.RestartAsync();

        foreach (var number in (int[])[2, 1, 3])
        {
            var delivery = await ReceiveAsync("shipping");
            Assert.Equal($"o-1/sender/{number}", delivery.Message.Id);
            await SettleAsync(delivery);
        }
    }
}
