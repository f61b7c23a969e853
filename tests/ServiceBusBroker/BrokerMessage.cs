using Microsoft.Azure.Amqp;
using Microsoft.Azure.Amqp.Framing;
using OrderFunctions.ServiceBusBroker.Entities;

namespace OrderFunctions.ServiceBusBroker;

/// <summary>
/// A message as a client sent it. Features that Service Bus would act on and this broker would not, for example a time to live, are
/// rejected.
/// </summary>
public sealed class BrokerMessage
{
    const string ScheduledAnnotation = "x-opt-scheduled-enqueue-time";

    readonly Properties properties;
    readonly IReadOnlyDictionary<string, object?> applicationProperties;
    readonly ArraySegment<byte> body;

    BrokerMessage(AmqpMessage message)
    {
        if ((message.BodyType & SectionFlag.Data) == 0 || message.DataBody.Count() != 1)
            throw BrokerException.Unknown($"a message whose body is not one section of data: {message.BodyType}");
        if (message.Header is { Ttl: not null })
            throw BrokerException.Unknown("a time to live");
        if (message.Properties is { UserId.Array: not null } or { To: not null } or { ReplyTo: not null } or { ReplyToGroupId: not null })
            throw BrokerException.Unknown($"one of these properties: {message.Properties}");
        properties = message.Properties ?? new();
        body = (ArraySegment<byte>)message.DataBody.Single().Value;
        applicationProperties =
            message.ApplicationProperties?.Map.ToDictionary(pair => pair.Key.ToString()!, pair => (object?)pair.Value) ?? [];
        foreach (var (name, value) in message.MessageAnnotations?.Map ?? [])
        {
            if (name.ToString() != ScheduledAnnotation)
                throw BrokerException.Unknown($"the annotation {name}");
            ScheduledAt = new DateTimeOffset((DateTime)value);
        }
    }

    public string? Id => properties.MessageId?.ToString();
    public string? SessionId => properties.GroupId;
    public string? Label => properties.Subject;
    public DateTimeOffset? ScheduledAt { get; }

    /// <summary>Numbered in the order of acceptance.</summary>
    public long Number { get; internal set; }

    /// <summary>Returns an application property, or null if it does not exist.</summary>
    public object? Property(string name) => applicationProperties.GetValueOrDefault(name);

    /// <summary>Returns the message, or all messages of the batch.</summary>
    /// <exception cref="BrokerException">Part of it is not supported.</exception>
    internal static IReadOnlyList<BrokerMessage> ReadAll(AmqpMessage transfer)
    {
        var isBatch = transfer.MessageFormat == AmqpConstants.AmqpBatchedMessageFormat;
        using var stream = transfer.ToStream();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        var message = Parse(copy.ToArray());
        return isBatch ? [.. message.DataBody.Select(data => Read((ArraySegment<byte>)data.Value))] : [new(message)];
    }

    /// <inheritdoc cref="ReadAll"/>
    internal static BrokerMessage Read(ArraySegment<byte> encoded) => new(Parse([.. encoded]));

    static AmqpMessage Parse(byte[] encoded) =>
        AmqpMessage.CreateAmqpStreamMessage(new BufferListStream([encoded]), payloadInitialized: true);

    /// <summary>Encodes the message for delivery or for a peek.</summary>
    internal AmqpMessage Write(QueuedMessage queued)
    {
        var message = AmqpMessage.Create(new Data { Value = body });
        message.Header.DeliveryCount = (uint)queued.DeliveryCount;
        message.Properties.MessageId = properties.MessageId;
        message.Properties.GroupId = properties.GroupId;
        message.Properties.Subject = properties.Subject;
        message.Properties.CorrelationId = properties.CorrelationId;
        message.Properties.ContentType = properties.ContentType;
        foreach (var (name, value) in applicationProperties)
            message.ApplicationProperties.Map[name] = value;
        if (queued.DeadLetterReason is not null)
            message.ApplicationProperties.Map["DeadLetterReason"] = queued.DeadLetterReason;
        if (queued.DeadLetterDescription is not null)
            message.ApplicationProperties.Map["DeadLetterErrorDescription"] = queued.DeadLetterDescription;
        var annotations = message.MessageAnnotations.Map;
        annotations["x-opt-enqueued-time"] = queued.EnqueuedAt.UtcDateTime;
        annotations["x-opt-sequence-number"] = queued.SequenceNumber;
        annotations["x-opt-enqueue-sequence-number"] = Number;
        annotations["x-opt-message-state"] = 0;
        if (ScheduledAt is { } scheduled)
            annotations[ScheduledAnnotation] = scheduled.UtcDateTime;
        if (queued.LockToken is not null)
            annotations["x-opt-locked-until"] = queued.LockedUntil.UtcDateTime;
        return message;
    }
}
