using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;

namespace OrderFunctions.Apps.Tests.ServiceBus.Wire;

/// <summary>Settles on a session receiver, as the Functions host does for a worker.</summary>
sealed class ReceiverActions(ServiceBusSessionReceiver receiver) : ServiceBusMessageActions
{
    public override Task CompleteMessageAsync(ServiceBusReceivedMessage message, CancellationToken cancellationToken = default) =>
        HeldAsync(() => receiver.CompleteMessageAsync(message, cancellationToken));

    public override Task AbandonMessageAsync(
        ServiceBusReceivedMessage message,
        IDictionary<string, object>? propertiesToModify = null,
        CancellationToken cancellationToken = default) =>
        HeldAsync(() => receiver.AbandonMessageAsync(message, propertiesToModify, cancellationToken));

    public override Task DeadLetterMessageAsync(
        ServiceBusReceivedMessage message,
        Dictionary<string, object>? propertiesToModify = null,
        string? deadLetterReason = null,
        string? deadLetterErrorDescription = null,
        CancellationToken cancellationToken = default) =>
        HeldAsync(() => receiver.DeadLetterMessageAsync(message, deadLetterReason, deadLetterErrorDescription, cancellationToken));

    /// <summary>Reports a lost session lock: a receiver that has lost its session closes itself and throws that it is disposed.</summary>
    public static async Task HeldAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (ObjectDisposedException e)
        {
            throw new ServiceBusException(e.Message, ServiceBusFailureReason.SessionLockLost, innerException: e);
        }
    }
}

/// <summary>The session is released after the call has ended, as in the host.</summary>
sealed class ReceiverSessionActions : ServiceBusSessionMessageActions
{
    public bool IsReleased { get; private set; }

    public override Task ReleaseSession(CancellationToken cancellationToken = default)
    {
        IsReleased = true;
        return Task.CompletedTask;
    }
}
