using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http;

// What the API answers. A field without a value is left out.

/// <summary>The answer to an order, the same one for each repetition.</summary>
public sealed record AcceptedOrder(string Id, OrderStatus Status, Money Total, DateTimeOffset PlacedAt, OrderLinks Links)
{
    internal static AcceptedOrder Of(OrderSummary order) =>
        new(order.OrderId, OrderStatus.Placed, order.Total, order.PlacedAt, OrderLinks.Of(order.OrderId, canBeCancelled: true));
}

/// <param name="Lines">How many lines the order has.</param>
/// <param name="Parked">The participants at which the order is parked.</param>
/// <param name="Owed">What the customer is to get back and has not got yet; left out where nothing is.</param>
/// <param name="Settled">The participants whose undoing step was settled by hand; left out where there is none.</param>
/// <param name="Steps">When its steps were done, in milliseconds since it was placed; left out before the first.</param>
public sealed record OrderBody(
    string Id,
    string CustomerId,
    OrderStatus Status,
    string? Reason,
    FailedStep? FailedAt,
    Money Total,
    int Lines,
    Money? Charged,
    Money? Refunded,
    Money? Owed,
    string? TrackingId,
    DateTimeOffset? PromisedBy,
    bool Delayed,
    bool CancellationRefused,
    bool PickedUpAfterCallOff,
    bool CanBeCancelled,
    IReadOnlyList<string> Parked,
    IReadOnlyCollection<string>? Settled,
    string? IdempotencyKey,
    StepTimes? Steps,
    DateTimeOffset PlacedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset? FinalAt,
    OrderLinks Links)
{
    internal static OrderBody Of(OrderSummary order) => new(
        order.OrderId, order.CustomerId, order.Status, order.Reason, order.FailedAt, order.Total, order.Lines, order.Charged,
        order.Refunded, order.Owed, order.TrackingId, order.PromisedBy, order.Delayed, order.CancellationRefused,
        order.PickedUpAfterCallOff, order.CanBeCancelled,
        [.. order.ParkedNow.Select(place => place.Key)], order.Settled, order.IdempotencyKey, order.Steps,
        order.PlacedAt, order.UpdatedAt, order.FinalAt, OrderLinks.Of(order.OrderId, order.CanBeCancelled));
}

/// <param name="Cancel">Where to post a cancellation; left out once it is too late.</param>
public sealed record OrderLinks(string Self, string Timeline, string? Cancel)
{
    internal static OrderLinks Of(string id, bool canBeCancelled) =>
        new($"/api/orders/{id}", $"/api/orders/{id}/timeline", canBeCancelled ? $"/api/orders/{id}/cancel" : null);
}

/// <param name="Next">The next page; left out at the end.</param>
/// <param name="SearchedTo">As <see cref="OrderPage.SearchedTo"/>.</param>
public sealed record OrderListBody(IReadOnlyList<OrderBody> Orders, string? Next, DateTimeOffset? SearchedTo);

public sealed record TimelineBody(string OrderId, IReadOnlyList<FactBody> Facts);

/// <param name="Sequence">From 1, in the order in which Orders heard or said the facts.</param>
/// <param name="At">When its sender recorded it.</param>
/// <param name="HandledAt">When Orders handled it.</param>
/// <param name="Service">The participant that said it, or <c>http</c>.</param>
/// <param name="Via"><c>bus</c>, <c>http</c>, <c>parking</c> or <c>discard</c>: how it came to Orders, or why Orders said it.</param>
/// <param name="Cause">The id of the message that caused it.</param>
/// <param name="SinceCauseMs">Milliseconds since the cause; left out where Orders did not hear the cause.</param>
/// <param name="Deliveries">How many deliveries Orders needed to handle it; 1 for what Orders said itself.</param>
/// <param name="Detail">Its reason, amount or tracking id.</param>
/// <param name="Caller">Who asked for it over HTTP; for operators only.</param>
public sealed record FactBody(
    int Sequence,
    DateTimeOffset At,
    DateTimeOffset HandledAt,
    string Service,
    string MessageId,
    string Type,
    string Via,
    string? Cause,
    long? SinceCauseMs,
    int Deliveries,
    string? Detail,
    Caller? Caller);

/// <param name="Next">The next page; left out at the end.</param>
public sealed record ParkedListBody(IReadOnlyList<ParkedBody> Parked, string? Next);

/// <summary>An order that is parked at one participant.</summary>
/// <param name="MessageId">The message that blocks it: the first one parked.</param>
/// <param name="Reason">One word: see <see cref="ParkingReasons"/>.</param>
/// <param name="Failed">The last attempt, which <paramref name="Description"/> tells of; left out where it was not tried.</param>
/// <param name="Owed">As of <see cref="OrderBody"/>.</param>
public sealed record ParkedBody(
    string OrderId,
    string CustomerId,
    OrderStatus Status,
    string Participant,
    DateTimeOffset Since,
    string? MessageId,
    string? Reason,
    string? Description,
    FailedAttempt? Failed,
    Money? Owed);

