using System.Globalization;

namespace OrderFunctions.Saga;

// Every event of the saga. functions/Runtime/topology.json states who says and who hears each of them.

/// <summary>Anything that is heard, requested, answered, published or recorded about one order.</summary>
public abstract record OrderEvent
{
    /// <summary>Its name only: events hold card tokens and addresses, and texts end up in logs.</summary>
    public sealed override string ToString() => GetType().Name;
}

/// <summary>Published on the topic once it is saved: a fact, or a <see cref="Compensation"/>.</summary>
public abstract record PublicEvent : OrderEvent;

/// <summary>Calls an order off. It may be handled before the step that it undoes.</summary>
public interface ICallsOff;

/// <summary>Asks the participant of an earlier step to undo it.</summary>
public abstract record Compensation : PublicEvent, ICallsOff;

/// <summary>
/// Published by a speaker from outside: a webhook, which saves nothing. It is handled while the order is parked, because it may resolve
/// what is stuck, and operators must not undo what it reports.
/// </summary>
public interface IFromOutside;

/// <summary>A public event that the bus delivers at a later time, not before.</summary>
public interface IScheduled
{
    DateTimeOffset DueAt { get; }
}

/// <summary>A call to the outside, made within the turn; its <see cref="Answer"/> is decided on in the same turn.</summary>
public abstract record Intent : OrderEvent
{
    /// <summary>Tells intents of one name apart, where one order may need several. A method, so that it is not recorded.</summary>
    public virtual string? Subject() => null;

    /// <summary>The answer where a person has done it outside; null where only the outside can answer.</summary>
    public virtual Answer? ByHand() => null;
}

/// <summary>The outside's answer to an <see cref="Intent"/>. Never recorded: what matters of it is in the event that follows.</summary>
public abstract record Answer : OrderEvent;

/// <summary>The outside has not done what an <see cref="Intent"/> asks for. Only a look-up answers this.</summary>
public sealed record NothingDone : Answer;

/// <summary>
/// What a customer or an operator asks over HTTP. Never recorded: what matters of it is in the event that follows.
/// </summary>
public abstract record Request : OrderEvent;

/// <summary>Recorded by a participant for itself, never published.</summary>
public abstract record Note : OrderEvent;

public sealed record Money(decimal Amount, string Currency)
{
    /// <summary>What can be paid of it: rounded to the currency's minor unit, half away from zero.</summary>
    public Money Rounded() => Currencies.DecimalsOf(Currency) is { } decimals
        ? this with { Amount = Math.Round(Amount, decimals, MidpointRounding.AwayFromZero) }
        : this;

    /// <summary>With the currency's decimals, such as 1,234.50 GBP; with more where an earlier version did not round it.</summary>
    public override string ToString()
    {
        var decimals = Currencies.DecimalsOf(Currency) ?? 0;
        var format = $"#,0.{new string('0', decimals)}{new string('#', 4 - decimals)}";
        return $"{Amount.ToString(format, CultureInfo.InvariantCulture)} {Currency}";
    }
}

/// <param name="UnitPrice">Up to four decimals: it may be finer than the currency's minor unit.</param>
/// <param name="NeedsStock">False for postage, services and digital goods: charged, and not reserved.</param>
public sealed record OrderLine(string Sku, string Description, int Quantity, decimal UnitPrice, bool NeedsStock = true);

/// <summary>How many of one SKU an order takes; one line per SKU.</summary>
public sealed record StockLine(string Sku, int Quantity);

/// <summary>The user account of the customer who may follow and cancel an order, as tokens of Entra ID name it.</summary>
public sealed record Owner(string TenantId, string ObjectId);

/// <param name="PostalCode">Empty where the country has none; not null, because versions before require it.</param>
/// <param name="Country">ISO 3166-1 alpha-2.</param>
public sealed record Address(
    string Name, string Line1, string City, string PostalCode, string Country, string? Line2 = null, string? State = null);

/// <summary>The step at which an order failed.</summary>
public enum FailedStep
{
    Stock,
    Payment,
    Shipping,
}

// Orders

public sealed record PlaceOrder(
    string CustomerId,
    string Currency,
    IReadOnlyList<OrderLine> Lines,
    string CardToken,
    Address ShipTo,
    string Warehouse,
    string? IdempotencyKey = null,
    Owner? Owner = null) : Request;
public sealed record CancelOrder(string Reason) : Request;

public sealed record OrderCreated(
    string CustomerId,
    IReadOnlyList<OrderLine> Lines,
    Money Total,
    string CardToken,
    Address ShipTo,
    string Warehouse,
    string? IdempotencyKey = null,
    Owner? Owner = null) : PublicEvent;
