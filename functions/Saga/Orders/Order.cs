namespace OrderFunctions.Saga.Orders;

public abstract record OrderState;
public sealed record NotPlaced : OrderState;

/// <summary>How far an order has come, as far as Orders has recorded it. The values are in order.</summary>
public enum Progress
{
    Placed,
    Reserved,
    Charged,
    Booked,
    Delayed,
    Refunded,
}

/// <summary>An order that is not final yet.</summary>
public abstract record Open(string CustomerId, Progress Reached) : OrderState
{
    /// <summary>Tracking id of a parcel that left although the order was called off.</summary>
    public string? PickedUp { get; init; }
}

public sealed record InProgress(string CustomerId, Progress Reached = Progress.Placed) : Open(CustomerId, Reached);
public sealed record Failing(string CustomerId, Progress Reached, FailedStep FailedAt, string Reason) : Open(CustomerId, Reached);
public sealed record Undone(string CustomerId, Progress Reached) : Open(CustomerId, Reached);
public sealed record Cancelling(string CustomerId, Progress Reached, string Reason) : Open(CustomerId, Reached);

/// <summary>Its cancellation was refused: it can only be shipped now.</summary>
public sealed record Kept(string CustomerId, Progress Reached) : Open(CustomerId, Reached);

public sealed record Completed(bool CancellationRefused = false) : OrderState;
public sealed record Rejected(bool PickedUp = false) : OrderState;
public sealed record Cancelled(bool PickedUp = false) : OrderState;

/// <summary>
/// Accepts orders, follows what the others report, and publishes the one final event. If both a failure and a cancellation come, the first
/// decides.
/// </summary>
public static class Order
{
    public static readonly Decider<OrderState> Decider = new(new NotPlaced(), Decide, Evolve);

    static IReadOnlyList<OrderEvent> Decide(OrderState state, OrderEvent input) => (state, input) switch
    {
        (NotPlaced, PlaceOrder order) => [Created(order)],
        (InProgress order, CancelOrder request) => [new OrderCancellationRequested(order.CustomerId, request.Reason)],

        (InProgress { Reached: < Progress.Reserved }, InventoryReserved) => [new ReservationNoted()],
        (InProgress { Reached: < Progress.Charged } or Cancelling { Reached: < Progress.Charged }, PaymentSucceeded payment) =>
            [new ChargeNoted(payment.Amount)],
        (InProgress { Reached: < Progress.Booked } or Cancelling { Reached: < Progress.Booked }, ShipmentBooked shipment) =>
            [new BookingNoted(shipment.TrackingId, shipment.PromisedBy)],
        (InProgress { Reached: < Progress.Delayed } or Cancelling { Reached: < Progress.Delayed }, ShippingDelayed) => [new DelayNoted()],
        (InProgress or Cancelling or Kept, OrderShipped shipment) => [new OrderCompleted(((Open)state).CustomerId, shipment.TrackingId)],

        (InProgress order, InventoryReservationFailed stock) => [new OrderRejected(order.CustomerId, FailedStep.Stock, stock.Reason)],
        (InProgress, PaymentFailed payment) => [new FailureNoted(FailedStep.Payment, payment.Reason, payment.Detail)],
        (InProgress, ShippingFailed shipping) => [new FailureNoted(FailedStep.Shipping, shipping.Reason, shipping.Detail)],
        (Failing { Reached: < Progress.Refunded } or Undone { Reached: < Progress.Refunded } or Cancelling { Reached: < Progress.Refunded },
            PaymentRefunded payment) => [new RefundNoted(payment.Amount)],
        (Failing order, InventoryRestocked) => [new OrderRejected(order.CustomerId, order.FailedAt, order.Reason)],

        // Everything is undone, but the failure itself has not arrived, for example because the broker dead-lettered it. Only it tells the
        // step.
        (InProgress, InventoryRestocked restock) => [new RestockNoted(restock.Reason)],
        (Undone order, PaymentFailed payment) => [new OrderRejected(order.CustomerId, FailedStep.Payment, payment.Reason)],
        (Undone order, ShippingFailed shipping) => [new OrderRejected(order.CustomerId, FailedStep.Shipping, shipping.Reason)],

        // Nothing was reserved, so nothing needs to come back: the order is cancelled at once.
        (Cancelling order, InventoryReservationFailed) => [new OrderCancelled(order.CustomerId, order.Reason)],
        (Cancelling order, InventoryRestocked) => [new OrderCancelled(order.CustomerId, order.Reason)],
        (Cancelling or Completed { CancellationRefused: false }, CancellationRefused refusal) =>
            [new RefusedCancellationNoted(refusal.Reason)],

        // It may be heard before the reason why the order was called off, which a crash kept from being published.
        (Open { PickedUp: null } and not Kept or Cancelled { PickedUp: false } or Rejected { PickedUp: false },
            PickedUpAfterCallOff parcel) => [new PickUpNoted(parcel.TrackingId)],

        // Handled before, or too late to matter.
        _ => [],
    };

    static OrderState Evolve(OrderState state, OrderEvent @event) => (state, @event) switch
    {
        (NotPlaced, OrderCreated order) => new InProgress(order.CustomerId),
        (InProgress order, ReservationNoted) => order with { Reached = Progress.Reserved },
        (InProgress or Cancelling, ChargeNoted) => (Open)state with { Reached = Progress.Charged },
        (InProgress or Cancelling, BookingNoted) => (Open)state with { Reached = Progress.Booked },
        (InProgress or Cancelling, DelayNoted) => (Open)state with { Reached = Progress.Delayed },
        (Failing or Undone or Cancelling, RefundNoted) => (Open)state with { Reached = Progress.Refunded },
        (InProgress order, FailureNoted failure) =>
            new Failing(order.CustomerId, order.Reached, failure.FailedAt, failure.Reason) { PickedUp = order.PickedUp },
        (InProgress order, OrderCancellationRequested cancellation) =>
            new Cancelling(order.CustomerId, order.Reached, cancellation.Reason) { PickedUp = order.PickedUp },
        (Cancelling order, RefusedCancellationNoted) => new Kept(order.CustomerId, order.Reached),
        (Completed, RefusedCancellationNoted) => new Completed(CancellationRefused: true),
        (InProgress or Cancelling or Kept, OrderCompleted) => new Completed(),
        (InProgress order, RestockNoted) => new Undone(order.CustomerId, order.Reached) { PickedUp = order.PickedUp },
        (InProgress or Failing or Undone, OrderRejected) => new Rejected(((Open)state).PickedUp is not null),
        (Cancelling order, OrderCancelled) => new Cancelled(order.PickedUp is not null),
        (InProgress or Failing or Undone or Cancelling, PickUpNoted parcel) => (Open)state with { PickedUp = parcel.TrackingId },
        (Cancelled, PickUpNoted) => new Cancelled(PickedUp: true),
        (Rejected, PickUpNoted) => new Rejected(PickedUp: true),
        _ => throw new ImpossibleEventException(state, @event),
    };

    static OrderCreated Created(PlaceOrder order)
    {
        var lines = order.Lines
            .GroupBy(line => (line.Sku, line.UnitPrice, line.NeedsStock))
            .Select(same => same.First() with { Quantity = same.Sum(line => line.Quantity) })
            .ToList();
        var total = lines.Sum(line => new Money(line.Quantity * line.UnitPrice, order.Currency).Rounded().Amount);
        return new(
            order.CustomerId, lines, new(total, order.Currency), order.CardToken, order.ShipTo, order.Warehouse, order.IdempotencyKey,
            order.Owner);
    }
}
