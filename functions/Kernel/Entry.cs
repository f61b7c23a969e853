using System.Text.Json;
using System.Text.Json.Serialization;
using OrderFunctions.Saga;

namespace OrderFunctions.Kernel;

/// <summary>How an entry came about.</summary>
public enum Via
{
    /// <summary>By a message of the bus, which is delivered again until it is completed.</summary>
    Bus,

    /// <summary>By an HTTP request: nothing delivers it again.</summary>
    Http,

    /// <summary>The kernel's mark that it parked the message, which is still to be handled.</summary>
    Parking,

    /// <summary>By an operator, who dropped the message: it is never handled.</summary>
    Discard,

    /// <summary>The kernel's mark that all entries before it are published.</summary>
    Republished,
}

/// <summary>One message or request, and the events that it led to.</summary>
/// <param name="On">The id of the message or request.</param>
/// <param name="Type">Its name.</param>
/// <param name="Cause">The id of the message that caused it; null where it states none.</param>
/// <param name="Sent">When the bus accepted it.</param>
/// <param name="Trace">W3C trace context of the turn.</param>
/// <param name="Deliveries">How many deliveries it took.</param>
/// <param name="Caller">Who asked over HTTP; null for a message, and where the host checks nobody.</param>
public sealed record Entry(
    string On,
    string Type,
    Via Via,
    DateTimeOffset At,
    IReadOnlyList<RecordedEvent> Events,
    string? Cause = null,
    DateTimeOffset? Sent = null,
    string? Trace = null,
    int Deliveries = 1,
    Caller? Caller = null)
{
    /// <summary>
    /// The entry's bytes as they were read; empty for a new entry. A store writes them back unchanged, so that fields of a later version
    /// survive a turn of an earlier one.
    /// </summary>
    [JsonIgnore]
    public ReadOnlyMemory<byte> Stored { get; init; }
}

/// <summary>Who sent a request, by a token that was checked.</summary>
/// <param name="TenantId">Of Entra ID.</param>
/// <param name="ObjectId">Of the user, or of the application's service principal.</param>
/// <param name="ApplicationId">Client id of the application that sent the request.</param>
/// <param name="Name">For people to read; a user may change it, so it proves nothing.</param>
public sealed record Caller(string TenantId, string ObjectId, string? ApplicationId = null, string? Name = null);

/// <param name="Id"><c>orderId/participant/sequence</c>; a public event's message has the same id.</param>
public sealed record RecordedEvent(string Id, OrderEvent Event);

/// <param name="Description">Of its last failure, shortened.</param>
/// <param name="Due">When the head of the line is to be tried again; null where that waits for an operator.</param>
/// <param name="Attempts">Replays that failed.</param>
/// <param name="HeldSince">Since when nothing may try it, because an operator settles it by hand; null otherwise.</param>
/// <param name="Sent">
/// When the bus accepted it. A message that the broker dead-lettered comes late and takes its place in the line by this time.
/// </param>
/// <param name="Failed">The last attempt at it; null where it was never tried here.</param>
public sealed record ParkedMessage(
    string Id, string Type, string Reason, string Description, DateTimeOffset Since, DateTimeOffset? Due = null, int Attempts = 0,
    DateTimeOffset? Sent = null, FailedAttempt? Failed = null, DateTimeOffset? HeldSince = null)
{
    /// <summary>Fields of a later version, kept as they were read; null where there are none.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Later { get; set; }

    /// <summary>
    /// Whether it was sent after the other. The bus accepts a batch at one moment: messages of one sender are then ordered by their
    /// sequence, those of two senders by arrival here.
    /// </summary>
    public bool IsAfter(ReceivedMessage message) =>
        Sent == message.EnqueuedAt ? MessageId.IsLater(Id, message.Id) : Sent > message.EnqueuedAt;

    /// <summary>What Orders hears of it while it is the head of the line.</summary>
    /// <param name="sequence">The report's place in the participant's stream.</param>
    public OrderParked Report(string participant, int sequence) => new(participant, sequence, Id, Reason, Description, Failed);
}