public sealed record OrderCancellationRequested(string CustomerId, string Reason) : PublicEvent, ICallsOff;
public sealed record OrderCompleted(string CustomerId, string TrackingId) : PublicEvent;
public sealed record OrderRejected(string CustomerId, FailedStep FailedAt, string Reason) : PublicEvent;
public sealed record OrderCancelled(string CustomerId, string Reason) : PublicEvent;

// Orders records what the other participants report, so that its own store can answer a customer.
public sealed record ReservationNoted : Note;
public sealed record ChargeNoted(Money Amount) : Note;
public sealed record BookingNoted(string TrackingId, DateTimeOffset PromisedBy) : Note;
public sealed record DelayNoted : Note;
public sealed record FailureNoted(FailedStep FailedAt, string Reason, string? Detail = null) : Note;
public sealed record RefundNoted(Money Amount) : Note;
public sealed record RestockNoted(string Reason) : Note;
public sealed record RefusedCancellationNoted(string Reason) : Note;
public sealed record PickUpNoted(string TrackingId) : Note;

// Inventory

public sealed record ReserveStock(
    string Warehouse, IReadOnlyList<StockLine> Lines, string CustomerId, Money Total, string CardToken, Address ShipTo) : Intent;
public sealed record StockReserved : Answer;
public sealed record StockShort(IReadOnlyList<string> Skus) : Answer;
public sealed record ReleaseStock(string Warehouse, string Reason) : Intent;
public sealed record StockReleased : Answer;
public sealed record ConsumeStock(string Warehouse) : Intent;
public sealed record StockConsumed : Answer;

public sealed record InventoryReserved(string CustomerId, Money Total, string CardToken, Address ShipTo) : PublicEvent;
public sealed record InventoryReservationFailed(string Reason) : PublicEvent;
public sealed record RestockInventory(string Reason) : Compensation;
public sealed record InventoryRestocked(string Reason) : PublicEvent;

// Payments

public sealed record ChargeCard(Money Amount, string CardToken, string CustomerId, Address ShipTo) : Intent;
public sealed record CardCharged(string ChargeId, Money Amount) : Answer;

/// <param name="Reason">For the customer: nothing that a thief must not learn.</param>
/// <param name="Detail">The provider's own words, for operators.</param>
public sealed record CardDeclined(string Reason, string? Detail = null) : Answer;

/// <summary>It was charged, and all of it was given back without us.</summary>
public sealed record ChargeReturned : Answer;
public sealed record FindCharge(string Reason) : Intent;
public sealed record NothingCharged : Answer;
public sealed record RefundCard(string ChargeId, Money Amount, string Reason) : Intent
{
    public override Answer ByHand() => new CardRefunded("by hand");
}

public sealed record CardRefunded(string RefundId) : Answer;

/// <param name="ChargeId">Empty where the order costs nothing and no card was charged; versions before require it.</param>
public sealed record PaymentSucceeded(string ChargeId, Money Amount, string CustomerId, Address ShipTo) : PublicEvent;

/// <param name="Reason">For the customer.</param>
/// <param name="Detail">The provider's own words, for operators.</param>
public sealed record PaymentFailed(string Reason, string? Detail = null) : PublicEvent;
public sealed record RefundPayment(string Reason) : Compensation;
public sealed record PaymentRefunded(string RefundId, Money Amount) : PublicEvent;
public sealed record PaymentVoided(string Reason) : Note;

// Shipping

public sealed record BookCarrier(string CustomerId, Address ShipTo) : Intent;
public sealed record CarrierBooked(string TrackingId, DateTimeOffset PromisedBy) : Answer;

/// <param name="Reason">For the customer.</param>
/// <param name="Detail">The carrier's own words, for operators.</param>
public sealed record CarrierRefused(string Reason, string? Detail = null) : Answer;
public sealed record FindBooking(string CustomerId, string Reason) : Intent;
public sealed record NothingBooked : Answer;

/// <param name="PromisedBy">Where the booking was found and is not watched yet.</param>
public sealed record CancelCarrier(string TrackingId, string CustomerId, string Reason, DateTimeOffset? PromisedBy = null) : Intent
{
    public override Answer ByHand() => new CarrierCancelled();
}

public sealed record CarrierCancelled : Answer;
public sealed record CarrierTooLate : Answer;

/// <summary>Asks the carrier whether it has picked the parcel up: its report may be lost.</summary>
public sealed record FindParcel(string TrackingId, DateTimeOffset DueAt, int? Asked = null) : Intent;
public sealed record ParcelPickedUp : Answer;
public sealed record ParcelNotPickedUp : Answer;
public sealed record CarrierPickedUp(string TrackingId) : PublicEvent, IFromOutside;

public sealed record ShipmentBooked(string TrackingId, DateTimeOffset PromisedBy) : PublicEvent;

