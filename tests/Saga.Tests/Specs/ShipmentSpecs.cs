using OrderFunctions.Saga.Shipping;
using static OrderFunctions.Saga.Tests.Samples;

namespace OrderFunctions.Saga.Tests.Specs;

public class ShipmentSpecs
{
    static readonly CancelCarrier CallOff = new("tr-1", "17850", "changed my mind");
    static readonly FindBooking Find = new("17850", "changed my mind");
    static readonly ShipmentCalledOff CalledOff = new("changed my mind");
    static readonly RefundPayment Refund = new("changed my mind");

    static Spec Given(params OrderEvent[] events) => new(Shipment.Decider, events);

    [Fact]
    public void A_paid_order_is_booked_and_its_promised_time_is_watched() =>
        Given().When(IsPaid).ThenAsks(Book).Answered(new CarrierBooked("tr-1", Promised)).Then(IsBooked, Due);

    [Fact]
    public void A_refused_booking_gives_the_money_back() =>
        Given().When(IsPaid).ThenAsks(Book).Answered(new CarrierRefused("carrier refused", "no route")).Then(CannotShip, new RefundPayment("carrier refused"));

    [Fact]
    public void A_picked_up_parcel_ships_the_order() =>
        Given(Book, IsBooked, Due).When(new CarrierPickedUp("tr-1")).Then(IsShipped);

    [Fact]
    public void A_pick_up_that_is_heard_before_the_booking_is_recorded_is_remembered() =>
        Given().When(new CarrierPickedUp("tr-1")).Then(new EarlyPickUpNoted("tr-1"));

    [Fact]
    public void A_booking_recorded_after_its_pick_up_ships_the_order_at_once() =>
        Given(new EarlyPickUpNoted("tr-1")).When(IsPaid).ThenAsks(Book).Answered(new CarrierBooked("tr-1", Promised)).Then(IsBooked, IsShipped);

    [Fact]
    public void A_parcel_not_picked_up_by_the_promised_time_is_delayed_and_asked_for_again() =>
        Given(Book, IsBooked, Due).When(Due).ThenAsks(AskForParcel).Answered(new ParcelNotPickedUp()).Then(IsDelayed, DueAgain);

    [Fact]
    public void A_delayed_parcel_is_asked_for_at_growing_intervals_and_said_to_be_late_once() =>
        Given(Book, IsBooked, Due, AskForParcel, IsDelayed, DueAgain).When(DueAgain)
            .ThenAsks(new FindParcel("tr-1", DueAgain.DueAt, 1)).Answered(new ParcelNotPickedUp())
            .Then(new ShipmentDue(DueAgain.DueAt.AddMinutes(30), 2));

    [Fact]
    public void A_parcel_is_asked_for_once_a_day_at_last() =>
        Given(Book, IsBooked, Due, AskForParcel, IsDelayed, new ShipmentDue(Promised, 40)).When(new ShipmentDue(Promised, 40))
            .ThenAsks(new FindParcel("tr-1", Promised, 40)).Answered(new ParcelNotPickedUp())
            .Then(new ShipmentDue(Promised.AddDays(1), 41));

    [Fact]
    public void A_pick_up_whose_report_was_lost_is_found_at_the_promised_time() =>
        Given(Book, IsBooked, Due).When(Due).ThenAsks(AskForParcel).Answered(new ParcelPickedUp()).Then(IsShipped);

    [Fact]
    public void A_pick_up_whose_report_comes_after_all_ships_nothing_twice() =>
        Given(Book, IsBooked, Due, AskForParcel, IsShipped).When(new CarrierPickedUp("tr-1")).ThenNothingHappens();

    [Fact]
    public void A_parcel_picked_up_by_the_promised_time_is_not_delayed() =>
        Given(Book, IsBooked, Due, IsShipped).When(Due).ThenNothingHappens();

    [Fact]
    public void A_delayed_parcel_still_ships() =>
        Given(Book, IsBooked, Due, IsDelayed).When(new CarrierPickedUp("tr-1")).Then(IsShipped);

    [Fact]
    public void A_cancellation_before_the_payment_closes_the_order_and_gives_the_money_back() =>
        Given().When(CancellationRequested).ThenAsks(Find).Answered(new NothingBooked()).Then(CalledOff, Refund);

    [Fact]
    public void A_cancellation_after_an_unrecorded_refusal_closes_the_order_and_gives_the_money_back() =>
        Given().When(CancellationRequested).ThenAsks(Find).Answered(new CarrierRefused("carrier refused")).Then(CalledOff, Refund);

    [Fact]
    public void A_booking_of_an_unrecorded_attempt_is_found_and_called_off() =>
        Given(Find).When(new CarrierBooked("tr-1", Promised)).ThenAsks(CallOff with { PromisedBy = Promised }).Answered(new CarrierCancelled())
            .Then(CalledOff, Refund);

