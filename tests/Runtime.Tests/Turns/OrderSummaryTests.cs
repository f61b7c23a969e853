using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Turns;

public class OrderSummaryTests
{
    static readonly DateTimeOffset Start = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    static readonly OrderCreated Created = new("17850", [new("A", "", 1, 10)], World.Total, "tok", World.Home, "main", "key");

    static OrderSummary? Of(params OrderEvent[] events) => OrderSummary.Of(OrderStream.Empty("o-1") with
    {
        Entries = [.. events.Select((e, i) => new Entry($"m-{i}", "x", Via.Bus, Start.AddSeconds(i), [new($"o-1/orders/{i}", e)]))],
    });

    [Fact]
    public void An_order_that_was_never_placed_has_no_summary() => Assert.Null(Of());

    [Theory]
    [InlineData(OrderStatus.Placed)]
    [InlineData(OrderStatus.Reserved, "ReservationNoted")]
    [InlineData(OrderStatus.Paid, "ChargeNoted")]
    [InlineData(OrderStatus.Booked, "ChargeNoted", "BookingNoted")]
    [InlineData(OrderStatus.Delayed, "BookingNoted", "DelayNoted")]
    [InlineData(OrderStatus.Rejecting, "FailureNoted")]
    [InlineData(OrderStatus.Rejecting, "FailureNoted", "RefundNoted")]
    [InlineData(OrderStatus.Cancelling, "OrderCancellationRequested", "ChargeNoted", "BookingNoted", "DelayNoted")]
    [InlineData(OrderStatus.Booked, "BookingNoted", "OrderCancellationRequested", "RefusedCancellationNoted")]
    [InlineData(OrderStatus.Delayed, "BookingNoted", "DelayNoted", "OrderCancellationRequested", "RefusedCancellationNoted")]
    [InlineData(OrderStatus.Completed, "OrderCompleted", "RefusedCancellationNoted")]
    [InlineData(OrderStatus.Rejected, "OrderRejected")]
    [InlineData(OrderStatus.Cancelled, "OrderCancellationRequested", "OrderCancelled")]
    public void The_status_follows_the_events(OrderStatus status, params string[] events) =>
        Assert.Equal(status, Of([Created, .. events.Select(name => Contracts.Samples.EveryEvent.First(e => e.GetType().Name == name))])!.Status);

    /// <summary>Orders does not hear them, but what it hears implies them.</summary>
    [Fact]
    public void Facts_that_others_exchange_follow_from_what_Orders_hears()
    {
        var booked = FactsOf("ShipmentBooked");
        Assert.Equal(OrderFacts.ShipmentDue, booked & (OrderFacts.ShipmentDue | OrderFacts.RefundPayment | OrderFacts.RestockInventory));
        Assert.True(FactsOf("ShippingFailed").HasFlag(OrderFacts.RefundPayment));
        Assert.True(FactsOf("PaymentFailed").HasFlag(OrderFacts.RestockInventory));

        static OrderFacts FactsOf(string heard) => OrderSummary.Of(OrderStream.Empty("o-1") with
        {
            Entries =
            [
                new Entry("m-0", "x", Via.Bus, Start, [new("o-1/orders/0", Created)]), new Entry("m-1", heard, Via.Bus, Start, []),
            ],
        })!.Facts;
    }

    [Fact]
    public void A_summary_tells_when_the_order_was_placed_and_last_changed()
    {
        var summary = Of(Created, new ReservationNoted(), new ChargeNoted(World.Total))!;
        Assert.Equal((Start, Start.AddSeconds(2), World.Total, "key"), (summary.PlacedAt, summary.UpdatedAt, summary.Charged!, summary.IdempotencyKey));
    }

    [Fact]
    public void A_summary_tells_when_each_step_was_done() => Assert.Equal(
        new StepTimes(1_000, 2_000, 3_000, 4_000),
        Of(Created, new ReservationNoted(), new ChargeNoted(World.Total), new BookingNoted("t", Start), new OrderCompleted("17850", "t"))!.Steps);

    [Theory]
    [InlineData(false, "ChargeNoted")]
    [InlineData(true, "ChargeNoted", "OrderCancellationRequested")]
    [InlineData(true, "ChargeNoted", "FailureNoted")]
    [InlineData(false, "ChargeNoted", "FailureNoted", "RefundNoted")]
    [InlineData(false, "FailureNoted")]
    [InlineData(false, "ChargeNoted", "BookingNoted", "OrderCancellationRequested", "RefusedCancellationNoted")]
    [InlineData(true, "ChargeNoted", "OrderCancellationRequested", "OrderCancelled")]
    [InlineData(false, "ChargeNoted", "OrderCompleted")]
    public void A_charge_is_owed_once_the_order_is_called_off_and_until_it_is_given_back(bool isOwed, params string[] events)
    {
        var order = Of([Created, .. events.Select(name => Contracts.Samples.EveryEvent.First(e => e.GetType().Name == name))])!;
        Assert.Equal(isOwed ? order.Charged : null, order.Owed);
        Assert.Null((order with { Settled = ["payments"] }).Owed);
    }

    [Fact]
    public void An_audit_finds_what_does_not_add_up()
    {
        var completed = Of(Created, new ChargeNoted(World.Total), new OrderCompleted("17850", "t"))!;
        Assert.Empty(OrderAudit.FindingsOf(completed, Start));
        Assert.Contains("but charged nothing", Finding(completed with { Charged = null }), StringComparison.Ordinal);
        Assert.Contains("were refunded", Finding(completed with { Refunded = World.Total }), StringComparison.Ordinal);
        Assert.Contains("were not given back", Finding(completed with { Status = OrderStatus.Cancelled }), StringComparison.Ordinal);
        Assert.Contains("The parcel left", Finding(completed with { Facts = OrderFacts.PickedUpAfterCallOff }), StringComparison.Ordinal);

        var open = Of(Created)!;
        Assert.Empty(OrderAudit.FindingsOf(open, Start.AddMinutes(59)));
        Assert.Contains("parked nowhere", Finding(open), StringComparison.Ordinal);
        Assert.Empty(OrderAudit.FindingsOf(open with { Status = OrderStatus.Booked }, Start.AddDays(1)));
        var parked = new ParkingNoted("payments", 3, "o-1/inventory/2", "HandlerFailed", "a bug");
        Assert.Equal("Parked at payments.", Finding(Of(Created, parked)!));

        static string Finding(OrderSummary order) => Assert.Single(OrderAudit.FindingsOf(order, Start.AddDays(1)));
    }

    [Fact]
    public void A_parked_order_shows_where_and_why_until_it_is_resumed()
    {
        var parked = new ParkingNoted("payments", 3, "o-1/inventory/2", "HandlerFailed", "a bug");
        var at = Of(Created, parked)!.Parked["payments"];
        Assert.Equal((true, "HandlerFailed", "a bug", Start.AddSeconds(1)), (at.IsParked, at.Reason!, at.Description!, at.Since));
        Assert.False(Of(Created, parked, new ResumptionNoted("payments", 5))!.Parked["payments"].IsParked);
    }

    [Fact]
    public void Of_two_reports_that_arrive_out_of_order_the_higher_sequence_wins() =>
        Assert.False(Of(Created, new ResumptionNoted("payments", 5), new ParkingNoted("payments", 3, "m", "r", "d"))!.Parked["payments"].IsParked);
}
