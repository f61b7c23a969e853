using MassTransit;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Peer;

// The same messages as the saga's own, with the same fields. MassTransit correlates by a field, so each message also carries its order's
// id.

sealed record PlacedOrder(
    Guid CorrelationId, string CustomerId, IReadOnlyList<OrderLine> Lines, Money Total, string CardToken, Address ShipTo, string Warehouse)
    : CorrelatedBy<Guid>;

sealed record OrderCreated(
    Guid CorrelationId, string CustomerId, IReadOnlyList<OrderLine> Lines, Money Total, string CardToken, Address ShipTo, string Warehouse)
    : CorrelatedBy<Guid>;
sealed record OrderCompleted(Guid CorrelationId, string CustomerId, string TrackingId) : CorrelatedBy<Guid>;
sealed record OrderRejected(Guid CorrelationId, string CustomerId, FailedStep FailedAt, string Reason) : CorrelatedBy<Guid>;

sealed record InventoryReserved(Guid CorrelationId, string CustomerId, Money Total, string CardToken, Address ShipTo) : CorrelatedBy<Guid>;
sealed record InventoryReservationFailed(Guid CorrelationId, string Reason) : CorrelatedBy<Guid>;
sealed record RestockInventory(Guid CorrelationId, string Reason) : CorrelatedBy<Guid>;
sealed record InventoryRestocked(Guid CorrelationId, string Reason) : CorrelatedBy<Guid>;

sealed record PaymentSucceeded(Guid CorrelationId, string ChargeId, Money Amount, string CustomerId, Address ShipTo) : CorrelatedBy<Guid>;
sealed record PaymentFailed(Guid CorrelationId, string Reason) : CorrelatedBy<Guid>;
sealed record RefundPayment(Guid CorrelationId, string Reason) : CorrelatedBy<Guid>;
sealed record PaymentRefunded(Guid CorrelationId, string RefundId, Money Amount) : CorrelatedBy<Guid>;

sealed record ShipmentBooked(Guid CorrelationId, string TrackingId, DateTimeOffset PromisedBy) : CorrelatedBy<Guid>;
sealed record OrderShipped(Guid CorrelationId, string TrackingId) : CorrelatedBy<Guid>;
sealed record ShippingFailed(Guid CorrelationId, string Reason) : CorrelatedBy<Guid>;
