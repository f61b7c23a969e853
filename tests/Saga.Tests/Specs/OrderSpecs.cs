using System.Globalization;
using OrderFunctions.Saga.Orders;
using static OrderFunctions.Saga.Tests.Samples;

namespace OrderFunctions.Saga.Tests.Specs;

public class OrderSpecs
{
    static readonly FailureNoted PaymentFailure = new(FailedStep.Payment, "card declined", "stolen_card");
    static readonly OrderCancelled Cancelled = new("17850", "changed my mind");

    static readonly RestockNoted IsBack = new("card declined");

    static Spec Given(params OrderEvent[] events) => new(Order.Decider, events);

    [Fact]
    public void A_placed_order_is_created_with_its_total() => Given().When(Place).Then(Created);

    [Fact]
    public void Lines_of_the_same_SKU_and_price_are_merged() =>
        Given()
            .When(Place with { Lines = [new("A", "first", 2, 1.50m), new("A", "second", 3, 1.50m), new("A", "cheaper", 1, 1m), new("a", "", 1, 0m)] })
            .Then(Created with { Lines = [new("A", "first", 5, 1.50m), new("A", "cheaper", 1, 1m), new("a", "", 1, 0m)], Total = new(8.50m, "GBP") });

    [Theory]
    [InlineData("GBP", 1, "0.005", "0.01")]
    [InlineData("GBP", 1, "0.0049", "0.00")]
    [InlineData("GBP", 7, "57.2401", "400.68")]
    [InlineData("GBP", 1000, "0.0025", "2.50")]
    [InlineData("JPY", 3, "99.99", "300")]
    [InlineData("JPY", 1, "0.5", "1")]
    [InlineData("KWD", 1, "0.0015", "0.002")]
    [InlineData("KWD", 3, "1.125", "3.375")]
    public void A_line_is_rounded_to_the_currencys_minor_unit_half_away_from_zero(string currency, int quantity, string unitPrice, string total)
    {
        OrderLine[] lines = [new("A", "", quantity, decimal.Parse(unitPrice, CultureInfo.InvariantCulture))];
        Given().When(Place with { Currency = currency, Lines = lines })
            .Then(Created with { Lines = lines, Total = new(decimal.Parse(total, CultureInfo.InvariantCulture), currency) });
    }

    [Fact]
    public void The_total_is_the_sum_of_the_rounded_lines()
    {
        OrderLine[] lines = [new("A", "", 1, 0.005m), new("B", "", 1, 0.005m), new("C", "", 1, 0.004m)];
        Given().When(Place with { Lines = lines }).Then(Created with { Lines = lines, Total = new(0.02m, "GBP") });
    }

    [Fact]
    public void Lines_that_need_stock_are_not_merged_with_lines_that_need_none()
    {
        OrderLine[] lines = [new("A", "", 1, 1m), new("A", "", 1, 1m, NeedsStock: false)];
        Given().When(Place with { Lines = lines }).Then(Created with { Lines = lines, Total = new(2m, "GBP") });
    }

    [Fact]
    public void An_open_order_can_be_cancelled() => Given(Created).When(Cancel).Then(CancellationRequested);

    [Fact]
    public void An_order_is_not_cancelled_twice() => Given(Created, CancellationRequested).When(Cancel with { Reason = "again" }).ThenNothingHappens();

    [Fact]
    public void A_failing_order_is_not_cancelled_as_well() => Given(Created, PaymentFailure).When(Cancel).ThenNothingHappens();

    [Fact]
    public void A_final_order_is_not_cancelled() => Given(Created, new OrderCompleted("17850", "tr-1")).When(Cancel).ThenNothingHappens();

    [Fact]
    public void A_reservation_is_noted() => Given(Created).When(IsReserved).Then(new ReservationNoted());

    [Fact]
    public void A_charge_is_noted() => Given(Created, new ReservationNoted()).When(IsPaid).Then(new ChargeNoted(Total));

    [Fact]
    public void A_charge_is_noted_though_the_order_is_being_cancelled() => Given(Created, CancellationRequested).When(IsPaid).Then(new ChargeNoted(Total));

    [Fact]
    public void A_booking_is_noted() => Given(Created, new ChargeNoted(Total)).When(IsBooked).Then(new BookingNoted("tr-1", Promised));

    [Fact]
    public void A_delay_is_noted() => Given(Created, new BookingNoted("tr-1", Promised)).When(IsDelayed).Then(new DelayNoted());

    [Fact]
    public void A_refund_is_noted_of_a_failing_order() =>
        Given(Created, new ChargeNoted(Total), new FailureNoted(FailedStep.Shipping, "carrier refused", "no route"))
            .When(new PaymentRefunded("re-1", Total)).Then(new RefundNoted(Total));

