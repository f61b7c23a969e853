using System.Collections.Immutable;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Contracts;

/// <summary>One of everything that a store or a bus must carry, with characters and numbers that are easily lost in transit.</summary>
static class Samples
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly Money Total = new(1234.56m, "GBP");
    public static readonly Address Address = new("O'Hära \"Zoë\" 张伟 🎁", "1 Høyde\nveien", "Kraków", "E9 3AA", "PL");

    /// <summary>One event of each kind that a stream may hold.</summary>
    public static readonly IReadOnlyList<OrderEvent> EveryEvent =
    [
        new OrderCreated("17850", [new("84968f", "SET OF 16", 2, 0.07m), new("84968F", "🎁", int.MaxValue, 79228162514264.33m)], Total, "tok_visa", Address, "main", "536365"),
        new OrderCreated("17850", [], Total with { Amount = 0m }, "tok_visa", Address, "main"),
        new OrderCancellationRequested("17850", "changed my mind"),
        new OrderCompleted("17850", "trk-1"),
        new OrderRejected("17850", FailedStep.Shipping, "refused"),
        new OrderCancelled("17850", ""),
        new ReservationNoted(),
        new ChargeNoted(Total),
        new BookingNoted("trk-1", Noon.AddTicks(1)),
        new DelayNoted(),
        new FailureNoted(FailedStep.Stock, "none left"),
        new RefundNoted(Total),
        new RestockNoted("declined"),
        new RefusedCancellationNoted("too late"),
        new ReserveStock("main", [new("84968f", 2), new("84968F", 1)], "17850", Total, "tok_visa", Address),
        new ReleaseStock("main", "declined"),
        new ConsumeStock("main"),
        new InventoryReserved("17850", Total, "tok_visa", Address),
        new InventoryReservationFailed("out of stock: 84968F"),
        new RestockInventory("declined"),
        new InventoryRestocked("declined"),
        new ChargeCard(Total, "tok_visa", "17850", Address),
        new FindCharge("cancelled"),
        new RefundCard("ch-1", Total, "refused"),
        new PaymentSucceeded("ch-1", Total, "17850", Address),
        new PaymentFailed("declined"),
        new RefundPayment("refused"),
        new PaymentRefunded("re-1", Total),
        new PaymentVoided("cancelled"),
        new BookCarrier("17850", Address),
        new FindBooking("17850", "cancelled"),
        new CancelCarrier("trk-1", "17850", "cancelled"),
        new CarrierPickedUp("trk-1"),
        new FindParcel("trk-1", Noon),
        new PickedUpAfterCallOff("trk-1"),
        new PickUpNoted("trk-1"),
        new ShipmentBooked("trk-1", Noon),
        new ShipmentDue(Noon),
        new OrderShipped("trk-1"),
        new ShippingFailed("refused"),
        new ShippingDelayed("17850", "trk-1", Noon),
        new CancellationRefused("17850", "too late"),
        new ShipmentCalledOff("cancelled"),
        new EarlyPickUpNoted("trk-1"),
        new WrongPickUpNoted("trk-2"),
        new Notify("OrderCompleted", "17850", "on its way"),
        new OrderParked("payments", 3, "o-1/inventory/2", "HandlerFailed", "a bug"),
        new OrderResumed("payments", 4),
        new ReplayRequested("payments"),
        new DiscardRequested("payments", "o-1/inventory/2", "olivia", "never valid"),
        new MessageDiscarded("o-1/inventory/2", "olivia", "never valid"),
        new SettleRequested("payments", "o-1/shipping/4", "17850", "changed my mind", "olivia", "refunded by bank transfer"),
        new StepSettled("o-1/shipping/4", "olivia", "refunded by bank transfer"),
        new SettlementRefused("payments", "o-1/shipping/4", "nothing left"),
        new SettlementRefusalNoted("payments", "o-1/shipping/4", "nothing left"),
        new ParkingNoted("payments", 3, "o-1/inventory/2", "HandlerFailed", "a bug"),
        new ResumptionNoted("payments", 4),
    ];

    public static Entry Entry(string orderId, int number, Via via = Via.Bus, params IReadOnlyList<OrderEvent> events) => new(
        $"{orderId}/sender/{number}", "InventoryReserved", via, Noon.AddSeconds(number),
        [.. events.Select((@event, index) => new RecordedEvent($"{orderId}/orders/{number}{index}", @event))]);

    public static OrderStream Stream(string orderId, params IReadOnlyList<Entry> entries) => OrderStream.Empty(orderId) with { Entries = [.. entries] };

    /// <summary>Returns what lists show of an order.</summary>
    public static OrderSummary Summary(
        string orderId, int minute, OrderStatus status = OrderStatus.Placed, string customer = "17850", string? key = null,
        DateTimeOffset? parkedSince = null) => new(
            orderId, customer, status, Total, 3, Noon.AddMinutes(minute), Noon.AddMinutes(minute),
            parkedSince is { } since
                ? ImmutableSortedDictionary<string, ParkedAt>.Empty.Add("payments", new(3, since, $"{orderId}/inventory/2", "HandlerFailed", "a bug"))
                : ImmutableSortedDictionary<string, ParkedAt>.Empty,
            key);

    public static Task SaveAsync(this IStreamStore store, OrderStream stream, CancellationToken cancellation) =>
        store.SaveAsync(stream, summary: null, cancellation);

    /// <summary>Adds an entry to the order's stream, with the summary that lists now show.</summary>
    public static async Task SaveAsync(this IStreamStore store, OrderSummary summary, CancellationToken cancellation)
    {
        var stream = await store.LoadAsync(summary.OrderId, cancellation) ?? OrderStream.Empty(summary.OrderId);
        await store.SaveAsync(stream.With(Entry(summary.OrderId, stream.Entries.Count + 1)), summary, cancellation);
    }

    public static OutboundMessage Message(string orderId, int number, PublicEvent? @event = null, DateTimeOffset? at = null) =>
        new($"{orderId}/sender/{number}", orderId, @event ?? new InventoryReserved("17850", Total, "tok_visa", Address), $"{orderId}/cause/{number}", Trace, at);

    public const string Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
}
