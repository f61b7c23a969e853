using MassTransit;

namespace OrderFunctions.Benchmarks.Peer;

sealed class InventoryConsumer(Outside outside) : IConsumer<OrderCreated>, IConsumer<RestockInventory>, IConsumer<OrderShipped>
{
    public Task Consume(ConsumeContext<OrderCreated> context)
    {
        var order = context.Message;
        return outside.Reserve(order.CorrelationId, order.Lines) is { } missing
            ? context.Publish(new InventoryReservationFailed(order.CorrelationId, $"out of stock: {missing}"))
            : context.Publish(new InventoryReserved(order.CorrelationId, order.CustomerId, order.Total, order.CardToken, order.ShipTo));
    }

    public Task Consume(ConsumeContext<RestockInventory> context)
    {
        outside.Release(context.Message.CorrelationId);
        return context.Publish(new InventoryRestocked(context.Message.CorrelationId, context.Message.Reason));
    }

    public Task Consume(ConsumeContext<OrderShipped> context)
    {
        outside.Consume(context.Message.CorrelationId);
        return Task.CompletedTask;
    }
}

sealed class PaymentsConsumer(Outside outside) : IConsumer<InventoryReserved>, IConsumer<RefundPayment>
{
    public async Task Consume(ConsumeContext<InventoryReserved> context)
    {
        var order = context.Message;
        if (outside.Charge(order.CorrelationId, order.Total, order.CardToken) is { } chargeId)
        {
            await context.Publish(new PaymentSucceeded(order.CorrelationId, chargeId, order.Total, order.CustomerId, order.ShipTo));
            return;
        }
        await context.Publish(new PaymentFailed(order.CorrelationId, "card declined"));
        await context.Publish(new RestockInventory(order.CorrelationId, "card declined"));
    }

    public async Task Consume(ConsumeContext<RefundPayment> context)
    {
        var (refundId, amount) = outside.Refund(context.Message.CorrelationId);
        await context.Publish(new PaymentRefunded(context.Message.CorrelationId, refundId, amount));
        await context.Publish(new RestockInventory(context.Message.CorrelationId, context.Message.Reason));
    }
}

sealed class ShippingConsumer(Outside outside) : IConsumer<PaymentSucceeded>
{
    public async Task Consume(ConsumeContext<PaymentSucceeded> context)
    {
        var order = context.Message;
        if (outside.Book(order.CorrelationId, order.ShipTo) is { } trackingId)
        {
            await context.Publish(new ShipmentBooked(order.CorrelationId, trackingId, DateTimeOffset.UtcNow.AddSeconds(2)));
            return;
        }
        await context.Publish(new ShippingFailed(order.CorrelationId, "the carrier does not deliver there"));
        await context.Publish(new RefundPayment(order.CorrelationId, "the carrier does not deliver there"));
    }
}

sealed class NotificationsConsumer(Outside outside) : IConsumer<OrderCompleted>, IConsumer<OrderRejected>
{
    public Task Consume(ConsumeContext<OrderCompleted> context)
    {
        outside.Notify(context.Message.CorrelationId, $"Your order is on its way: {context.Message.TrackingId}.");
        return Task.CompletedTask;
    }

    public Task Consume(ConsumeContext<OrderRejected> context)
    {
        outside.Notify(context.Message.CorrelationId, $"We could not complete your order: {context.Message.Reason}.");
        return Task.CompletedTask;
    }
}