/// <summary>Shipping sends it to itself, to be delivered at <paramref name="DueAt"/> and not before.</summary>
/// <param name="Asked">How often the carrier has been asked before; null for never.</param>
public sealed record ShipmentDue(DateTimeOffset DueAt, int? Asked = null) : PublicEvent, IScheduled;
public sealed record OrderShipped(string TrackingId) : PublicEvent;

/// <param name="Reason">For the customer.</param>
/// <param name="Detail">The carrier's own words, for operators.</param>
public sealed record ShippingFailed(string Reason, string? Detail = null) : PublicEvent;
public sealed record ShippingDelayed(string CustomerId, string TrackingId, DateTimeOffset PromisedBy) : PublicEvent;
public sealed record CancellationRefused(string CustomerId, string Reason) : PublicEvent;

/// <summary>
/// The parcel left although its booking was cancelled or refused, and the money is given back: somebody must get it back.
/// </summary>
public sealed record PickedUpAfterCallOff(string TrackingId) : PublicEvent;
public sealed record ShipmentCalledOff(string Reason) : Note;
public sealed record EarlyPickUpNoted(string TrackingId) : Note;

/// <summary>The carrier reports a parcel that was not booked for this order. Somebody has to find out what it means.</summary>
public sealed record WrongPickUpNoted(string TrackingId) : Note;

// Notifications

/// <param name="Notice">The event of which the customer is notified; an order may lead to several notices.</param>
public sealed record Notify(string Notice, string CustomerId, string Detail) : Intent
{
    public override string Subject() => Notice;
}

public sealed record Notified : Answer;

// The kernel's control messages: they park an order at one participant and resume it. No decider hears or says them.

/// <summary>An event of the kernel itself: recorded or published by it, and left out of every fold.</summary>
public interface IKernelEvent;

/// <summary>
/// A participant has parked an order, because one of the order's messages could not be handled, or has tried that message again in vain.
/// </summary>
/// <param name="Sequence">
/// The event's place in the participant's stream. A participant's latest report is the one with the highest sequence.
/// </param>
/// <param name="Failed">The attempt that <paramref name="Description"/> tells of; null where the message was not tried.</param>
public sealed record OrderParked(
    string Participant, int Sequence, string MessageId, string Reason, string Description, FailedAttempt? Failed = null)
    : PublicEvent, IKernelEvent;

/// <summary>No message of the order is parked at the participant any more.</summary>
public sealed record OrderResumed(string Participant, int Sequence) : PublicEvent, IKernelEvent;

/// <summary>An operator asks the participant to try the order's parked messages again now.</summary>
public sealed record ReplayRequested(string Participant) : PublicEvent, IKernelEvent;

/// <summary>An operator asks the participant to drop a parked message: it is never handled.</summary>
public sealed record DiscardRequested(string Participant, string MessageId, string By, string Reason) : PublicEvent, IKernelEvent;

/// <summary>
/// An operator says that an undoing step was done outside, for example refunded by bank transfer, or cancelled by phone. The step's message
/// is the head of the line there, or was discarded. The participant goes on as if its provider had done it.
/// </summary>
/// <param name="Undoing">Why the order is being undone.</param>
/// <param name="Known">The number of the participant's last event that Orders had heard; null from earlier versions.</param>
public sealed record SettleRequested(string Participant, string MessageId, string CustomerId, string Undoing, string By, string Reason,
    int? Known = null) : PublicEvent, IKernelEvent
{
    /// <summary>What the message asked for; null where the participant undoes nothing. A method, so that it is not recorded.</summary>
    public PublicEvent? Step() => Participant switch
    {
        Participants.Shipping => new OrderCancellationRequested(CustomerId, Undoing),
        Participants.Payments => new RefundPayment(Undoing),
        Participants.Inventory => new RestockInventory(Undoing),
        _ => null,
    };
}

public sealed record StepSettled(string MessageId, string By, string Reason) : Note, IKernelEvent;

/// <summary>
/// The participant could not settle the step by hand: <paramref name="Reason"/> says why. Where the provider had done it already, the order
/// goes on with the provider's answer.
/// </summary>
public sealed record SettlementRefused(string Participant, string MessageId, string Reason) : PublicEvent, IKernelEvent;

public sealed record MessageDiscarded(string MessageId, string By, string Reason) : Note, IKernelEvent;

// Orders records the reports of all participants, so that its own store can answer which orders are parked, where and why.
public sealed record ParkingNoted(
    string Participant, int Sequence, string MessageId, string Reason, string Description, FailedAttempt? Failed = null)
    : Note, IKernelEvent;
public sealed record SettlementRefusalNoted(string Participant, string MessageId, string Reason) : Note, IKernelEvent;
public sealed record ResumptionNoted(string Participant, int Sequence) : Note, IKernelEvent;
