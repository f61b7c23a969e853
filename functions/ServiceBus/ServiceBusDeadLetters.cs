using System.Runtime.CompilerServices;
using Azure.Messaging.ServiceBus;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.ServiceBus;

/// <summary>The dead-letter queue of one subscription, read by an ordinary receiver: it knows no sessions.</summary>
public sealed class ServiceBusDeadLetters(ServiceBusReceiver receiver) : IDeadLetterQueue
{
    /// <summary>How long to wait for messages: one that comes later is found by the next run.</summary>
    static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(2);

    readonly ConditionalWeakTable<ReceivedMessage, ServiceBusReceivedMessage> held = [];

    /// <summary>Nothing is prefetched: the lock of a message that waits in memory is already running.</summary>
    public static ServiceBusReceiverOptions ReceiverOptions => new()
    {
        SubQueue = SubQueue.DeadLetter, ReceiveMode = ServiceBusReceiveMode.PeekLock, PrefetchCount = 0,
    };

    public async Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(int max, CancellationToken cancellation)
    {
        var messages = await AskAsync(() => receiver.ReceiveMessagesAsync(max, WaitMax, cancellation), cancellation);
        return [.. messages.Select(message =>
        {
            var received = message.ToReceived();
            held.Add(received, message);
            return received;
        })];
    }

    public Task RenewLockAsync(ReceivedMessage message, CancellationToken cancellation) =>
        AskAsync(() => receiver.RenewMessageLockAsync(Held(message), cancellation), cancellation);

    public Task CompleteAsync(ReceivedMessage message, CancellationToken cancellation) =>
        AskAsync(() => receiver.CompleteMessageAsync(Held(message), cancellation), cancellation);

    public Task AbandonAsync(ReceivedMessage message, CancellationToken cancellation) =>
        AskAsync(() => receiver.AbandonMessageAsync(Held(message), cancellationToken: cancellation), cancellation);

    ServiceBusReceivedMessage Held(ReceivedMessage message) =>
        held.TryGetValue(message, out var original)
            ? original
            : throw new ArgumentException($"{message.Id} was not received here.", nameof(message));

    static async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellation)
    {
        try
        {
            return await ask();
        }
        catch (ServiceBusException e) when (e.Reason is ServiceBusFailureReason.MessageLockLost or ServiceBusFailureReason.MessageNotFound)
        {
            throw new LockLostException(e.Message, e);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && e is not ArgumentException)
        {
            throw new TransientException($"The dead-letter queue did not answer: {e.Message}", e);
        }
    }

    static Task<bool> AskAsync(Func<Task> ask, CancellationToken cancellation) => AskAsync(async () =>
    {
        await ask();
        return true;
    }, cancellation);
}
