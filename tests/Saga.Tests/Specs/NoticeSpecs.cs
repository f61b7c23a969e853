using OrderFunctions.Saga.Notifications;
using static OrderFunctions.Saga.Tests.Samples;

namespace OrderFunctions.Saga.Tests.Specs;

public class NoticeSpecs
{
    static Spec Given(params OrderEvent[] events) => new(Notice.Decider, events);

    static void Tells(OrderEvent heard, string detail) =>
        Given().When(heard).ThenAsks(new Notify(heard.GetType().Name, "17850", detail)).Answered(new Notified()).ThenNothingHappens();

    [Fact]
    public void A_customer_is_notified_that_the_order_is_on_its_way() => Tells(new OrderCompleted("17850", "tr-1"), "Your order is on its way: tr-1.");

    [Fact]
    public void A_customer_is_notified_why_the_order_was_rejected() =>
        Tells(new OrderRejected("17850", FailedStep.Payment, "card declined"), "We could not complete your order: card declined.");

    [Fact]
    public void A_customer_is_notified_that_the_order_is_cancelled() => Tells(new OrderCancelled("17850", "changed my mind"), "Your order is cancelled.");

    [Fact]
    public void A_customer_is_notified_why_the_order_cannot_be_cancelled() =>
        Tells(IsTooLate, "Your order can no longer be cancelled: the carrier has picked it up already.");

    [Fact]
    public void A_customer_is_notified_of_a_delay() => Tells(IsDelayed, "Your order is late; it was promised by 2026-11-24 17:00:00Z.");

    [Fact]
    public void A_second_notice_of_another_kind_is_sent_too() =>
        Given(new Notify("ShippingDelayed", "17850", "late"))
            .When(new OrderCompleted("17850", "tr-1"))
            .ThenAsks(new Notify("OrderCompleted", "17850", "Your order is on its way: tr-1."))
            .Answered(new Notified())
            .ThenNothingHappens();
}
