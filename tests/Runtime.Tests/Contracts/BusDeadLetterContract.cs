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
        var dead = Assert.Single(await Bus.DeadLetters("payments").PeekAsync(-1, 10, Cancellation)).Message;
        Assert.Equal(("o-1/sender/1", "InventoryReserved", "o-1"), (dead.Id, dead.Type, dead.OrderId));
        Assert.IsType<InventoryReserved>(dead.Event);
        Assert.Empty(await Bus.DeadLetters("orders").PeekAsync(-1, 10, Cancellation));
    }

    [Fact]
    public async Task A_dead_letter_is_locked_while_held_and_received_again_once_given_back_or_unlocked()
    {
        var dead = Bus.DeadLetters("payments");
        await PublishAsync(Samples.Message("o-1", 1));
        await DeadLetterAsync("payments");

        DeadMessage held;
        await using (var receiver = dead.Open())
        {
            Assert.Single(await receiver.ReceiveAsync(10, Cancellation));
            Assert.Empty(await ReceivedByAnotherAsync(dead));
        }
        await using var first = dead.Open();
        held = Assert.Single(await first.ReceiveAsync(10, Cancellation));
        await Bus.AdvanceAsync(Bus.LockDuration * 0.7);
        await first.RenewLockAsync(held, Cancellation);
        await Bus.AdvanceAsync(Bus.LockDuration * 0.7);
        Assert.Empty(await ReceivedByAnotherAsync(dead));
        await Bus.AdvanceAsync(Bus.LockDuration);

        await using var second = dead.Open();
        var again = Assert.Single(await second.ReceiveAsync(10, Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => first.CompleteAsync(held, Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => first.RenewLockAsync(held, Cancellation));
        await second.CompleteAsync(again, Cancellation);
        await Bus.AdvanceAsync(Bus.LockDuration * 2);
        Assert.Empty(await dead.PeekAsync(-1, 10, Cancellation));
    }

    [Fact]
    public async Task Dead_letters_come_oldest_first_and_no_more_than_asked_for()
    {
        for (var number = 1; number <= 5; number++)
        {
            await PublishAsync(Samples.Message($"o-{number}", number));
            await DeadLetterAsync("payments");
        }
        await using var receiver = Bus.DeadLetters("payments").Open();
        Assert.Equal(["o-1", "o-2", "o-3"], (await receiver.ReceiveAsync(3, Cancellation)).Select(letter => letter.Message.OrderId));
        Assert.Equal(["o-4", "o-5"], (await receiver.ReceiveAsync(3, Cancellation)).Select(letter => letter.Message.OrderId));
    }

    [Fact]
    public async Task Peeking_goes_on_behind_a_number_and_neither_locks_nor_counts()
    {
        for (var number = 1; number <= 3; number++)
        {
            await PublishAsync(Samples.Message($"o-{number}", number));
            await DeadLetterAsync("payments");
        }
        var dead = Bus.DeadLetters("payments");
        await using var receiver = dead.Open();
        var held = (await receiver.ReceiveAsync(1, Cancellation))[0];

        for (var time = 0; time < 3; time++)
        {
            var peeked = await dead.PeekAsync(-1, 2, Cancellation);
            Assert.Equal(["o-1", "o-2"], peeked.Select(letter => letter.Message.OrderId));
            Assert.Equal(held.Sequence, peeked[0].Sequence);
            Assert.Equal("o-3", Assert.Single(await dead.PeekAsync(peeked[1].Sequence, 2, Cancellation)).Message.OrderId);
        }
        var next = await receiver.ReceiveAsync(10, Cancellation);
        Assert.Equal(["o-2", "o-3"], next.Select(letter => letter.Message.OrderId));
        Assert.Equal(held.Message.DeliveryCount, next[0].Message.DeliveryCount);
    }

    [Fact]
    public async Task What_is_due_is_replayed_behind_5000_that_wait_and_those_are_given_back()
    {
        const int Waiting = 5_000;
        var messages = Enumerable.Range(1, Waiting).Select(number => Samples.Message($"o-{number:0000}", 1)).Append(Samples.Message("due", 1));

        // A bus may slow down whoever publishes more than is taken from it.
        foreach (var some in messages.Chunk(400))
        {
            await PublishAsync(some);
            await Bus.DeadLetterAllAsync("payments");
            await Bus.DeadLetterAllAsync("orders");
        }
        var dead = Bus.DeadLetters("payments");
        var before = (await dead.PeekAsync(-1, 1, Cancellation))[0];

        var streams = new ParkedStreams("due");
        var replayer = new Replayer(streams.Participant, dead, TimeProvider.System) { LooksMax = 4_000 };
        for (var run = 0; run < 6 && streams.Saved.Count == 0; run++)
            await replayer.RunAsync(Cancellation);
        Assert.Equal(["due"], streams.Saved);
        Assert.InRange(streams.Loads, Waiting, 2 * Waiting + 100);

        // Only the walk that replayed it has taken the others, and once.
        var after = (await dead.PeekAsync(-1, 1, Cancellation))[0];
        Assert.Equal(before.Sequence, after.Sequence);
        Assert.InRange(after.Message.DeliveryCount, before.Message.DeliveryCount, before.Message.DeliveryCount + 1);
        await using var receiver = dead.Open();
        Assert.Equal(before.Sequence, (await receiver.ReceiveAsync(1, Cancellation))[0].Sequence);
    }

    /// <summary>What a receiver gets that somebody opens now.</summary>
    static async Task<IReadOnlyList<DeadMessage>> ReceivedByAnotherAsync(IDeadLetterQueue dead)
    {
        await using var receiver = dead.Open();
        return await receiver.ReceiveAsync(10, Cancellation);
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
        Assert.Equal("o-1/sender/1", Assert.Single(await Bus.DeadLetters("payments").PeekAsync(-1, 10, Cancellation)).Message.Id);
    }
}
