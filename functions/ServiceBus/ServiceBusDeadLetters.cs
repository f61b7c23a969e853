using Azure.Messaging.ServiceBus;
using OrderFunctions.Runtime;

namespace OrderFunctions.ServiceBus;

/// <summary>The dead-letter queue of one subscription, read by ordinary receivers: it knows no sessions.</summary>
/// <param name="connect">
/// Makes a receiver with <see cref="ReceiverOptions"/>. It takes nothing from the queue before it is asked to receive, so one of them is
/// kept for peeking.
/// </param>
public sealed class ServiceBusDeadLetters(Func<ServiceBusReceiver> connect) : IDeadLetterQueue
{
    readonly Lazy<ServiceBusReceiver> peeker = new(connect);

    /// <summary>Nothing is prefetched: the lock of a message that waits in memory is already running.</summary>
    public static ServiceBusReceiverOptions ReceiverOptions => new()
    {
        SubQueue = SubQueue.DeadLetter, ReceiveMode = ServiceBusReceiveMode.PeekLock, PrefetchCount = 0,
    };

    public async Task<IReadOnlyList<DeadMessage>> PeekAsync(long after, int max, CancellationToken cancellation)
    {
        var messages = await ServiceBusDeadLetterReceiver.AskAsync(
            () => peeker.Value.PeekMessagesAsync(max, after + 1, cancellation), cancellation);
        return [.. messages.Select(message => new DeadMessage(
            message.SequenceNumber, message.ToReceived(), message.Body.ToMemory().Length))];
    }

    public IDeadLetterReceiver Open() => new ServiceBusDeadLetterReceiver(connect());
}
