using System.Globalization;
using System.Text.Json;
using Azure.Messaging.ServiceBus;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.ServiceBus;

/// <summary>
/// The body of a message is the event as JSON; everything about the event is a property of the message: session id = order id, message id =
/// event id, subject = event name (which the subscriptions' filters use), correlation id = order id.
/// </summary>
public static class MessageMapping
{
    public const string CausationId = "causationId";
    public const string SchemaVersion = "schemaVersion";

    /// <summary>When the sender recorded the event, under the name that was sent first.</summary>
    public const string SaidAt = "saidAt";

    /// <summary>W3C trace context, under the name that Azure's own libraries use.</summary>
    public const string TraceParent = "traceparent";

    public static ServiceBusMessage ToServiceBus(this OutboundMessage message)
    {
        var mapped = new ServiceBusMessage(BinaryData.FromBytes(EventJson.Encode(message.Event)))
        {
            MessageId = message.Id,
            SessionId = message.OrderId,
            Subject = message.Event.GetType().Name,
            CorrelationId = message.OrderId,
            ContentType = "application/json",
            ApplicationProperties = { [SchemaVersion] = EventJson.SchemaVersion },
        };
        if (message.CausationId is not null)
            mapped.ApplicationProperties[CausationId] = message.CausationId;
        if (message.TraceParent is not null)
            mapped.ApplicationProperties[TraceParent] = message.TraceParent;
        if (message.RecordedAt is { } recorded)
            mapped.ApplicationProperties[SaidAt] = recorded.ToString("O", CultureInfo.InvariantCulture);
        if (message.EnqueueAt is { } at)
            mapped.ScheduledEnqueueTime = at;
        return mapped;
    }

    /// <summary>Never throws: the kernel parks what cannot be read.</summary>
    public static ReceivedMessage ToReceived(this ServiceBusReceivedMessage message)
    {
        var (@event, unreadable) = Read(message);
        return new(
            message.MessageId ?? $"{message.SessionId}/broker/{message.SequenceNumber}",
            message.SessionId ?? "",
            message.Subject ?? "",
            @event,
            Property(message, CausationId),
            Property(message, TraceParent),
            message.EnqueuedTime,
            message.DeliveryCount,
            unreadable,
            DateTimeOffset.TryParse(Property(message, SaidAt), CultureInfo.InvariantCulture, out var recorded) ? recorded : null);
    }

    static (OrderEvent? Event, string? Unreadable) Read(ServiceBusReceivedMessage message)
    {
        try
        {
            return Property(message, SchemaVersion) is { } stated && int.Parse(stated, null) > EventJson.SchemaVersion
                ? (null, $"It has schema version {stated}; this app reads up to {EventJson.SchemaVersion}.")
                : (EventJson.Decode(message.Subject ?? "", message.Body.ToMemory().Span), null);
        }
        catch (Exception e) when (e is JsonException or FormatException or OverflowException or NotSupportedException)
        {
            return (null, e.Message);
        }
    }

    static string? Property(ServiceBusReceivedMessage message, string name) =>
        message.ApplicationProperties.TryGetValue(name, out var value) ? Convert.ToString(value, CultureInfo.InvariantCulture) : null;
}
