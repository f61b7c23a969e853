namespace Azure.Messaging.ServiceBus;

public class ServiceBusReceiver : IAsyncDisposable
{
    protected ServiceBusReceiver()
    {
    }

    public virtual Task<IReadOnlyList<ServiceBusReceivedMessage>> ReceiveMessagesAsync(
        int maxMessages, TimeSpan? maxWaitTime = null, CancellationToken cancellationToken = default) =>
        throw StandIn.CannotDoThat();

    public virtual Task<IReadOnlyList<ServiceBusReceivedMessage>> PeekMessagesAsync(
        int maxMessages, long? fromSequenceNumber = null, CancellationToken cancellationToken = default) =>
        throw StandIn.CannotDoThat();

    public virtual Task CompleteMessageAsync(ServiceBusReceivedMessage message, CancellationToken cancellationToken = default) =>
        throw StandIn.CannotDoThat();

    public virtual Task AbandonMessageAsync(
        ServiceBusReceivedMessage message, IDictionary<string, object> propertiesToModify = null, CancellationToken cancellationToken = default) =>
        throw StandIn.CannotDoThat();

    public virtual Task RenewMessageLockAsync(ServiceBusReceivedMessage message, CancellationToken cancellationToken = default) =>
        throw StandIn.CannotDoThat();

    public virtual Task DeadLetterMessageAsync(
        ServiceBusReceivedMessage message,
        string deadLetterReason,
        string deadLetterErrorDescription = null,
        CancellationToken cancellationToken = default) =>
        throw StandIn.CannotDoThat();

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

public class ServiceBusReceiverOptions
{
    public ServiceBusReceiveMode ReceiveMode { get; set; }
    public SubQueue SubQueue { get; set; }
    public int PrefetchCount { get; set; }
    public string Identifier { get; set; }
}

public enum ServiceBusReceiveMode
{
    PeekLock,
    ReceiveAndDelete,
}

public enum SubQueue
{
    None,
    DeadLetter,
    TransferDeadLetter,
}
