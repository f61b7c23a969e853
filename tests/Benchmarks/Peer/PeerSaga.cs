using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using OrderFunctions.Benchmarks.Sides;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Peer;

/// <summary>
/// The same saga on MassTransit: a state machine in the place of Orders, a consumer for each of the four services, one endpoint each. The
/// settings are those its documentation recommends for consumers and sagas: retries outside, the in-memory outbox inside, endpoints by
/// convention. It keeps no audit trail, no inbox against duplicates, no promised time that is watched; the saga's instances are in memory,
/// whatever the transport is.
/// </summary>
static class PeerSaga
{
    /// <summary>Messages that an endpoint handles at once: as many as one of our participants handles orders.</summary>
    const int AtOnce = 32;

    public static void Add(IServiceCollection services, Action<IBusRegistrationConfigurator> transport) => services
        .AddSingleton<Finals>()
        .AddSingleton<Outside>()
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
