using System.Collections.Concurrent;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Apps.Tests.ServiceBus.Wire;

/// <summary>Records what the simulated card provider and carrier really did, by idempotency key, so that the audit can compare.</summary>
sealed class Ledger(ICardProvider cards) : ICardProvider
{
    readonly ConcurrentDictionary<string, Booking> charges = [];
    readonly ConcurrentDictionary<string, Booking> refunds = [];
    readonly ConcurrentDictionary<string, string> shipments = [];

    /// <summary>While set, charges get no answer.</summary>
    public volatile bool IsDown;

    /// <summary>Set after construction, because the carrier needs the app in order to report its pick-ups.</summary>
    public ICarrier Carrier { get; set; } = null!;

    public IReadOnlyList<Money> Charges(string orderId) =>
        [.. charges.Values.Where(one => one.OrderId == orderId).Select(one => one.Amount)];

    public IReadOnlyList<Money> Refunds(string orderId) =>
        [.. refunds.Values.Where(one => one.OrderId == orderId).Select(one => one.Amount)];

    public bool IsShipped(string orderId) => shipments.ContainsKey(orderId);

    public async Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation)
    {
        if (IsDown)
            throw new TransientException("The card provider is down.");
        var answer = await cards.ChargeAsync(key, orderId, amount, cardToken, cancellation);
        if (answer is CardCharged)
            charges.TryAdd(key, new(orderId, amount));
        return answer;
    }

    public Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation) => cards.FindChargeAsync(orderId, cancellation);

    public async Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation)
    {
        var refunded = await cards.RefundAsync(key, orderId, chargeId, amount, cancellation);
        refunds.TryAdd(key, new(orderId, amount));
        return refunded;
    }

    public Task<Answer?> EndChargeAsync(string key, string orderId, CancellationToken cancellation) =>
        cards.EndChargeAsync(key, orderId, cancellation);

    public Task<CardRefunded?> FindRefundAsync(string orderId, string chargeId, Money amount, CancellationToken cancellation) =>
        cards.FindRefundAsync(orderId, chargeId, amount, cancellation);

    public ICarrier Shipments => new CarrierLedger(this);

    sealed record Booking(string OrderId, Money Amount);

    sealed class CarrierLedger(Ledger ledger) : ICarrier
    {
        public async Task<Answer> BookAsync(string key, string orderId, Address shipTo, CancellationToken cancellation)
        {
            var answer = await ledger.Carrier.BookAsync(key, orderId, shipTo, cancellation);
            if (answer is CarrierBooked booked)
                ledger.shipments[orderId] = booked.TrackingId;
            return answer;
        }

        public Task<Answer?> FindBookingAsync(string orderId, CancellationToken cancellation) =>
            ledger.Carrier.FindBookingAsync(orderId, cancellation);

        public Task<Answer> FindParcelAsync(string orderId, string trackingId, CancellationToken cancellation) =>
            ledger.Carrier.FindParcelAsync(orderId, trackingId, cancellation);

        public async Task<Answer> CancelAsync(string key, string orderId, string trackingId, CancellationToken cancellation)
        {
            var answer = await ledger.Carrier.CancelAsync(key, orderId, trackingId, cancellation);
            if (answer is CarrierCancelled)
                ledger.shipments.TryRemove(orderId, out _);
            return answer;
        }
    }
}