public sealed record ParkedOrderBody(string OrderId, IReadOnlyList<ParkedMessageBody> Parked);

/// <summary>The message that blocks an order at one participant.</summary>
/// <param name="Failed">As in <see cref="ParkedBody"/>.</param>
/// <param name="Queue">The queue that holds the message.</param>
/// <param name="Type">Left out where Orders neither said nor heard it.</param>
/// <param name="Source">One of <see cref="MessageSources"/>; left out where the body can only be read in the queue.</param>
/// <param name="Message">Its body, without card token and address.</param>
public sealed record ParkedMessageBody(
    string Participant,
    DateTimeOffset Since,
    string? MessageId,
    string? Reason,
    string? Description,
    FailedAttempt? Failed,
    string Queue,
    string? Type,
    string? Source,
    JsonObject? Message);

/// <summary>Where the body of a parked message comes from.</summary>
public static class MessageSources
{
    /// <summary>Orders said it: it is in its own stream.</summary>
    public const string Orders = "orders";

    /// <summary>The dead-letter queue, in the local host.</summary>
    public const string Queue = "queue";
}

/// <param name="More">There are more than one request may replay: send it again once these are handled.</param>
public sealed record ReplayBody(IReadOnlyList<ReplayTarget> Requested, bool More);

public sealed record ReplayTarget(string OrderId, string Participant);

public sealed record DiscardBody(string OrderId, string Participant, string MessageId, string By, string Reason);

/// <param name="ByStatus">All statuses, also those without orders.</param>
/// <param name="ByEvent">For each event of the topic, the number of orders for which it was said, as far as Orders knows.</param>
/// <param name="OldestOpen">When the oldest order that is not final was placed.</param>
/// <param name="ParkedSince">Since when the longest parked order is parked.</param>
public sealed record CountsBody(
    IReadOnlyDictionary<string, long> ByStatus,
    IReadOnlyDictionary<string, long> ByEvent,
    long Parked,
    DateTimeOffset? OldestOpen,
    DateTimeOffset? ParkedSince);

/// <summary>What Orders sees to be wrong, and whom money is owed.</summary>
/// <param name="Orders">How many orders were looked at.</param>
/// <param name="More">There are more than one request looks at.</param>
/// <param name="Owed">Orders whose customers are to get money back and have not got it yet.</param>
public sealed record AuditBody(int Orders, bool More, IReadOnlyList<OwedBody> Owed, IReadOnlyList<FindingBody> Findings);

public sealed record OwedBody(string OrderId, string CustomerId, OrderStatus Status, Money Amount, DateTimeOffset PlacedAt);

/// <param name="Finding">A sentence.</param>
public sealed record FindingBody(string OrderId, string Finding);

/// <summary>What the page draws the choreography from: topology.json with its events in the order of the story.</summary>
/// <param name="Outside">Speakers that take no part, such as the carrier.</param>
/// <param name="IsLocal">Whether the local host serves it.</param>
public sealed record TopologyBody(
    string Topic, IReadOnlyList<string> Participants, IReadOnlyList<string> Outside, IReadOnlyList<EventBody> Events, bool IsLocal);

/// <param name="Kind"><c>forward</c>, <c>failure</c> or <c>undoing</c>.</param>
public sealed record EventBody(string Name, string Kind, IReadOnlyList<string> SaidBy, IReadOnlyList<string> HeardBy);

public sealed record CarrierEventBody(string EventId, string OrderId);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(AcceptedOrder))]
[JsonSerializable(typeof(OrderBody))]
[JsonSerializable(typeof(OrderListBody))]
[JsonSerializable(typeof(TimelineBody))]
[JsonSerializable(typeof(ParkedListBody))]
[JsonSerializable(typeof(ParkedOrderBody))]
[JsonSerializable(typeof(ReplayBody))]
[JsonSerializable(typeof(DiscardBody))]
[JsonSerializable(typeof(CountsBody))]
[JsonSerializable(typeof(AuditBody))]
[JsonSerializable(typeof(TopologyBody))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(CarrierEventBody))]
[JsonSerializable(typeof(StockLevel))]
sealed partial class BodiesContext : JsonSerializerContext;

static class Bodies
{
    /// <summary>Non-Latin text is not escaped: the answers are JSON documents, never part of a page.</summary>
    public static readonly BodiesContext Json = new(new JsonSerializerOptions(BodiesContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new AmountConverter() },
    });

    /// <summary>Amounts without trailing zeros: of 7.00, some stores return 7.</summary>
    sealed class AmountConverter : JsonConverter<decimal>
    {
        public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDecimal();

        public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options) =>
            writer.WriteNumberValue(Field.Normal(value));
    }
}
