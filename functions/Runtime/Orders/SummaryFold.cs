using System.Collections.Frozen;
using System.Collections.Immutable;
using OrderFunctions.Kernel;
using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

/// <summary>Folds Orders' stream into its summary, in place: a copy for each event would be a tenth of what an order allocates.</summary>
struct SummaryFold(string orderId)
{
    static readonly FrozenDictionary<string, OrderFacts> FactsByName =
        Enum.GetValues<OrderFacts>()
            .Where(fact => fact is not OrderFacts.None)
            .ToFrozenDictionary(fact => fact.ToString(), StringComparer.Ordinal);

    OrderCreated? placed;
    DateTimeOffset placedAt;
    DateTimeOffset updatedAt;
    DateTimeOffset? finalAt;
    OrderStatus status;
    FailedStep? failedAt;
    string? reason;
    Money? charged;
    Money? refunded;
    string? trackingId;
    DateTimeOffset? promisedBy;
    bool delayed;
    bool cancellationRefused;
    OrderFacts facts;
    ImmutableSortedDictionary<string, ParkedAt>? parked;
    ImmutableSortedSet<string>? settled;
    (long? Reserved, long? Charged, long? Booked, long? Shipped) steps;

    readonly ImmutableSortedDictionary<string, ParkedAt> Parked => parked ?? ImmutableSortedDictionary<string, ParkedAt>.Empty;

    public void Add(Entry entry)
    {
        if (entry.Via is Via.Bus)
            facts |= FactOf(entry.Type);
        for (var index = 0; index < entry.Events.Count; index++)
        {
            var @event = entry.Events[index].Event;
            facts |= FactOf(@event.GetType().Name);
            updatedAt = entry.At;
            if (@event is OrderCreated order)
                (placed, placedAt) = (order, entry.At);
            else if (placed is not null)
                Change(@event, entry.At);
        }
    }

    /// <summary>Null where the order was never placed.</summary>
    public readonly OrderSummary? Result() => placed is null ? null : new(
        orderId, placed.CustomerId, status, placed.Total, placed.Lines.Count, placedAt, updatedAt, Parked, placed.IdempotencyKey, failedAt,
        reason, charged, refunded, trackingId, promisedBy, delayed, cancellationRefused, finalAt, Inferred(facts), placed.Owner,
        NeedsStock: placed.Lines.Any(line => line.NeedsStock), settled,
        steps is (null, null, null, null) ? null : new(steps.Reserved, steps.Charged, steps.Booked, steps.Shipped));

    void Change(OrderEvent @event, DateTimeOffset at)
    {
        switch (@event)
        {
            case ReservationNoted:
                status = OrderStatus.Reserved;
                steps.Reserved = Since(at);
                break;
            case ChargeNoted charge:
                Pass(OrderStatus.Paid);
                charged = charge.Amount;
                steps.Charged = Since(at);
                break;
            case BookingNoted booking:
                Pass(OrderStatus.Booked);
                (trackingId, promisedBy) = (booking.TrackingId, booking.PromisedBy);
                steps.Booked = Since(at);
                break;
            case DelayNoted:
                Pass(OrderStatus.Delayed);
                delayed = true;
                break;
            case FailureNoted failure:
                (status, failedAt, reason) = (OrderStatus.Rejecting, failure.FailedAt, failure.Reason);
                break;
            case RestockNoted restock:
                (status, reason) = (OrderStatus.Rejecting, restock.Reason);
                break;
            case OrderCancellationRequested cancellation:
                (status, reason) = (OrderStatus.Cancelling, cancellation.Reason);
                break;
            case RefundNoted refund:
                refunded = refund.Amount;
                break;
            case RefusedCancellationNoted:
                cancellationRefused = true;
                if (!status.IsFinal())
                    (status, reason) = (delayed ? OrderStatus.Delayed : OrderStatus.Booked, null);
                break;
            case OrderCompleted order:
                End(OrderStatus.Completed, null, at);
                trackingId = order.TrackingId;
                steps.Shipped = Since(at);
                break;
            case OrderRejected order:
                End(OrderStatus.Rejected, order.Reason, at);
                failedAt = order.FailedAt;
                break;
            case OrderCancelled order:
                End(OrderStatus.Cancelled, order.Reason, at);
                break;
            case SettleRequested request:
                settled = (settled ?? []).Add(request.Participant);
                break;
            case SettlementRefusalNoted refusal:
                settled = settled?.Remove(refusal.Participant) is { IsEmpty: false } left ? left : null;
                break;
            case ParkingNoted p:
                Report(p.Participant, new(p.Sequence, at, p.MessageId, p.Reason, p.Description, p.Failed));
                break;
            case ResumptionNoted r:
                Report(r.Participant, new(r.Sequence, null, null, null, null));
                break;
        }
    }

    /// <summary>An order that is being cancelled stays so.</summary>
    void Pass(OrderStatus next) => status = status is OrderStatus.Cancelling ? status : next;

    void End(OrderStatus how, string? why, DateTimeOffset at) => (status, reason, finalAt) = (how, why, finalAt ?? at);

    readonly long Since(DateTimeOffset at) => (long)(at - placedAt).TotalMilliseconds;

    /// <summary>
    /// Reports may arrive out of order while this order is parked at Orders itself: a participant's latest report is the one with the
    /// highest sequence. A report of a further failure does not change since when the order is parked.
    /// </summary>
    void Report(string participant, ParkedAt report)
    {
        if (Parked.TryGetValue(participant, out var known) && known.Sequence > report.Sequence)
            return;
        parked = Parked.SetItem(participant, report with { Since = report.IsParked ? known?.Since ?? report.Since : null });
    }

    /// <summary>With the facts that Orders does not hear of.</summary>
    static OrderFacts Inferred(OrderFacts facts)
    {
        if (Any(OrderFacts.ShipmentBooked))
            facts |= OrderFacts.ShipmentDue;
        if (Any(OrderFacts.ShippingFailed | OrderFacts.PaymentRefunded)
            || (Any(OrderFacts.InventoryRestocked) && !Any(OrderFacts.PaymentFailed)))
        {
            facts |= OrderFacts.RefundPayment;
        }
        if (Any(OrderFacts.PaymentFailed | OrderFacts.PaymentRefunded | OrderFacts.InventoryRestocked))
            facts |= OrderFacts.RestockInventory;
        return facts;

        bool Any(OrderFacts of) => (facts & of) is not OrderFacts.None;
    }

    static OrderFacts FactOf(string name) => FactsByName.TryGetValue(name, out var fact) ? fact : OrderFacts.None;
}
