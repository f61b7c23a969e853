using System.Collections.Concurrent;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Providers;

/// <summary>
/// For trying out: the answer follows from the card token alone, so that every instance of an app gives the same one and none has to remember it.
/// <c>tok_declined</c> is declined, <c>tok_down</c> is never answered, <c>tok_flaky</c> is charged and answered at the third time.
/// </summary>
public sealed class SimulatedCardProvider : ICardProvider
{
    const int AnswersLost = 2;

    readonly ConcurrentDictionary<string, int> lost = new(StringComparer.Ordinal);

    public Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation) => cardToken switch
    {
        "tok_declined" => Task.FromResult<Answer>(new CardDeclined("card declined")),
        "tok_down" => throw new TransientException("The simulated card provider is down."),
        "tok_flaky" when lost.AddOrUpdate(key, 1, (_, times) => times + 1) <= AnswersLost =>
            throw new TransientException("The simulated card provider charged, and its answer was lost."),
        _ => Task.FromResult<Answer>(new CardCharged($"ch-{orderId}", amount)),
    };

    /// <summary>Nothing is remembered: asked again, it answers the same.</summary>
    public Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation) => Task.FromResult<Answer?>(null);

    public Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation) =>
        Task.FromResult(new CardRefunded($"re-{orderId}"));

    public Task<CardRefunded?> FindRefundAsync(string orderId, CancellationToken cancellation) => Task.FromResult<CardRefunded?>(null);
}
