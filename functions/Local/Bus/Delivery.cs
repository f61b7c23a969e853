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

    public Task CompleteAsync(CancellationToken cancellation) => Done(() => subscription.Complete(this));

    public Task AbandonAsync(CancellationToken cancellation) => Done(() => subscription.Abandon(this));

    public Task DeadLetterAsync(string reason, string description, CancellationToken cancellation) =>
        Done(() => subscription.DeadLetter(this, reason, description));

    public Task ReleaseSessionAsync(CancellationToken cancellation) => Done(() => subscription.Release(this));

    /// <exception cref="LockLostException">The message is delivered again.</exception>
    public Task RenewLockAsync(CancellationToken cancellation) => Done(() => subscription.Renew(this));

    /// <summary>Callers expect a failure in the task, not from the call.</summary>
    static Task Done(Action act)
    {
        try
        {
            act();
            return Task.CompletedTask;
        }
        catch (Exception e)
        {
            return Task.FromException(e);
        }
    }
}
