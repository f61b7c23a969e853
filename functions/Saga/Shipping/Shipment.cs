namespace OrderFunctions.Saga.Shipping;

public abstract record ShipmentState;
public sealed record NotBooked : ShipmentState;
public sealed record PickedUpEarly(string TrackingId) : ShipmentState;
public sealed record Booking(string CustomerId, bool PickedUp, string? Parcel = null) : ShipmentState;

/// <param name="Asked">How often the carrier was asked whether it has picked the parcel up.</param>
public sealed record Booked(
    string CustomerId, string TrackingId, DateTimeOffset PromisedBy, bool Delayed = false, string? WrongParcel = null, int Asked = 0)
    : ShipmentState;
public sealed record Seeking(string CustomerId, string Reason) : ShipmentState;

/// <param name="Unwatched">The promised time of a booking that was found, and for which no <see cref="ShipmentDue"/> was sent.</param>
public sealed record CallingOff(string CustomerId, string TrackingId, string Reason, DateTimeOffset? Unwatched) : ShipmentState;
public sealed record TooLate(string TrackingId, string? WrongParcel = null, int Asked = 0) : ShipmentState;

/// <summary>The carrier is asked whether it has picked the parcel up.</summary>
/// <param name="Parcel">The state before, a <see cref="Booked"/> or a <see cref="TooLate"/>.</param>
public sealed record Asking(ShipmentState Parcel, FindParcel Question) : ShipmentState;
public sealed record Shipped(bool CancellationRefused = false) : ShipmentState;
public sealed record Refused(bool PickedUp = false) : ShipmentState;
public sealed record CalledOff(bool PickedUp = false) : ShipmentState;

/// <summary>
/// Books a carrier once an order is paid, and watches the promised time. It is the last step, and so the first to hear of a cancellation.
/// </summary>
public static class Shipment
{
    public static readonly Decider<ShipmentState> Decider = new(new NotBooked(), Decide, Evolve);

    static IReadOnlyList<OrderEvent> Decide(ShipmentState state, OrderEvent input) => (state, input) switch
    {
        (NotBooked or PickedUpEarly, PaymentSucceeded order) => [new BookCarrier(order.CustomerId, order.ShipTo)],
        (Booking { PickedUp: false }, CarrierBooked carrier) =>
            [new ShipmentBooked(carrier.TrackingId, carrier.PromisedBy), new ShipmentDue(carrier.PromisedBy)],
        (Booking { PickedUp: true } early, CarrierBooked carrier) when early.Parcel == carrier.TrackingId =>
            [new ShipmentBooked(carrier.TrackingId, carrier.PromisedBy), new OrderShipped(carrier.TrackingId)],
        (Booking { Parcel: { } other }, CarrierBooked carrier) =>
            [new ShipmentBooked(carrier.TrackingId, carrier.PromisedBy), new ShipmentDue(carrier.PromisedBy), new WrongPickUpNoted(other)],
        (Booking { Parcel: { } gone }, CarrierRefused carrier) =>
        [
            new ShippingFailed(carrier.Reason, carrier.Detail), new RefundPayment(carrier.Reason), new PickedUpAfterCallOff(gone),
        ],
        (Booking, CarrierRefused carrier) => [new ShippingFailed(carrier.Reason, carrier.Detail), new RefundPayment(carrier.Reason)],

        (Booked booked, CarrierPickedUp pickUp) when pickUp.TrackingId == booked.TrackingId => [new OrderShipped(pickUp.TrackingId)],
        (TooLate kept, CarrierPickedUp pickUp) when pickUp.TrackingId == kept.TrackingId => [new OrderShipped(pickUp.TrackingId)],

        // Another parcel than the one that was booked proves nothing about this order. Noted once for each.
        (Booked booked, CarrierPickedUp pickUp) when pickUp.TrackingId != booked.WrongParcel => [new WrongPickUpNoted(pickUp.TrackingId)],
        (TooLate kept, CarrierPickedUp pickUp) when pickUp.TrackingId != kept.WrongParcel => [new WrongPickUpNoted(pickUp.TrackingId)],

        // The carrier picked the parcel up before its booking was recorded.
        (NotBooked, CarrierPickedUp pickUp) => [new EarlyPickUpNoted(pickUp.TrackingId)],

        // The driver took a parcel whose booking is cancelled or refused.
        (CalledOff { PickedUp: false } or Refused { PickedUp: false }, CarrierPickedUp pickUp) =>
            [new PickedUpAfterCallOff(pickUp.TrackingId)],

        // The carrier may have picked it up, and its report be lost: it is asked, at growing intervals, until it has.
        (Booked booked, ShipmentDue due) when (due.Asked ?? 0) >= booked.Asked =>
            [new FindParcel(booked.TrackingId, due.DueAt, due.Asked)],
        (TooLate parcel, ShipmentDue due) when (due.Asked ?? 0) >= parcel.Asked =>
            [new FindParcel(parcel.TrackingId, due.DueAt, due.Asked)],
        (Asking order, ParcelPickedUp) => [new OrderShipped(order.Question.TrackingId)],
        (Asking { Parcel: Booked { Delayed: false } late } order, ParcelNotPickedUp) =>
            [new ShippingDelayed(late.CustomerId, late.TrackingId, late.PromisedBy), Next(order.Question)],
        (Asking order, ParcelNotPickedUp) => [Next(order.Question)],

        // Called off before a booking is recorded. An attempt that was never recorded may have booked: only the carrier knows. A payment
        // that still arrives must not be shipped.
        (NotBooked, OrderCancellationRequested cancellation) => [new FindBooking(cancellation.CustomerId, cancellation.Reason)],
        (Seeking order, NothingBooked or CarrierRefused) => [new ShipmentCalledOff(order.Reason), new RefundPayment(order.Reason)],
        (Seeking order, CarrierBooked carrier) =>
            [new CancelCarrier(carrier.TrackingId, order.CustomerId, order.Reason, carrier.PromisedBy)],

        (Booked booked, OrderCancellationRequested cancellation) =>
            [new CancelCarrier(booked.TrackingId, cancellation.CustomerId, cancellation.Reason)],
        (CallingOff order, CarrierCancelled) => [new ShipmentCalledOff(order.Reason), new RefundPayment(order.Reason)],
        (CallingOff { Unwatched: { } promisedBy } order, CarrierTooLate) =>
            [new CancellationRefused(order.CustomerId, PickedUpAlready), new ShipmentDue(promisedBy)],
        (CallingOff order, CarrierTooLate) => [new CancellationRefused(order.CustomerId, PickedUpAlready)],
        (Shipped { CancellationRefused: false }, OrderCancellationRequested cancellation) =>
            [new CancellationRefused(cancellation.CustomerId, PickedUpAlready)],

        // An operator discarded the payment whose turn had booked the carrier, but the parcel is on its way: the order ends as shipped.
        (PickedUpEarly parcel, OrderCancellationRequested cancellation) =>
            [new OrderShipped(parcel.TrackingId), new CancellationRefused(cancellation.CustomerId, PickedUpAlready)],

        // Answered before, or closed: a refused shipment has sent the money back already.
        _ => [],
    };

