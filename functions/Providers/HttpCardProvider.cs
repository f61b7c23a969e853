using System.Net;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Providers;

/// <summary>
/// A card provider with a typical API: <c>POST charges</c>, answered 2xx with the charge or 402 with a reason; <c>POST refunds</c>; both
/// can be looked up by <c>?reference=</c>. Adapt this file to your provider.
/// </summary>
public sealed class HttpCardProvider(HttpClient http) : ICardProvider
{
    readonly ProviderApi api = new(http, "card provider");

    public async Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation)
    {
        var (_, charge) = await api.AskAsync<Charge>(
            HttpMethod.Post, "charges", key, new { reference = orderId, amount = amount.Amount, currency = amount.Currency, cardToken },
            cancellation, HttpStatusCode.PaymentRequired);
        return AnswerOf(charge);
    }

    public async Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation)
    {
        var (_, charges) = await api.AskAsync<Charge[]>(
            HttpMethod.Get, $"charges?reference={Uri.EscapeDataString(orderId)}", null, null, cancellation);
        return charges is [var first, ..] ? AnswerOf(first) : null;
    }

    public async Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation)
    {
        var (_, refund) = await api.AskAsync<Refund>(
            HttpMethod.Post, "refunds", key,
            new { reference = orderId, charge = chargeId, amount = amount.Amount, currency = amount.Currency }, cancellation);
        return new(refund.Id);
    }

    public async Task<CardRefunded?> FindRefundAsync(string orderId, CancellationToken cancellation)
    {
        var (_, refunds) = await api.AskAsync<Refund[]>(
            HttpMethod.Get, $"refunds?reference={Uri.EscapeDataString(orderId)}", null, null, cancellation);
        return refunds is [var first, ..] ? new CardRefunded(first.Id) : null;
    }

    static Answer AnswerOf(Charge charge) => charge switch
    {
        { Status: "succeeded", Id: { } id, Amount: { } amount, Currency: { } currency } => new CardCharged(id, new(amount, currency)),
        { Status: "declined" } => new CardDeclined(charge.Reason ?? "declined"),
        _ => throw new TransientException($"The card provider has not decided yet: the charge is {charge.Status}."),
    };

    sealed record Charge(string? Id, string? Status, decimal? Amount, string? Currency, string? Reason);

    sealed record Refund(string Id);
}
