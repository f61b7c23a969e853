using System.Net;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Providers;

/// <summary>
/// A card provider over HTTP. What it is asked, and what its answers mean: functions/PROVIDERS.md. Adapt this file to yours.
/// </summary>
public sealed class HttpCardProvider(HttpClient http) : ICardProvider
{
    readonly ProviderApi api = new(http, "card provider");

    public TimeSpan LookUpLag => ProviderApi.LookUpLag;

    public async Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation)
    {
        var answer = await api.AskAsync(
            HttpMethod.Post, "charges", key, new { reference = orderId, amount = amount.Amount, currency = amount.Currency, cardToken },
            cancellation);
        return answer.IsSuccess ? OutcomeOf(answer, [answer.Object])!
            : IsAboutCard(answer) ? Declined(answer.Object)
            : throw answer.Unusable();
    }

    public async Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation)
    {
        var answer = await ChargesAsync(orderId, cancellation);
        return OutcomeOf(answer, answer.List);
    }

    public async Task<Answer?> EndChargeAsync(string key, string orderId, CancellationToken cancellation)
    {
        var answer = await ChargesAsync(orderId, cancellation);
        var pending = answer.List.Where(IsPending).Select(charge => charge.Text("id")).OfType<string>().ToList();
        if (pending.Count == 0)
            return OutcomeOf(answer, answer.List);
        foreach (var id in pending)
        {
            // Whatever it answers: it may have succeeded meanwhile, and only the look-up tells.
            await api.AskAsync(HttpMethod.Post, $"charges/{Uri.EscapeDataString(id)}/cancel", $"{key}/{id}", new { reference = orderId },
                cancellation, conflictIsAnswer: true);
        }
        return await FindChargeAsync(orderId, cancellation);
    }

    public async Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation)
    {
        var answer = await api.AskAsync(
            HttpMethod.Post, "refunds", key,
            new { reference = orderId, charge = chargeId, amount = amount.Amount, currency = amount.Currency }, cancellation);
        if (answer.IsSuccess)
            return RefundOf(answer, [answer.Object], amount) ?? throw answer.Unusable();

        // It may be refunded already, for example in the provider's own user interface. Only the look-up counts, never a refusal.
        return await FindRefundAsync(orderId, chargeId, amount, cancellation) ?? throw answer.Unusable();
    }

    public async Task<CardRefunded?> FindRefundAsync(string orderId, string chargeId, Money amount, CancellationToken cancellation)
    {
        var answer = await api.AskAsync(
            HttpMethod.Get, $"refunds?reference={Uri.EscapeDataString(orderId)}", null, null, cancellation);
        var ofCharge = answer.List.Where(refund => (refund.Text("charge") ?? chargeId) == chargeId).ToList();
        if (RefundOf(answer, ofCharge, amount) is { } refunded)
            return refunded;
        var charges = await ChargesAsync(orderId, cancellation);
        return charges.List.Any(charge => charge.Text("id") == chargeId && charge.Status is "refunded") ? new CardRefunded(chargeId) : null;
    }

    Task<ProviderAnswer> ChargesAsync(string orderId, CancellationToken cancellation) =>
        api.AskAsync(HttpMethod.Get, $"charges?reference={Uri.EscapeDataString(orderId)}", null, null, cancellation);

    /// <summary>The outcome of all charges under one reference, wherever it stands in the list; null where there is none.</summary>
    static Answer? OutcomeOf(ProviderAnswer answer, IReadOnlyList<ProviderObject> charges)
    {
        if (charges.Any(one => one.Status is null))
            throw answer.Unusable("a charge has no status");
        var succeeded = charges.Where(charge => charge.Status is "succeeded").ToList();
        if (succeeded.Count > 1)
            throw answer.Unusable("charged more than once");
        if (succeeded is [var charge])
        {
            return charge.Text("id") is { } id && charge.Number("amount") is { } amount && charge.Text("currency") is { } currency
                ? new CardCharged(id, new(amount, currency.ToUpperInvariant()))
                : throw answer.Unusable("a charge needs id, amount and currency");
        }
        return charges.Any(IsPending) ? throw answer.Pending()
            : charges.Any(one => one.Status is "refunded") ? new ChargeReturned()
            : charges.Count > 0 ? Declined(charges[0])
            : null;
    }

    static bool IsPending(ProviderObject charge) =>
        charge.Status is not (null or "succeeded" or "refunded" or "declined" or "failed" or "canceled" or "cancelled");

    /// <summary>All other refusals are for us or for the provider to mend: they must not reject a day's orders.</summary>
    static bool IsAboutCard(ProviderAnswer answer) =>
        answer.Status is HttpStatusCode.PaymentRequired
        || (answer.IsRefusal && (answer.Object.Status is "declined" || answer.Object.ErrorType is "card_error"));

    static CardDeclined Declined(ProviderObject charge) => new(PublicReason.OfCard(charge.Reason), charge.Reason);

    /// <summary>The refund that succeeded with the whole amount; null where none was made.</summary>
    static CardRefunded? RefundOf(ProviderAnswer answer, List<ProviderObject> refunds, Money amount)
    {
        if (refunds.Any(refund => refund.Status is null))
            throw answer.Unusable("a refund has no status");
        var succeeded = refunds.Where(refund => refund.Status is "succeeded").ToList();
        if (succeeded.Count > 0)
        {
            var isWhole = succeeded.Sum(refund => refund.Number("amount") ?? amount.Amount) == amount.Amount
                && succeeded.All(refund =>
                    amount.Currency.Equals(refund.Text("currency") ?? amount.Currency, StringComparison.OrdinalIgnoreCase));
            return isWhole && succeeded.Select(refund => refund.Text("id")).FirstOrDefault(id => id is not null) is { } id
                ? new(id)
                : throw answer.Unusable("a refund needs an id and the whole amount");
        }
        if (refunds.Any(refund => refund.Status is not ("failed" or "canceled" or "cancelled")))
            throw answer.Pending();
        return refunds.Count == 0 ? null : throw answer.Failed("The refund has failed.");
    }
}
