using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Bus;

/// <summary>
/// A message with the lock on its order. Nobody waits for a settlement to become durable: it is behind everything that the message led to,
/// and if it is lost with the process, the message is delivered again and found in the stream.
/// </summary>
public sealed class Delivery : ISettlement
{
    readonly Subscription subscription;

    internal Delivery(Subscription subscription, OrderQueue order, QueuedMessage message)
    {
        this.subscription = subscription;
        Order = order;
        Message = message.Received();
    }

    public ReceivedMessage Message { get; }

    internal OrderQueue Order { get; }
    internal bool IsSettled { get; set; }

    public Task CompleteAsync(CancellationToken cancellation) => Done(static on => on.subscription.Complete(on));

    public Task AbandonAsync(CancellationToken cancellation) => Done(static on => on.subscription.Abandon(on));

    public Task DeadLetterAsync(string reason, string description, CancellationToken cancellation) =>
        Done(on => on.subscription.DeadLetter(on, reason, description));

    public Task ReleaseSessionAsync(CancellationToken cancellation) => Done(static on => on.subscription.Release(on));

    /// <exception cref="LockLostException">The message is delivered again.</exception>
    public Task RenewLockAsync(CancellationToken cancellation) => Done(static on => on.subscription.Renew(on));

    /// <summary>Callers expect a failure in the task, not from the call.</summary>
    Task Done(Action<Delivery> act)
    {
        try
        {
            act(this);
            return Task.CompletedTask;
        }
        catch (Exception e)
        {
            return Task.FromException(e);
        }
    }
}
