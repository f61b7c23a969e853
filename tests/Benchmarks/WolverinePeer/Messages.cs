using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.WolverinePeer;

// The same messages as the saga's own, with the same fields. Wolverine finds a saga by a message's field, so each also carries its order's
// id.

public sealed record PlacedOrder(
    Guid OrderId, string CustomerId, IReadOnlyList<OrderLine> Lines, Money Total, string CardToken, Address ShipTo, string Warehouse);

public sealed record OrderCreated(
    Guid OrderId, string CustomerId, IReadOnlyList<OrderLine> Lines, Money Total, string CardToken, Address ShipTo, string Warehouse);
public sealed record OrderCompleted(Guid OrderId, string CustomerId, string TrackingId);
public sealed record OrderRejected(Guid OrderId, string CustomerId, FailedStep FailedAt, string Reason);

public sealed record InventoryReserved(Guid OrderId, string CustomerId, Money Total, string CardToken, Address ShipTo);
public sealed record InventoryReservationFailed(Guid OrderId, string Reason);
public sealed record RestockInventory(Guid OrderId, string Reason);
public sealed record InventoryRestocked(Guid OrderId, string Reason);

public sealed record PaymentSucceeded(Guid OrderId, string ChargeId, Money Amount, string CustomerId, Address ShipTo);
public sealed record PaymentFailed(Guid OrderId, string Reason);
public sealed record RefundPayment(Guid OrderId, string Reason);
public sealed record PaymentRefunded(Guid OrderId, string RefundId, Money Amount);

public sealed record ShipmentBooked(Guid OrderId, string TrackingId, DateTimeOffset PromisedBy);
public sealed record OrderShipped(Guid OrderId, string TrackingId);
public sealed record ShippingFailed(Guid OrderId, string Reason);
