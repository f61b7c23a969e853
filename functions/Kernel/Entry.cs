using System.Text.Json.Serialization;
using OrderFunctions.Saga;

namespace OrderFunctions.Kernel;

/// <summary>How an entry came about.</summary>
public enum Via
{
    /// <summary>By a message of the bus, which is delivered again until it is completed.</summary>
    Bus,

    /// <summary>By an HTTP request, which nobody repeats.</summary>
    Http,

    /// <summary>The kernel's mark that it set the message aside; the message itself is still to be handled.</summary>
    Parking,

    /// <summary>By an operator: the message is never to be handled.</summary>
    Discard,

    /// <summary>The kernel's mark that all entries before it are published.</summary>
    Republished,
}

/// <summary>One message or request, and all that was decided on it.</summary>
/// <param name="On">The id of the message or request.</param>
/// <param name="Type">Its name.</param>
/// <param name="Cause">The id of the message that caused it, where it states one.</param>
/// <param name="Sent">When the bus accepted it.</param>
/// <param name="Trace">W3C trace context of the turn.</param>
/// <param name="Deliveries">How many deliveries it took.</param>
public sealed record Entry(
    string On,
    string Type,
    Via Via,
    DateTimeOffset At,
    IReadOnlyList<RecordedEvent> Events,
    string? Cause = null,
    DateTimeOffset? Sent = null,
    string? Trace = null,
    int Deliveries = 1)
{
    /// <summary>
    /// The entry as it was read, in the store's form; empty for a new one. A store writes it back as it is, so that what a later version has written
    /// survives the turn of an earlier one.
    /// </summary>
    [JsonIgnore]
    public ReadOnlyMemory<byte> Stored { get; init; }
}

/// <param name="Id"><c>orderId/participant/sequence</c>; a public event's message has the same id.</param>
public sealed record RecordedEvent(string Id, OrderEvent Event);

/// <param name="Due">When the head of the line is to be tried again; null where that waits for an operator.</param>
/// <param name="Attempts">Replays that failed.</param>
/// <param name="Sent">When the bus accepted it: what the broker dead-letters by itself comes late and takes its place by this.</param>
public sealed record ParkedMessage(
    string Id, string Type, string Reason, string Description, DateTimeOffset Since, DateTimeOffset? Due = null, int Attempts = 0,
    DateTimeOffset? Sent = null);
