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

    [Fact]
    public void A_summary_tells_when_the_order_was_placed_and_last_changed()
    {
        var summary = Of(Created, new ReservationNoted(), new ChargeNoted(World.Total))!;
        Assert.Equal((Start, Start.AddSeconds(2), World.Total, "key"), (summary.PlacedAt, summary.UpdatedAt, summary.Charged!, summary.IdempotencyKey));
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