    [Fact]
    public void A_refund_is_noted_of_an_order_that_is_being_cancelled() =>
        Given(Created, new ChargeNoted(Total), CancellationRequested).When(new PaymentRefunded("re-1", Total)).Then(new RefundNoted(Total));

    [Fact]
    public void Missing_stock_rejects_the_order_at_once() =>
        Given(Created).When(IsOutOfStock).Then(new OrderRejected("17850", FailedStep.Stock, "out of stock: 71053"));

    [Fact]
    public void Missing_stock_completes_a_cancellation_at_once() => Given(Created, CancellationRequested).When(IsOutOfStock).Then(Cancelled);

    [Fact]
    public void A_declined_card_rejects_the_order_once_its_stock_is_back() =>
        Given(Created, PaymentFailure).When(new InventoryRestocked("card declined")).Then(new OrderRejected("17850", FailedStep.Payment, "card declined"));

    [Fact]
    public void A_failure_is_noted_until_everything_is_undone() => Given(Created).When(IsDeclined).Then(PaymentFailure);

    [Fact]
    public void A_refused_shipment_is_noted_until_everything_is_undone() =>
        Given(Created).When(CannotShip).Then(new FailureNoted(FailedStep.Shipping, "carrier refused", "no route"));

    [Fact]
    public void A_restock_that_arrives_before_the_failure_is_noted() =>
        Given(Created).When(new InventoryRestocked("card declined")).Then(IsBack).When(Cancel).ThenNothingHappens();

    [Fact]
    public void A_declined_card_that_arrives_after_its_restock_rejects_the_order() =>
        Given(Created, IsBack).When(IsDeclined).Then(new OrderRejected("17850", FailedStep.Payment, "card declined"));

    [Fact]
    public void A_refused_shipment_that_arrives_after_its_restock_rejects_the_order() =>
        Given(Created, IsBack).When(new PaymentRefunded("re-1", Total)).Then(new RefundNoted(Total))
            .When(CannotShip).Then(new OrderRejected("17850", FailedStep.Shipping, "carrier refused"));

    [Fact]
    public void A_cancellation_that_was_accepted_first_wins_over_a_failure() =>
        Given(Created, CancellationRequested).When(IsDeclined).ThenNothingHappens()
            .When(new InventoryRestocked("card declined")).Then(Cancelled);

    [Fact]
    public void A_cancelled_order_is_final_once_its_stock_is_back() =>
        Given(Created, CancellationRequested).When(new InventoryRestocked("changed my mind")).Then(Cancelled);

    [Fact]
    public void A_parcel_that_left_after_the_cancellation_is_noted_once() =>
        Given(Created, CancellationRequested).When(IsGone).Then(new PickUpNoted("tr-1"))
            .When(new InventoryRestocked("changed my mind")).Then(Cancelled).When(IsGone).ThenNothingHappens();

    [Fact]
    public void A_parcel_that_left_after_the_order_was_final_is_noted_once() =>
        Given(Created, CancellationRequested, Cancelled).When(IsGone).Then(new PickUpNoted("tr-1"));

    [Fact]
    public void A_shipped_order_is_completed() => Given(Created).When(IsShipped).Then(new OrderCompleted("17850", "tr-1"));

    [Fact]
    public void A_parcel_that_left_is_noted_even_if_it_is_heard_before_the_failure() =>
        Given(Created).When(IsGone).Then(new PickUpNoted("tr-1")).When(IsGone).ThenNothingHappens();

    [Fact]
    public void A_parcel_that_left_is_noted_once_whenever_the_order_fails() =>
        Given(Created, new PickUpNoted("tr-1"), PaymentFailure).When(new InventoryRestocked("card declined"))
            .Then(new OrderRejected("17850", FailedStep.Payment, "card declined")).When(IsGone).ThenNothingHappens();

    [Fact]
    public void A_parcel_that_left_is_noted_once_when_everything_is_undone_before_the_failure_is_heard() =>
        Given(Created, IsBack).When(IsGone).Then(new PickUpNoted("tr-1")).When(IsGone).ThenNothingHappens();

    [Fact]
    public void A_shipped_order_is_completed_though_its_cancellation_was_asked_for() =>
        Given(Created, CancellationRequested).When(IsShipped).Then(new OrderCompleted("17850", "tr-1")).When(IsTooLate)
            .Then(new RefusedCancellationNoted(IsTooLate.Reason));

    [Fact]
    public void A_refused_cancellation_leaves_the_order_to_be_shipped() =>
        Given(Created, CancellationRequested, new RefusedCancellationNoted(IsTooLate.Reason)).When(IsShipped).Then(new OrderCompleted("17850", "tr-1"));
}
