using OrderFunctions.Benchmarks.Peer;

namespace OrderFunctions.Benchmarks.WolverinePeer;

public sealed class InventoryHandler(Outside outside)
{
    public object Handle(OrderCreated order) => outside.Reserve(order.OrderId, order.Lines) is { } missing
        ? new InventoryReservationFailed(order.OrderId, $"out of stock: {missing}")
        : new InventoryReserved(order.OrderId, order.CustomerId, order.Total, order.CardToken, order.ShipTo);

    public InventoryRestocked Handle(RestockInventory restock)
    {
        outside.Release(restock.OrderId);
        return new(restock.OrderId, restock.Reason);
    }

    public void Handle(OrderShipped shipment) => outside.Consume(shipment.OrderId);
}

public sealed class PaymentsHandler(Outside outside)
{
    public IEnumerable<object> Handle(InventoryReserved order) =>
        outside.Charge(order.OrderId, order.Total, order.CardToken) is { } chargeId
            ? [new PaymentSucceeded(order.OrderId, chargeId, order.Total, order.CustomerId, order.ShipTo)]
            : [new PaymentFailed(order.OrderId, "card declined"), new RestockInventory(order.OrderId, "card declined")];

    public IEnumerable<object> Handle(RefundPayment refund)
    {
        var (refundId, amount) = outside.Refund(refund.OrderId);
        return [new PaymentRefunded(refund.OrderId, refundId, amount), new RestockInventory(refund.OrderId, refund.Reason)];
    }
}

public sealed class ShippingHandler(Outside outside)
{
    public IEnumerable<object> Handle(PaymentSucceeded order) =>
        outside.Book(order.OrderId, order.ShipTo) is { } trackingId
            ? [new ShipmentBooked(order.OrderId, trackingId, DateTimeOffset.UtcNow.AddSeconds(2))]
            : [
                new ShippingFailed(order.OrderId, "the carrier does not deliver there"),
                new RefundPayment(order.OrderId, "the carrier does not deliver there"),
            ];
}

public sealed class NotificationsHandler(Outside outside)
{
    public void Handle(OrderCompleted order) => outside.Notify(order.OrderId, $"Your order is on its way: {order.TrackingId}.");

    public void Handle(OrderRejected order) => outside.Notify(order.OrderId, $"We could not complete your order: {order.Reason}.");
}