    [Fact]
    public void A_booking_of_an_unrecorded_attempt_that_is_too_late_to_cancel_is_watched() =>
        Given(Find).When(new CarrierBooked("tr-1", Promised)).ThenAsks(CallOff with { PromisedBy = Promised }).Answered(new CarrierTooLate())
            .Then(IsTooLate, Due);

    [Fact]
    public void A_payment_after_the_cancellation_is_not_shipped() =>
        Given(Find, CalledOff, Refund).When(IsPaid).ThenNothingHappens();

    [Fact]
    public void A_cancellation_after_the_booking_calls_the_carrier_off() =>
        Given(Book, IsBooked, Due).When(CancellationRequested).ThenAsks(CallOff).Answered(new CarrierCancelled()).Then(CalledOff, Refund);

    [Fact]
    public void A_delayed_order_can_be_cancelled() =>
        Given(Book, IsBooked, Due, IsDelayed).When(CancellationRequested).ThenAsks(CallOff).Answered(new CarrierCancelled()).Then(CalledOff, Refund);

    [Fact]
    public void A_cancellation_is_refused_when_the_carrier_says_it_is_too_late() =>
        Given(Book, IsBooked, Due).When(CancellationRequested).ThenAsks(CallOff).Answered(new CarrierTooLate()).Then(IsTooLate);

    [Fact]
    public void A_parcel_that_could_not_be_called_off_ships_when_its_pick_up_is_reported() =>
        Given(Book, IsBooked, Due, CallOff, IsTooLate).When(new CarrierPickedUp("tr-1")).Then(IsShipped);

    [Fact]
    public void A_parcel_that_could_not_be_called_off_is_asked_for_and_not_said_to_be_late() =>
        Given(Book, IsBooked, Due, CallOff, IsTooLate).When(Due).ThenAsks(AskForParcel).Answered(new ParcelNotPickedUp()).Then(DueAgain);

    [Fact]
    public void A_parcel_that_could_not_be_called_off_ships_when_its_pick_up_is_found() =>
        Given(Book, IsBooked, Due, CallOff, IsTooLate).When(Due).ThenAsks(AskForParcel).Answered(new ParcelPickedUp()).Then(IsShipped);

    [Fact]
    public void A_cancellation_after_the_pick_up_is_refused() =>
        Given(Book, IsBooked, Due, IsShipped).When(CancellationRequested).Then(IsTooLate);

    [Fact]
    public void A_cancellation_of_a_parcel_whose_booking_was_discarded_ends_the_order_as_shipped() =>
        Given(new EarlyPickUpNoted("tr-1")).When(CancellationRequested).Then(IsShipped, IsTooLate);

    [Fact]
    public void A_refused_booking_has_given_the_money_back_already() =>
        Given(Book, CannotShip, new RefundPayment("carrier refused")).When(CancellationRequested).ThenNothingHappens();

    [Fact]
    public void A_pick_up_after_the_order_was_called_off_is_a_fact() =>
        Given(Find, CalledOff, Refund).When(new CarrierPickedUp("tr-1")).Then(IsGone);

    [Fact]
    public void A_pick_up_that_was_heard_before_the_refusal_of_its_booking_is_recorded_is_a_fact() =>
        Given(new EarlyPickUpNoted("tr-1")).When(IsPaid).ThenAsks(Book).Answered(new CarrierRefused("carrier refused", "no route"))
            .Then(CannotShip, new RefundPayment("carrier refused"), IsGone);

    [Fact]
    public void A_pick_up_after_the_booking_was_refused_is_a_fact() =>
        Given(Book, CannotShip, new RefundPayment("carrier refused")).When(new CarrierPickedUp("tr-1")).Then(IsGone);

    [Fact]
    public void Another_parcel_is_noted_once_and_the_order_goes_on_as_it_was() =>
        Given(Book, IsBooked, Due).When(new CarrierPickedUp("tr-2")).Then(new WrongPickUpNoted("tr-2"));

    [Fact]
    public void The_right_parcel_still_ships_the_order_after_another_was_noted() =>
        Given(Book, IsBooked, Due, new WrongPickUpNoted("tr-2")).When(new CarrierPickedUp("tr-1")).Then(IsShipped);

    [Fact]
    public void Another_parcel_does_not_ship_an_order_whose_cancellation_came_too_late() =>
        Given(Book, IsBooked, Due, CallOff, IsTooLate).When(new CarrierPickedUp("tr-2")).Then(new WrongPickUpNoted("tr-2"));

    [Fact]
    public void A_parcel_that_came_before_the_booking_and_was_another_does_not_ship_the_order() =>
        Given(new EarlyPickUpNoted("tr-2")).When(IsPaid).ThenAsks(Book)
            .Answered(new CarrierBooked("tr-1", Promised)).Then(IsBooked, Due, new WrongPickUpNoted("tr-2"));
}
