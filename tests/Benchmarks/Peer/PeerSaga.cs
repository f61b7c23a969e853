using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using OrderFunctions.Benchmarks.Sides;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Peer;

/// <summary>
/// The same saga on MassTransit: a state machine instead of Orders, and a consumer for each of the four services, with one endpoint each.
/// Settings follow its documentation for consumers and sagas: retries outside, the in-memory outbox inside, endpoints by convention. It has
/// no audit trail, no inbox against duplicates and no monitoring of the promised time. Saga instances are in memory with every transport.
/// </summary>
static class PeerSaga
{
    /// <summary>Messages per endpoint handled concurrently: the same as the concurrent orders of one of our participants.</summary>
    const int AtOnce = 32;

    public static void Add(IServiceCollection services, Action<IBusRegistrationConfigurator> transport) => services
        .AddSingleton<Finals>()
        .AddSingleton(all => new Outside(
            all.GetRequiredService<Finals>(),
            (order, trackingId) => all.GetRequiredService<IBus>().Publish(new OrderShipped(order, trackingId))))
        .AddMassTransit(x =>
        {
            x.AddSagaStateMachine<OrderStateMachine, OrderState>().InMemoryRepository();
            x.AddConsumer<InventoryConsumer>();
            x.AddConsumer<PaymentsConsumer>();
            x.AddConsumer<ShippingConsumer>();
            x.AddConsumer<NotificationsConsumer>();
            x.AddConfigureEndpointsCallback((context, _, endpoint) =>
            {
                endpoint.PrefetchCount = AtOnce * 2;
                endpoint.ConcurrentMessageLimit = AtOnce;
                endpoint.UseMessageRetry(retry => retry.Immediate(3));
                endpoint.UseInMemoryOutbox(context);
            });
            transport(x);
        });

    public static Task PlaceAsync(IBus bus, Guid id, PlaceOrder order)
    {
        var total = new Money(order.Lines.Sum(line => line.Quantity * line.UnitPrice), order.Currency);
        return bus.Publish(new PlacedOrder(id, order.CustomerId, order.Lines, total, order.CardToken, order.ShipTo, order.Warehouse));
    }
}
