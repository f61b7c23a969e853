namespace Azure.Messaging.ServiceBus;

public class ServiceBusMessage
{
    public ServiceBusMessage()
        : this(BinaryData.FromString(""))
    {
    }

    public ServiceBusMessage(BinaryData body) => Body = body;

    public BinaryData Body { get; set; }
    public string MessageId { get; set; }
    public string SessionId { get; set; }
    public string Subject { get; set; }
    public string CorrelationId { get; set; }
    public string ContentType { get; set; }
    public string PartitionKey { get; set; }
    public DateTimeOffset ScheduledEnqueueTime { get; set; }
    public TimeSpan TimeToLive { get; set; } = TimeSpan.MaxValue;
    public IDictionary<string, object> ApplicationProperties { get; } = new Dictionary<string, object>();
}

public class ServiceBusReceivedMessage
{
    internal ServiceBusReceivedMessage()
    {
    }

    public BinaryData Body { get; internal init; }
    public string MessageId { get; internal init; }
    public string SessionId { get; internal init; }
    public string Subject { get; internal init; }
    public string CorrelationId { get; internal init; }
    public string ContentType { get; internal init; }
    public int DeliveryCount { get; internal init; }
    public long SequenceNumber { get; internal init; }
    public long EnqueuedSequenceNumber { get; internal init; }
    public DateTimeOffset EnqueuedTime { get; internal init; }
    public DateTimeOffset LockedUntil { get; internal init; }
    public string LockToken { get; internal init; }
    public string DeadLetterReason => ApplicationProperties.TryGetValue("DeadLetterReason", out var reason) ? reason as string : null;
    public string DeadLetterErrorDescription =>
        ApplicationProperties.TryGetValue("DeadLetterErrorDescription", out var description) ? description as string : null;
    public IReadOnlyDictionary<string, object> ApplicationProperties { get; internal init; }
}

public enum ServiceBusMessageState
{
    Active,
    Deferred,
    Scheduled,
}

public static class ServiceBusModelFactory
{
    public static ServiceBusReceivedMessage ServiceBusReceivedMessage(
        BinaryData body = null,
        string messageId = null,
        string partitionKey = null,
        string viaPartitionKey = null,
        string sessionId = null,
        string replyToSessionId = null,
        TimeSpan timeToLive = default,
        string correlationId = null,
        string subject = null,
        string to = null,
        string contentType = null,
        string replyTo = null,
        DateTimeOffset scheduledEnqueueTime = default,
        IDictionary<string, object> properties = null,
        Guid lockTokenGuid = default,
        int deliveryCount = 0,
        DateTimeOffset lockedUntil = default,
        long sequenceNumber = -1,
        string deadLetterSource = null,
        long enqueuedSequenceNumber = 0,
        DateTimeOffset enqueuedTime = default,
        ServiceBusMessageState serviceBusMessageState = ServiceBusMessageState.Active) =>
        new()
        {
            Body = body ?? BinaryData.FromString(""),
            MessageId = messageId,
            SessionId = sessionId,
            Subject = subject,
            CorrelationId = correlationId,
            ContentType = contentType,
            DeliveryCount = deliveryCount,
            SequenceNumber = sequenceNumber,
            EnqueuedSequenceNumber = enqueuedSequenceNumber,
            EnqueuedTime = enqueuedTime,
            LockedUntil = lockedUntil,
            LockToken = lockTokenGuid.ToString(),
            ApplicationProperties = new Dictionary<string, object>(properties ?? new Dictionary<string, object>()),
        };

    public static ServiceBusMessageBatch ServiceBusMessageBatch(
        long batchSizeBytes,
        IList<ServiceBusMessage> batchMessageStore,
        CreateMessageBatchOptions batchOptions = null,
        Func<ServiceBusMessage, bool> tryAddCallback = null) =>
        new(batchSizeBytes, batchMessageStore, batchOptions, tryAddCallback);
}
