namespace OrderFunctions.Saga.Payments;

public abstract record PaymentState;
public sealed record NotCharged : PaymentState;
public sealed record Charging(Money Amount, string CustomerId, Address ShipTo) : PaymentState;
public sealed record Seeking(string Reason) : PaymentState;
public sealed record NothingToCharge : PaymentState;
public sealed record Charged(string ChargeId, Money Amount) : PaymentState;
public sealed record Refunding(Money Amount, string Reason) : PaymentState;

/// <summary>Another amount was charged than was asked for: it is given back, and the payment has failed.</summary>
public sealed record GivingBack(Money Amount, string Reason) : PaymentState;
public sealed record Refunded : PaymentState;
public sealed record Declined : PaymentState;
public sealed record Voided(string Reason) : PaymentState;
public sealed record Barred(string Reason) : PaymentState;

/// <summary>Takes an order's money once its stock is reserved; gives it back if a later step fails.</summary>
public static class Payment
{
    public static readonly Decider<PaymentState> Decider = new(new NotCharged(), Decide, Evolve);

    static IReadOnlyList<OrderEvent> Decide(PaymentState state, OrderEvent input) => (state, input) switch
    {
        // Orders of an earlier version have totals that are finer than the currency's minor unit. None can be charged.
        (NotCharged, InventoryReserved order) when order.Total.Rounded() is { Amount: > 0 } total =>
            [new ChargeCard(total, order.CardToken, order.CustomerId, order.ShipTo)],
        (NotCharged, InventoryReserved order) => [new PaymentSucceeded("", order.Total.Rounded(), order.CustomerId, order.ShipTo)],
        (Charging p, CardCharged card) when card.Amount != p.Amount =>
            [new RefundCard(card.ChargeId, card.Amount, $"charged {card.Amount} instead of {p.Amount}")],
        (Charging p, CardCharged card) => [new PaymentSucceeded(card.ChargeId, p.Amount, p.CustomerId, p.ShipTo)],
        (Charging, CardDeclined card) => [new PaymentFailed(card.Reason, card.Detail), new RestockInventory(card.Reason)],

        // The charge's answer was lost, and somebody refunded it in the provider's own user interface. To charge again is not ours to
        // decide.
        (Charging, ChargeReturned) => [new PaymentFailed(AlreadyReturned), new RestockInventory(AlreadyReturned)],

        // Called off before a charge is recorded. An attempt that was never recorded may have charged the card: only the provider knows.
        (NotCharged, RefundPayment refund) => [new FindCharge(refund.Reason)],
        (Seeking order, NothingCharged or CardDeclined or ChargeReturned) =>
            [new PaymentVoided(order.Reason), new RestockInventory(order.Reason)],
        (Seeking order, CardCharged card) => [new RefundCard(card.ChargeId, card.Amount, order.Reason)],

        // A reservation that still arrives must not be charged. An attempt may have been under way when the order was called off.
        (Voided order, InventoryReserved reserved) when reserved.Total.Rounded().Amount > 0 => [new FindCharge(order.Reason)],
        (Barred order, CardCharged card) => [new RefundCard(card.ChargeId, card.Amount, order.Reason)],

        (NothingToCharge, RefundPayment refund) => [new PaymentVoided(refund.Reason), new RestockInventory(refund.Reason)],
        (Charged p, RefundPayment refund) => [new RefundCard(p.ChargeId, p.Amount, refund.Reason)],
        (Refunding p, CardRefunded card) => [new PaymentRefunded(card.RefundId, p.Amount), new RestockInventory(p.Reason)],
        (GivingBack p, CardRefunded card) =>
            [new PaymentFailed(p.Reason), new PaymentRefunded(card.RefundId, p.Amount), new RestockInventory(p.Reason)],

        // Answered before, or closed: a declined card has sent the stock back already.
        _ => [],
    };

    static PaymentState Evolve(PaymentState state, OrderEvent @event) => (state, @event) switch
    {
        (NotCharged, ChargeCard charge) => new Charging(charge.Amount, charge.CustomerId, charge.ShipTo),
        (NotCharged, FindCharge find) => new Seeking(find.Reason),
        (NotCharged, PaymentSucceeded) => new NothingToCharge(),
        (Seeking or NothingToCharge, PaymentVoided order) => new Voided(order.Reason),
        (Voided order, FindCharge) => new Barred(order.Reason),
        (Charging, PaymentSucceeded paid) => new Charged(paid.ChargeId, paid.Amount),
        (Charging, PaymentFailed) => new Declined(),
        (Charging, RefundCard refund) => new GivingBack(refund.Amount, refund.Reason),
        (GivingBack, PaymentFailed) => state,
        (Charged or Seeking or Barred, RefundCard refund) => new Refunding(refund.Amount, refund.Reason),
        (Refunding or GivingBack, PaymentRefunded) => new Refunded(),
        (Voided or Declined or Refunded, RestockInventory) => state,
        _ => throw new ImpossibleEventException(state, @event),
    };

    const string AlreadyReturned = "the payment was returned";
}
