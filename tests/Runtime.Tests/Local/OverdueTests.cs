using OrderFunctions.Contracts;
using OrderFunctions.Local.Bus;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Tests;

/// <summary>
/// Found by killing the host: what came due while it was down woke while the rest was still being read, and took the place of another
/// message.
/// </summary>
public sealed class OverdueTests
{
    const int Others = 100;

    [Fact]
    public async Task A_message_that_came_due_while_the_host_was_down_is_delivered_after_all_that_were_waiting()
    {
        await using var file = new DataFile(inMemory: false);
        using (var bus = new SqliteBus(file.Open(), new(), TimeProvider.System))
        {
            await bus.PublishAsync(
                [Samples.Message("o-1", 0, new ShipmentDue(Samples.Noon), DateTimeOffset.UtcNow.AddMilliseconds(500))], default);
            await bus.PublishAsync(
                [.. Enumerable.Range(1, Others).Select(n => Samples.Message("o-1", n, new OrderCancellationRequested("1", "r")))], default);
            file.Crash();
        }
        await Task.Delay(600);

        using var restarted = new SqliteBus(file.Open(), new(), new EagerTime());
        for (var number = 1; number <= Others + 1; number++)
        {
            var delivery = (await restarted.ReceiveAsync(Participants.Shipping, TimeSpan.FromSeconds(10)))!;
            Assert.Equal($"o-1/sender/{number % (Others + 1)}", delivery.Message.Id);
            await delivery.CompleteAsync(default);
            await delivery.ReleaseSessionAsync(default);
        }
    }

    /// <summary>A timer that is due at once runs before its setter continues, unless it has to wait for a lock.</summary>
    sealed class EagerTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime != TimeSpan.Zero)
                return base.CreateTimer(callback, state, dueTime, period);
            Task.Run(() => callback(state)).Wait(TimeSpan.FromMilliseconds(300));
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, period);
        }
    }
}
