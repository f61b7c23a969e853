using OrderFunctions.Benchmarks.Sides;
using OrderFunctions.Saga;
using Wolverine.Persistence.Sagas;

namespace OrderFunctions.Benchmarks.WolverinePeer;

/// <summary>Does what Orders does, as a Wolverine saga: follows what the services report, and publishes the one final event.</summary>
public sealed class Order : Wolverine.Saga
{
    public Guid Id { get; set; }
    public string CustomerId { get; set; } = "";
    public FailedStep FailedAt { get; set; }
    public string Reason { get; set; } = "";
    public Money? Charged { get; set; }
    public Money? Refunded { get; set; }
    public string? TrackingId { get; set; }
    public DateTimeOffset? PromisedBy { get; set; }
    public bool IsReserved { get; set; }
    public bool IsFinal { get; set; }

    public static (Order, OrderCreated) Start(PlacedOrder order) => (
        new Order { Id = order.OrderId, CustomerId = order.CustomerId },
        new(order.OrderId, order.CustomerId, order.Lines, order.Total, order.CardToken, order.ShipTo, order.Warehouse));

    public void Handle([SagaIdentityFrom(nameof(InventoryReserved.OrderId))] InventoryReserved _) => IsReserved = true;

    public void Handle([SagaIdentityFrom(nameof(PaymentSucceeded.OrderId))] PaymentSucceeded payment) => Charged = payment.Amount;

    public void Handle([SagaIdentityFrom(nameof(ShipmentBooked.OrderId))] ShipmentBooked shipment) =>
        (TrackingId, PromisedBy) = (shipment.TrackingId, shipment.PromisedBy);

    public OrderCompleted? Handle([SagaIdentityFrom(nameof(OrderShipped.OrderId))] OrderShipped shipment, Finals finals) =>
        End(finals.Complete) ? new(Id, CustomerId, shipment.TrackingId) : null;

    public OrderRejected? Handle([SagaIdentityFrom(nameof(InventoryReservationFailed.OrderId))] InventoryReservationFailed stock, Finals finals) =>
        End(finals.Reject) ? new(Id, CustomerId, FailedStep.Stock, stock.Reason) : null;

    public void Handle([SagaIdentityFrom(nameof(PaymentFailed.OrderId))] PaymentFailed payment) =>
        (FailedAt, Reason) = (FailedStep.Payment, payment.Reason);

    public void Handle([SagaIdentityFrom(nameof(ShippingFailed.OrderId))] ShippingFailed shipping) =>
        (FailedAt, Reason) = (FailedStep.Shipping, shipping.Reason);

    public void Handle([SagaIdentityFrom(nameof(PaymentRefunded.OrderId))] PaymentRefunded payment) => Refunded = payment.Amount;

    public OrderRejected? Handle([SagaIdentityFrom(nameof(InventoryRestocked.OrderId))] InventoryRestocked restock, Finals finals) =>
        End(finals.Reject) ? new(Id, CustomerId, FailedAt, restock.Reason) : null;

    bool End(Action count)
    {
        if (IsFinal)
            return false;
        IsFinal = true;
        count();
        return true;
    }
}
