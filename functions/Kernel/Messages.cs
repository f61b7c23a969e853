using OrderFunctions.Saga;

namespace OrderFunctions.Kernel;

/// <summary>A public event on its way to the topic.</summary>
/// <param name="Id">
/// Also the event's id: <c>orderId/participant/sequence</c>, at most 128 characters. The bus detects duplicates by it.
/// </param>
/// <param name="OrderId">The session.</param>
/// <param name="CausationId">The id of the message that caused it.</param>
/// <param name="TraceParent">W3C trace context of the turn that published it.</param>
/// <param name="EnqueueAt">It is not delivered before this time; null for at once.</param>
/// <param name="RecordedAt">When its sender recorded it.</param>
public sealed record OutboundMessage(
    string Id,
    string OrderId,
    PublicEvent Event,
    string? CausationId,
    string? TraceParent,
    DateTimeOffset? EnqueueAt,
    DateTimeOffset? RecordedAt = null);

/// <summary>Whether a participant acts on messages of a type.</summary>
public enum Hearing
{
    Heard,

    /// <summary>It is for others. A new subscription briefly passes everything.</summary>
    NotHeard,

    /// <summary>This version does not know the type: a later one may hear it.</summary>
    Unknown,
}

/// <summary>A message as a subscription delivers it.</summary>
/// <param name="Event">Null where the body could not be read; <paramref name="Unreadable"/> then says why.</param>
/// <param name="Type">The event's name, as the message states it.</param>
/// <param name="EnqueuedAt">When the bus accepted it.</param>
/// <param name="DeliveryCount">1 for the first delivery.</param>
/// <param name="RecordedAt">When its sender recorded it; null where that is not known.</param>
public sealed record ReceivedMessage(
    string Id,
    string OrderId,
    string Type,
    OrderEvent? Event,
    string? CausationId,
    string? TraceParent,
    DateTimeOffset EnqueuedAt,
    int DeliveryCount,
    string? Unreadable = null,
    DateTimeOffset? RecordedAt = null)
{
    public Hearing Hearing { get; init; }

    /// <summary>Shorter than the duplicate window of any bus.</summary>
    static readonly TimeSpan SoonAfter = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Whether nobody can have handled it before: this is its first delivery, and it is not a second copy. A sender that was stopped for
    /// longer than the bus remembers ids publishes a second copy.
    /// </summary>
    public bool IsFirst => DeliveryCount == 1 && !(EnqueuedAt - RecordedAt > SoonAfter);
}