    static ShipmentState Evolve(ShipmentState state, OrderEvent @event) => (state, @event) switch
    {
        (NotBooked, BookCarrier order) => new Booking(order.CustomerId, PickedUp: false),
        (PickedUpEarly early, BookCarrier order) => new Booking(order.CustomerId, PickedUp: true, early.TrackingId),
        (Booking order, ShipmentBooked booked) => new Booked(order.CustomerId, booked.TrackingId, booked.PromisedBy),
        (Booking, ShippingFailed) => new Refused(),
        (Booked or TooLate, ShipmentDue) => state,
        (Booked or TooLate, FindParcel question) => new Asking(state, question),
        (Asking { Parcel: Booked booked } order, ShippingDelayed) => order with { Parcel = booked with { Delayed = true } },
        (Asking { Parcel: Booked booked }, ShipmentDue next) => booked with { Asked = next.Asked ?? 0 },
        (Asking { Parcel: TooLate parcel }, ShipmentDue next) => parcel with { Asked = next.Asked ?? 0 },
        (Booked or TooLate or PickedUpEarly or Asking, OrderShipped) => new Shipped(),

        // Versions that did not ask the carrier recorded this alone.
        (Booked booked, ShippingDelayed) => booked with { Delayed = true },
        (NotBooked, FindBooking find) => new Seeking(find.CustomerId, find.Reason),
        (Booked or Seeking, CancelCarrier cancel) => new CallingOff(cancel.CustomerId, cancel.TrackingId, cancel.Reason, cancel.PromisedBy),
        (Seeking or CallingOff, ShipmentCalledOff) => new CalledOff(),
        (CallingOff order, CancellationRefused) => new TooLate(order.TrackingId),
        (Shipped, CancellationRefused) => new Shipped(CancellationRefused: true),
        (Booked booked, WrongPickUpNoted noted) => booked with { WrongParcel = noted.TrackingId },
        (TooLate kept, WrongPickUpNoted noted) => kept with { WrongParcel = noted.TrackingId },
        (NotBooked, EarlyPickUpNoted noted) => new PickedUpEarly(noted.TrackingId),
        (CalledOff or Refused, RefundPayment) => state,
        (CalledOff, PickedUpAfterCallOff) => new CalledOff(PickedUp: true),
        (Refused, PickedUpAfterCallOff) => new Refused(PickedUp: true),
        _ => throw new ImpossibleEventException(state, @event),
    };

    /// <summary>Asked again after a quarter of an hour, then after twice as long each time, at last once a day.</summary>
    static ShipmentDue Next(FindParcel question)
    {
        var asked = question.Asked ?? 0;
        var pause = TimeSpan.FromMinutes(15) * (1 << Math.Min(asked, 7));
        return new(question.DueAt + (pause < OneDay ? pause : OneDay), asked + 1);
    }

    static readonly TimeSpan OneDay = TimeSpan.FromDays(1);

    const string PickedUpAlready = "the carrier has picked it up already";
}
