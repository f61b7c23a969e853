using System.Collections.Frozen;
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
    static readonly FrozenDictionary<string, OrderFacts> FactsByName =
        Enum.GetValues<OrderFacts>()
            .Where(fact => fact is not OrderFacts.None)
            .ToFrozenDictionary(fact => fact.ToString(), StringComparer.Ordinal);

    public bool IsFinal => Status is OrderStatus.Completed or OrderStatus.Rejected or OrderStatus.Cancelled;

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
        OrderSummary? summary = null;
        StepTimes? steps = null;
        var updatedAt = default(DateTimeOffset);
        foreach (var entry in stream.Entries)
        {
            for (var index = 0; index < entry.Events.Count; index++)
            {
                var @event = entry.Events[index].Event;
                summary = @event is OrderCreated order ? Placed(stream.OrderId, order, entry.At) : summary?.Changed(@event, entry.At);
                if (summary is { IsFinal: true, FinalAt: null })
                    summary = summary with { FinalAt = entry.At };
                if (summary is not null)
                    steps = StepsAfter(steps, @event, entry.At - summary.PlacedAt);
                updatedAt = entry.At;
            }
        }
        return summary is null ? null : summary with { UpdatedAt = updatedAt, Steps = steps, Facts = FactsOf(stream) };
    }

    static OrderFacts FactsOf(OrderStream stream)
    {
        var facts = OrderFacts.None;
        foreach (var entry in stream.Entries)
        {
            if (entry.Via is Via.Bus)
                facts |= FactOf(entry.Type);
            for (var index = 0; index < entry.Events.Count; index++)
                facts |= FactOf(entry.Events[index].Event.GetType().Name);
        }
        if (facts.HasFlag(OrderFacts.ShipmentBooked))
            facts |= OrderFacts.ShipmentDue;
        if ((facts & (OrderFacts.ShippingFailed | OrderFacts.PaymentRefunded)) is not OrderFacts.None
            || (facts.HasFlag(OrderFacts.InventoryRestocked) && !facts.HasFlag(OrderFacts.PaymentFailed)))
        {
            facts |= OrderFacts.RefundPayment;
        }
        if ((facts & (OrderFacts.PaymentFailed | OrderFacts.PaymentRefunded | OrderFacts.InventoryRestocked)) is not OrderFacts.None)
            facts |= OrderFacts.RestockInventory;
        return facts;
    }

    static OrderFacts FactOf(string name) => FactsByName.TryGetValue(name, out var fact) ? fact : OrderFacts.None;

    static OrderSummary Placed(string orderId, OrderCreated order, DateTimeOffset at) => new(
        orderId, order.CustomerId, OrderStatus.Placed, order.Total, order.Lines.Count, at, at,
        ImmutableSortedDictionary<string, ParkedAt>.Empty, order.IdempotencyKey, Owner: order.Owner,
        NeedsStock: order.Lines.Any(line => line.NeedsStock));

    OrderSummary Changed(OrderEvent @event, DateTimeOffset at) => @event switch
    {
        ReservationNoted => this with { Status = OrderStatus.Reserved },
        ChargeNoted charge => Unless(OrderStatus.Cancelling, OrderStatus.Paid) with { Charged = charge.Amount },
        BookingNoted booking =>
            Unless(OrderStatus.Cancelling, OrderStatus.Booked) with { TrackingId = booking.TrackingId, PromisedBy = booking.PromisedBy },
        DelayNoted => Unless(OrderStatus.Cancelling, OrderStatus.Delayed) with { Delayed = true },
        FailureNoted failure => this with { Status = OrderStatus.Rejecting, FailedAt = failure.FailedAt, Reason = failure.Reason },
        RestockNoted restock => this with { Status = OrderStatus.Rejecting, Reason = restock.Reason },
        OrderCancellationRequested cancellation => this with { Status = OrderStatus.Cancelling, Reason = cancellation.Reason },
        RefundNoted refund => this with { Refunded = refund.Amount },
        RefusedCancellationNoted when IsFinal => this with { CancellationRefused = true },
        RefusedCancellationNoted =>
            this with { Status = Delayed ? OrderStatus.Delayed : OrderStatus.Booked, CancellationRefused = true, Reason = null },
        OrderCompleted order => this with { Status = OrderStatus.Completed, TrackingId = order.TrackingId, Reason = null },
        OrderRejected order => this with { Status = OrderStatus.Rejected, FailedAt = order.FailedAt, Reason = order.Reason },
        OrderCancelled order => this with { Status = OrderStatus.Cancelled, Reason = order.Reason },
        SettleRequested s => this with { Settled = (Settled ?? []).Add(s.Participant) },
        SettlementRefusalNoted s => this with { Settled = Settled?.Remove(s.Participant) is { IsEmpty: false } left ? left : null },
        ParkingNoted p => Reported(p.Participant, new(p.Sequence, at, p.MessageId, p.Reason, p.Description, p.Failed)),
        ResumptionNoted r => Reported(r.Participant, new(r.Sequence, null, null, null, null)),
        _ => this,
    };

    static StepTimes? StepsAfter(StepTimes? steps, OrderEvent @event, TimeSpan time) => @event switch
    {
        ReservationNoted => (steps ?? new()) with { ReservedMs = (long)time.TotalMilliseconds },
        ChargeNoted => (steps ?? new()) with { ChargedMs = (long)time.TotalMilliseconds },
        BookingNoted => (steps ?? new()) with { BookedMs = (long)time.TotalMilliseconds },
        OrderCompleted => (steps ?? new()) with { ShippedMs = (long)time.TotalMilliseconds },
        _ => steps,
    };

    OrderSummary Unless(OrderStatus kept, OrderStatus next) => this with { Status = Status == kept ? kept : next };

    /// <summary>
    /// Reports may arrive out of order while this order is parked at Orders itself: a participant's latest report is the one with the
    /// highest sequence. A report of a further failure does not change since when the order is parked.
    /// </summary>
    OrderSummary Reported(string participant, ParkedAt report) =>
        Parked.TryGetValue(participant, out var known) && known.Sequence > report.Sequence
            ? this
            : this with
            {
                Parked = Parked.SetItem(participant, report with { Since = report.IsParked ? known?.Since ?? report.Since : null }),
            };
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
