using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;
using OrderFunctions.Runtime;

namespace OrderFunctions.ServiceBus;

/// <summary>Settles the one message of a function call through the host, then releases its session.</summary>
public sealed class ServiceBusSettlement(
    ServiceBusReceivedMessage message, ServiceBusMessageActions actions, ServiceBusSessionMessageActions session) : ISettlement
{
    /// <summary>Whether the host has confirmed the settlement.</summary>
    public bool IsSettled { get; private set; }

    public Task CompleteAsync(CancellationToken cancellation) =>
        SettleAsync(() => actions.CompleteMessageAsync(message, cancellation), cancellation);

    public Task AbandonAsync(CancellationToken cancellation) =>
        SettleAsync(() => actions.AbandonMessageAsync(message, cancellationToken: cancellation), cancellation);

    public Task DeadLetterAsync(string reason, string description, CancellationToken cancellation) => SettleAsync(
        () => actions.DeadLetterMessageAsync(
            message, deadLetterReason: reason, deadLetterErrorDescription: description, cancellationToken: cancellation), cancellation);

    /// <summary>
    /// An empty session would otherwise hold one of the few session slots until it has been idle for a while: throughput depends on this
    /// call.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The message is not settled: such a delivery would not be counted, and could repeat for ever.
    /// </exception>
    public Task ReleaseSessionAsync(CancellationToken cancellation) => IsSettled
        ? ThroughTheHostAsync(() => session.ReleaseSession(cancellation), cancellation)
        : throw new InvalidOperationException($"The session of {message.MessageId} cannot be released before the message is settled.");

    async Task SettleAsync(Func<Task> settle, CancellationToken cancellation)
    {
        if (IsSettled)
            throw new InvalidOperationException($"{message.MessageId} is settled already.");
        await ThroughTheHostAsync(settle, cancellation);
        IsSettled = true;
    }

    static async Task ThroughTheHostAsync(Func<Task> call, CancellationToken cancellation)
    {
        try
        {
            await call();
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // The host is called over gRPC, so failures have any type; whether it settled the message is unknown after each of them.
            throw e is ServiceBusException { Reason: ServiceBusFailureReason.MessageLockLost or ServiceBusFailureReason.SessionLockLost }
                ? new LockLostException(e.Message, e)
                : new TransientException(e.Message, e);
        }
    }
}
