using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Contracts;

/// <summary>The contract for dead-lettered messages.</summary>
public abstract class BusDeadLetterContract<TBus> : EventBusContract<TBus>
    where TBus : IBusFactory
{
    [Fact]
    public async Task A_dead_lettered_message_moves_to_the_dead_letter_queue_and_lets_the_next_one_through()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        await DeadLetterAsync("payments");

        Assert.Equal("o-1/sender/2", (await ReceiveAsync("payments")).Message.Id);
        var dead = Assert.Single(await Bus.DeadLetters("payments").ReceiveAsync(10, Cancellation));
        Assert.Equal(("o-1/sender/1", "InventoryReserved", "o-1"), (dead.Id, dead.Type, dead.OrderId));
        Assert.IsType<InventoryReserved>(dead.Event);
        Assert.Empty(await Bus.DeadLetters("orders").ReceiveAsync(10, Cancellation));
    }

    [Fact]
    public async Task A_dead_letter_is_locked_while_held_and_received_again_once_abandoned_or_unlocked()
    {
        var dead = Bus.DeadLetters("payments");
        await PublishAsync(Samples.Message("o-1", 1));
        await DeadLetterAsync("payments");

        var held = Assert.Single(await dead.ReceiveAsync(10, Cancellation));
        Assert.Empty(await dead.ReceiveAsync(10, Cancellation));
        await dead.AbandonAsync(held, Cancellation);
        held = Assert.Single(await dead.ReceiveAsync(10, Cancellation));
        await Bus.AdvanceAsync(Bus.LockDuration * 0.7);
        await dead.RenewLockAsync(held, Cancellation);
        await Bus.AdvanceAsync(Bus.LockDuration * 0.7);
        Assert.Empty(await dead.ReceiveAsync(10, Cancellation));
        await Bus.AdvanceAsync(Bus.LockDuration);

        var again = Assert.Single(await dead.ReceiveAsync(10, Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => dead.CompleteAsync(held, Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => dead.RenewLockAsync(held, Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => dead.AbandonAsync(held, Cancellation));
        await dead.CompleteAsync(again, Cancellation);
        await Bus.AdvanceAsync(Bus.LockDuration * 2);
        Assert.Empty(await dead.ReceiveAsync(10, Cancellation));
    }

    [Fact]
    public async Task Dead_letters_come_oldest_first_and_no_more_than_asked_for()
    {
        for (var number = 1; number <= 5; number++)
        {
            await PublishAsync(Samples.Message($"o-{number}", number));
            await DeadLetterAsync("payments");
        }
        var dead = Bus.DeadLetters("payments");
        Assert.Equal(["o-1", "o-2", "o-3"], (await dead.ReceiveAsync(3, Cancellation)).Select(message => message.OrderId));
        Assert.Equal(["o-4", "o-5"], (await dead.ReceiveAsync(3, Cancellation)).Select(message => message.OrderId));
    }

    [Fact]
    public async Task A_message_delivered_too_often_is_dead_lettered_by_the_bus()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        for (var count = 1; count <= Bus.DeliveriesMax; count++)
        {
            var delivery = await ReceiveAsync("payments");
            Assert.Equal("o-1/sender/1", delivery.Message.Id);
            await delivery.AbandonAsync(Cancellation);
            await delivery.ReleaseSessionAsync(Cancellation);
        }
        Assert.Equal("o-1/sender/2", (await ReceiveAsync("payments")).Message.Id);
        Assert.Equal("o-1/sender/1", Assert.Single(await Bus.DeadLetters("payments").ReceiveAsync(10, Cancellation)).Id);
    }
}
