using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Contracts;

/// <summary>A bus with its subscriptions from topology.json, on a clock that the test controls.</summary>
public interface IBusUnderTest : IAsyncDisposable
{
    IEventBus Topic { get; }

    TimeSpan LockDuration { get; }
    TimeSpan DuplicateWindow { get; }

    /// <summary>The number of deliveries after which the bus itself dead-letters a message.</summary>
    int DeliveriesMax { get; }

    /// <summary>Locks the next free session that has a message. Returns null if there is none within <paramref name="wait"/>.</summary>
    Task<IDelivery?> ReceiveAsync(string subscription, TimeSpan wait);

    IDeadLetterQueue DeadLetters(string subscription);

    /// <summary>Dead-letters all messages that wait in the subscription, in their order.</summary>
    Task DeadLetterAllAsync(string subscription);

    Task AdvanceAsync(TimeSpan time);

    /// <summary>Whether messages survive the process.</summary>
    bool IsDurable { get; }

    /// <summary>Restarts as after a crash: nothing is settled, and everything is read again.</summary>
    Task RestartAsync();
}

/// <summary>A message with its lock.</summary>
public interface IDelivery : ISettlement
{
    ReceivedMessage Message { get; }

    /// <exception cref="LockLostException">The lock is lost, and the message is delivered again.</exception>
    Task RenewLockAsync(CancellationToken cancellation);
}

/// <summary>Creates the bus for a contract.</summary>
public interface IBusFactory
{
    static abstract ValueTask<IBusUnderTest> OpenAsync();
}

/// <summary>What the saga requires of a bus with sessions. All parts of the contract derive from this class.</summary>
public abstract class EventBusContract<TBus> : IAsyncLifetime
    where TBus : IBusFactory
{
    protected static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    protected static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(60);

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected IBusUnderTest Bus { get; private set; } = null!;

    /// <summary>A delay for scheduled messages: long enough for locks to expire, but shorter than the duplicate window.</summary>
    protected TimeSpan Later => Bus.LockDuration * 4;

    public async ValueTask InitializeAsync() => Bus = await TBus.OpenAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Bus.DisposeAsync();
    }

    protected Task PublishAsync(params IReadOnlyList<OutboundMessage> messages) => Bus.Topic.PublishAsync(messages, Cancellation);

    protected async Task<IDelivery> ReceiveAsync(string subscription)
    {
        var delivery = await Bus.ReceiveAsync(subscription, Soon);
        Assert.NotNull(delivery);
        return delivery;
    }

    protected static async Task SettleAsync(IDelivery delivery)
    {
        await delivery.CompleteAsync(Cancellation);
        await delivery.ReleaseSessionAsync(Cancellation);
    }

    /// <summary>Also settles the copies in the other subscriptions, so that they do not block the next message.</summary>
    protected async Task SettleAllAsync(IDelivery delivery)
    {
        await SettleAsync(delivery);
        foreach (var other in Topology.Current.Subscriptions.Where(s => s.Hears.Contains(delivery.Message.Type)).Skip(1))
            await SettleAsync(await ReceiveAsync(other.Name));
    }

    protected async Task DeadLetterAsync(string subscription)
    {
        var delivery = await ReceiveAsync(subscription);
        await delivery.DeadLetterAsync("HandlerFailed", "a bug", Cancellation);
        await delivery.ReleaseSessionAsync(Cancellation);
    }

    /// <summary>Returns the bus's own time: the time at which it accepted a message.</summary>
    protected async Task<DateTimeOffset> NowAsync()
    {
        await PublishAsync(Samples.Message($"clock-{Guid.NewGuid()}", 1, new OrderCompleted("17850", "trk-1")));
        var delivery = await ReceiveAsync("notifications");
        await SettleAsync(delivery);
        return delivery.Message.EnqueuedAt;
    }
}
