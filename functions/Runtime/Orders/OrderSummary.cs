using System.Collections.Immutable;
using System.Text.Json.Serialization;
using OrderFunctions.Kernel;
using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

/// <summary>What a customer sees of an order.</summary>
public enum OrderStatus
{
    Placed,
    Reserved,
    Paid,
    Booked,
    Delayed,
    Rejecting,
    Cancelling,
    Completed,
    Rejected,
    Cancelled,
}

public static class OrderStatuses
{
    /// <summary>Whether an order with this status has ended.</summary>
    public static bool IsFinal(this OrderStatus status) => status is OrderStatus.Completed or OrderStatus.Rejected or OrderStatus.Cancelled;
}

/// <summary>
/// The events that Orders knows were published for an order, each once at most. The operations page counts them. Stored as a number, so
/// names are only ever added, at the end.
/// </summary>
[Flags]
public enum OrderFacts
{
    None = 0,
    OrderCreated = 1 << 0,
    InventoryReserved = 1 << 1,
    InventoryReservationFailed = 1 << 2,
    PaymentSucceeded = 1 << 3,
    PaymentFailed = 1 << 4,
    ShipmentBooked = 1 << 5,
    ShippingFailed = 1 << 6,
    ShippingDelayed = 1 << 7,
    OrderShipped = 1 << 8,
    OrderCancellationRequested = 1 << 9,
    CancellationRefused = 1 << 10,
    PaymentRefunded = 1 << 11,
    InventoryRestocked = 1 << 12,
    OrderCompleted = 1 << 13,
    OrderRejected = 1 << 14,
    OrderCancelled = 1 << 15,

    /// <summary>Orders does not hear it: inferred from what it led to, or from what is published with it.</summary>
    RefundPayment = 1 << 16,

    /// <summary>Orders does not hear it: inferred from what it led to, or from what is published with it.</summary>
    RestockInventory = 1 << 17,

    /// <summary>Published with each booking.</summary>
    ShipmentDue = 1 << 18,

    /// <summary>The parcel left although the order was called off.</summary>
    PickedUpAfterCallOff = 1 << 19,
}

/// <summary>Makes what lists show of an order from its stream; null where there is nothing to show.</summary>
public delegate OrderSummary? Summarize(OrderStream stream);

/// <summary>An order in one row, folded from Orders' stream and stored with it, so that lists need not read streams.</summary>
/// <param name="Reason">Why it was, or is being, rejected or cancelled.</param>
/// <param name="Delayed">The carrier missed the promised time, even if it has picked the order up since.</param>
/// <param name="CancellationRefused">The customer asked to cancel, too late.</param>
/// <param name="Parked">The latest report of each participant that ever parked the order; see <see cref="ParkedNow"/>.</param>
/// <param name="Facts">The events known to be published for it.</param>
/// <param name="Owner">The customer's account, where the shop stated it.</param>
/// <param name="Settled">The participants whose undoing step an operator said to be done by hand; null where there is none.</param>
/// <param name="NeedsStock">False where no line of it is reserved.</param>
/// <param name="Steps">When its steps were done; null before the first.</param>
public sealed record OrderSummary(
    string OrderId,
    string CustomerId,
    OrderStatus Status,
    Money Total,
    int Lines,
    DateTimeOffset PlacedAt,
    DateTimeOffset UpdatedAt,
    ImmutableSortedDictionary<string, ParkedAt> Parked,
    string? IdempotencyKey = null,
    FailedStep? FailedAt = null,
    string? Reason = null,
    Money? Charged = null,
    Money? Refunded = null,
    string? TrackingId = null,
    DateTimeOffset? PromisedBy = null,
    bool Delayed = false,
    bool CancellationRefused = false,
    DateTimeOffset? FinalAt = null,
    [property: JsonConverter(typeof(JsonNumberEnumConverter<OrderFacts>))] OrderFacts Facts = OrderFacts.None,
    Owner? Owner = null,
    bool NeedsStock = true,
    ImmutableSortedSet<string>? Settled = null,
    StepTimes? Steps = null)
{
    public bool IsFinal => Status.IsFinal();

    /// <summary>Whether a request to cancel would still change anything.</summary>
    public bool CanBeCancelled => !IsFinal && !CancellationRefused && Status is not OrderStatus.Rejecting;

    /// <summary>The carrier took the parcel although the order was called off.</summary>
    [JsonIgnore]
    public bool PickedUpAfterCallOff => Facts.HasFlag(OrderFacts.PickedUpAfterCallOff);

    /// <summary>
    /// What the customer was charged and is to get back: not refunded yet, nor given back by hand. Null where nothing is. A cancellation
    /// that comes too late owes nothing.
    /// </summary>
    [JsonIgnore]
    public Money? Owed =>
        Refunded is null && Status is not OrderStatus.Completed && (IsFinal || Status is OrderStatus.Cancelling or OrderStatus.Rejecting)
        && Settled?.Contains(Participants.Payments) is not true
            ? Charged
            : null;

    /// <summary>Where the order is parked now, by participant.</summary>
    [JsonIgnore]
    public IEnumerable<KeyValuePair<string, ParkedAt>> ParkedNow => Parked.Where(place => place.Value.IsParked);

    /// <summary>How a participant's streams are summarized: Orders keeps lists, the others none.</summary>
    public static Summarize? For(string participant) => participant is Participants.Orders ? Of : null;

    /// <summary>Null where the order was never placed.</summary>
    public static OrderSummary? Of(OrderStream stream)
    {
        var fold = new SummaryFold(stream.OrderId);
        foreach (var entry in stream.Entries)
            fold.Add(entry);
        return fold.Result();
    }
}

/// <summary>When Orders heard that a step was done, in milliseconds since the order was placed; null for a step that was not.</summary>
public sealed record StepTimes(long? ReservedMs = null, long? ChargedMs = null, long? BookedMs = null, long? ShippedMs = null);

/// <summary>A participant's latest report on an order: parked, or resumed since.</summary>
/// <param name="Since">When the order was parked; null once it is resumed.</param>
/// <param name="Failed">The last attempt at the message that stops it; null where it was not tried.</param>
public sealed record ParkedAt(
    int Sequence, DateTimeOffset? Since = null, string? MessageId = null, string? Reason = null, string? Description = null,
    FailedAttempt? Failed = null)
{
    public bool IsParked => Since is not null;
}
