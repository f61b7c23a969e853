using OrderFunctions.Saga.Payments;
using static OrderFunctions.Saga.Tests.Samples;

namespace OrderFunctions.Saga.Tests.Specs;

public class PaymentSpecs
{
    static readonly RefundPayment Refund = new("changed my mind");
    static readonly FindCharge Find = new("changed my mind");
    static readonly PaymentVoided IsVoided = new("changed my mind");
    static readonly RestockInventory Restock = new("changed my mind");

    static Spec Given(params OrderEvent[] events) => new(Payment.Decider, events);

    [Fact]
    public void A_reserved_order_is_charged() =>
        Given().When(IsReserved).ThenAsks(Charge).Answered(new CardCharged("ch-1", Total)).Then(IsPaid);

    static readonly InventoryReserved IsFree = IsReserved with { Total = new(0, "GBP") };
    static readonly PaymentSucceeded IsSettled = new("", new(0, "GBP"), "17850", Home);

    [Fact]
    public void An_order_that_costs_nothing_is_paid_without_a_charge() => Given().When(IsFree).Then(IsSettled);

    [Fact]
    public void An_order_that_costs_nothing_needs_no_refund() => Given(IsSettled).When(Refund).Then(IsVoided, Restock);

    [Fact]
    public void An_order_that_costs_nothing_and_is_called_off_before_needs_no_look_up() =>
        Given(Find, IsVoided, Restock).When(IsFree).ThenNothingHappens();

    [Fact]
    public void A_total_that_an_earlier_version_did_not_round_is_charged_as_the_currency_allows() =>
        Given().When(IsReserved with { Total = new(400.681m, "GBP") })
            .ThenAsks(Charge with { Amount = new(400.68m, "GBP") })
            .Answered(new CardCharged("ch-1", new(400.68m, "GBP")))
            .Then(IsPaid with { Amount = new(400.68m, "GBP") });

    [Fact]
    public void A_declined_card_sends_the_stock_back() =>
        Given().When(IsReserved).ThenAsks(Charge).Answered(new CardDeclined("card declined", "stolen_card")).Then(IsDeclined, new RestockInventory("card declined"));

    [Fact]
    public void Another_amount_than_was_asked_for_is_given_back_and_the_payment_has_failed() =>
        Given().When(IsReserved).ThenAsks(Charge).Answered(ChargedLess)
            .ThenAsks(new RefundCard("ch-1", ChargedLess.Amount, "charged 4.00 GBP instead of 20.34 GBP"))
            .Answered(new CardRefunded("re-1"))
            .Then(new PaymentFailed("charged 4.00 GBP instead of 20.34 GBP"), new PaymentRefunded("re-1", ChargedLess.Amount),
                new RestockInventory("charged 4.00 GBP instead of 20.34 GBP"));

    [Fact]
    public void Another_currency_is_another_amount() =>
        Given(Charge).When(new CardCharged("ch-1", Total with { Currency = "EUR" }))
            .ThenAsks(new RefundCard("ch-1", Total with { Currency = "EUR" }, "charged 20.34 EUR instead of 20.34 GBP"))
            .Answered(new CardRefunded("re-1"))
            .Then(new PaymentFailed("charged 20.34 EUR instead of 20.34 GBP"), new PaymentRefunded("re-1", Total with { Currency = "EUR" }),
                new RestockInventory("charged 20.34 EUR instead of 20.34 GBP"));

    [Fact]
    public void A_charge_that_was_returned_without_us_is_not_made_again() =>
        Given().When(IsReserved).ThenAsks(Charge).Answered(new ChargeReturned())
            .Then(new PaymentFailed("the payment was returned"), new RestockInventory("the payment was returned"));

    [Fact]
    public void A_refund_after_the_charge_was_returned_without_us_only_sends_the_stock_back() =>
        Given().When(Refund).ThenAsks(Find).Answered(new ChargeReturned()).Then(IsVoided, Restock);

    [Fact]
    public void A_charged_card_is_refunded_before_the_stock_is_put_back() =>
        Given(Charge, IsPaid)
            .When(new RefundPayment("carrier refused"))
            .ThenAsks(new RefundCard("ch-1", Total, "carrier refused"))
            .Answered(new CardRefunded("re-1"))
            .Then(new PaymentRefunded("re-1", Total), new RestockInventory("carrier refused"));

    [Fact]
    public void A_refund_that_comes_before_the_charge_only_sends_the_stock_back() =>
        Given().When(Refund).ThenAsks(Find).Answered(new NothingCharged()).Then(IsVoided, Restock);

    [Fact]
    public void A_refund_after_an_unrecorded_decline_only_sends_the_stock_back() =>
        Given().When(Refund).ThenAsks(Find).Answered(new CardDeclined("card declined")).Then(IsVoided, Restock);

    [Fact]
    public void A_charge_of_an_unrecorded_attempt_is_found_and_refunded() =>
        Given(Find).When(new CardCharged("ch-1", Total)).ThenAsks(new RefundCard("ch-1", Total, "changed my mind"))
            .Answered(new CardRefunded("re-1")).Then(new PaymentRefunded("re-1", Total), Restock);

    [Fact]
    public void A_voided_payment_is_never_charged() =>
        Given(Find, IsVoided, Restock).When(IsReserved).ThenAsks(Find).Answered(new NothingCharged()).ThenNothingHappens();

    [Fact]
    public void A_charge_that_was_under_way_when_it_was_voided_is_refunded() =>
        Given(Find, IsVoided, Restock, Find).When(new CardCharged("ch-1", Total)).ThenAsks(new RefundCard("ch-1", Total, "changed my mind"))
            .Answered(new CardRefunded("re-1")).Then(new PaymentRefunded("re-1", Total), Restock);

    [Fact]
    public void A_declined_payment_has_nothing_to_refund_and_has_sent_the_stock_back_already() =>
        Given(Charge, IsDeclined, new RestockInventory("card declined")).When(new RefundPayment("changed my mind")).ThenNothingHappens();

    [Fact]
    public void A_refunded_payment_is_not_refunded_again() =>
        Given(Charge, IsPaid, new RefundCard("ch-1", Total, "a"), new PaymentRefunded("re-1", Total), new RestockInventory("a"))
            .When(new RefundPayment("b")).ThenNothingHappens();
}
