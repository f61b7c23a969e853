using MassTransit;
using OrderFunctions.Benchmarks.Sides;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Peer;

sealed class OrderState : SagaStateMachineInstance
{
    public Guid CorrelationId { get; set; }
    public string CurrentState { get; set; } = "";
    public string CustomerId { get; set; } = "";
    public FailedStep FailedAt { get; set; }
    public string Reason { get; set; } = "";
    public Money? Charged { get; set; }
    public Money? Refunded { get; set; }
    public string? TrackingId { get; set; }
    public DateTimeOffset? PromisedBy { get; set; }
}

/// <summary>
/// Does what Orders does, as a MassTransit saga: accepts an order, tracks what the services report, and publishes the one final event.
/// </summary>
sealed class OrderStateMachine : MassTransitStateMachine<OrderState>
{
    public OrderStateMachine(Finals finals)
    {
        InstanceState(order => order.CurrentState);

        Initially(
            When(Placed)
                .Then(c => c.Saga.CustomerId = c.Message.CustomerId)
                .Publish(c => new OrderCreated(
                    c.Message.CorrelationId, c.Message.CustomerId, c.Message.Lines, c.Message.Total, c.Message.CardToken, c.Message.ShipTo,
                    c.Message.Warehouse))
                .TransitionTo(Open));

        During(Open, Reserved,
            When(StockReserved).TransitionTo(Reserved),
            When(Charged).Then(c => c.Saga.Charged = c.Message.Amount),
            When(Booked).Then(c => (c.Saga.TrackingId, c.Saga.PromisedBy) = (c.Message.TrackingId, c.Message.PromisedBy)),
            When(Shipped)
                .Then(_ => finals.Complete())
                .Publish(c => new OrderCompleted(c.Message.CorrelationId, c.Saga.CustomerId, c.Message.TrackingId))
                .TransitionTo(Completed),
            When(StockShort)
                .Then(_ => finals.Reject())
                .Publish(c => new OrderRejected(c.Message.CorrelationId, c.Saga.CustomerId, FailedStep.Stock, c.Message.Reason))
                .TransitionTo(Rejected),
            When(CardDeclined)
                .Then(c => (c.Saga.FailedAt, c.Saga.Reason) = (FailedStep.Payment, c.Message.Reason))
                .TransitionTo(Failing),
            When(CarrierRefused)
                .Then(c => (c.Saga.FailedAt, c.Saga.Reason) = (FailedStep.Shipping, c.Message.Reason))
                .TransitionTo(Failing));

        // Needed because queues differ in speed: a compensation may be reported before the failure that caused it.
        During(Open, Reserved, Failing,
            When(Refunded).Then(c => c.Saga.Refunded = c.Message.Amount),
            When(Restocked)
                .Then(_ => finals.Reject())
                .Publish(c => new OrderRejected(c.Message.CorrelationId, c.Saga.CustomerId, c.Saga.FailedAt, c.Message.Reason))
                .TransitionTo(Rejected));

        OnUnhandledEvent(context => context.Ignore());
    }

    public State Open { get; } = null!;
    public State Reserved { get; } = null!;
    public State Failing { get; } = null!;
    public State Completed { get; } = null!;
    public State Rejected { get; } = null!;

    public Event<PlacedOrder> Placed { get; } = null!;
    public Event<InventoryReserved> StockReserved { get; } = null!;
    public Event<InventoryReservationFailed> StockShort { get; } = null!;
    public Event<PaymentSucceeded> Charged { get; } = null!;
    public Event<PaymentFailed> CardDeclined { get; } = null!;
    public Event<ShipmentBooked> Booked { get; } = null!;
    public Event<OrderShipped> Shipped { get; } = null!;
    public Event<ShippingFailed> CarrierRefused { get; } = null!;
    public Event<PaymentRefunded> Refunded { get; } = null!;
    public Event<InventoryRestocked> Restocked { get; } = null!;
}
