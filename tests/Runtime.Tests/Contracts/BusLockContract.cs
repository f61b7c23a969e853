using OrderFunctions.Runtime;

namespace OrderFunctions.Contracts;

/// <summary>The contract for locks: who holds a message, and for how long.</summary>
public abstract class BusLockContract<TBus> : EventBusContract<TBus>
    where TBus : IBusFactory
{
    [Fact]
    public async Task A_message_whose_lock_has_ended_is_delivered_again_and_counted()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        await ReceiveAsync("payments");
        await Bus.AdvanceAsync(Bus.LockDuration / 2);
        Assert.Null(await Bus.ReceiveAsync("payments", Moment));

        await Bus.AdvanceAsync(Bus.LockDuration);

        var again = await ReceiveAsync("payments");
        Assert.Equal(("o-1/sender/1", 2), (again.Message.Id, again.Message.DeliveryCount));
    }

    [Fact]
    public async Task A_consumer_that_lost_its_lock_can_settle_nothing()
    {
        await PublishAsync(Samples.Message("o-1", 1));
        var lost = await ReceiveAsync("payments");
        await Bus.AdvanceAsync(Bus.LockDuration * 2);
        var held = await ReceiveAsync("payments");

        await Assert.ThrowsAsync<LockLostException>(() => lost.CompleteAsync(Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => lost.AbandonAsync(Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => lost.DeadLetterAsync("r", "d", Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => lost.RenewLockAsync(Cancellation));

        // A bus may ignore this call silently, as long as the current holder keeps the session.
        var refusal = await Record.ExceptionAsync(() => lost.ReleaseSessionAsync(Cancellation));
        Assert.True(refusal is null or LockLostException or InvalidOperationException);

        Assert.Null(await Bus.ReceiveAsync("payments", Moment));
        await SettleAsync(held);
        Assert.Null(await Bus.ReceiveAsync("payments", Moment));
    }

    [Fact]
    public async Task A_lock_that_ended_is_lost_even_if_nobody_else_has_taken_it()
    {
        await PublishAsync(Samples.Message("o-1", 1));
        var lost = await ReceiveAsync("payments");
        await Bus.AdvanceAsync(Bus.LockDuration * 2);
        await Assert.ThrowsAsync<LockLostException>(() => lost.CompleteAsync(Cancellation));
    }

    [Fact]
    public async Task A_lock_that_is_renewed_does_not_end()
    {
        await PublishAsync(Samples.Message("o-1", 1));
        var held = await ReceiveAsync("payments");
        for (var time = 0; time < 5; time++)
        {
            await Bus.AdvanceAsync(Bus.LockDuration * 0.7);
            await held.RenewLockAsync(Cancellation);
        }
        Assert.Null(await Bus.ReceiveAsync("payments", Moment));
        await SettleAsync(held);
        Assert.Null(await Bus.ReceiveAsync("payments", Moment));
    }

    [Fact]
    public async Task A_session_whose_message_was_completed_is_free_when_its_lock_ends()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        await (await ReceiveAsync("payments")).CompleteAsync(Cancellation);
        await Bus.AdvanceAsync(Bus.LockDuration * 2);
        var next = await ReceiveAsync("payments");
        Assert.Equal(("o-1/sender/2", 1), (next.Message.Id, next.Message.DeliveryCount));
    }
}
