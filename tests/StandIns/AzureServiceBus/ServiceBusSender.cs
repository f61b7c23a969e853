namespace Azure.Messaging.ServiceBus;

public class ServiceBusSender : IAsyncDisposable
{
    protected ServiceBusSender()
    {
    }

    public virtual Task SendMessageAsync(ServiceBusMessage message, CancellationToken cancellationToken = default) => throw StandIn.CannotDoThat();

    public virtual Task SendMessagesAsync(IEnumerable<ServiceBusMessage> messages, CancellationToken cancellationToken = default) =>
        throw StandIn.CannotDoThat();

    public virtual Task SendMessagesAsync(ServiceBusMessageBatch messageBatch, CancellationToken cancellationToken = default) =>
        throw StandIn.CannotDoThat();

    public virtual ValueTask<ServiceBusMessageBatch> CreateMessageBatchAsync(CancellationToken cancellationToken = default) =>
        throw StandIn.CannotDoThat();

    public virtual Task<long> ScheduleMessageAsync(
        ServiceBusMessage message, DateTimeOffset scheduledEnqueueTime, CancellationToken cancellationToken = default) =>
        throw StandIn.CannotDoThat();

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

public sealed class ServiceBusMessageBatch : IDisposable
{
    readonly long _batchSizeBytes;
    readonly IList<ServiceBusMessage> _messages;
    readonly Func<ServiceBusMessage, bool> _tryAdd;

    internal ServiceBusMessageBatch(
        long batchSizeBytes, IList<ServiceBusMessage> messages, CreateMessageBatchOptions options, Func<ServiceBusMessage, bool> tryAdd)
    {
        (_batchSizeBytes, _messages, _tryAdd) = (batchSizeBytes, messages, tryAdd ?? (_ => true));
        MaxSizeInBytes = options?.MaxSizeInBytes ?? long.MaxValue;
    }

    public int Count => _messages.Count;
    public long MaxSizeInBytes { get; }
    public long SizeInBytes => _batchSizeBytes;

    public bool TryAddMessage(ServiceBusMessage message)
    {
        var added = _tryAdd(message);
        if (added)
            _messages.Add(message);
        return added;
    }

    public void Dispose()
    {
    }
}

public class CreateMessageBatchOptions
{
    public long? MaxSizeInBytes { get; set; }
}
