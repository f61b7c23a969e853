using System.Collections.Concurrent;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Providers;

/// <summary>
/// For trying out: the answer follows from the card token alone (<see cref="SimulatedOutside"/>), so that every instance of an app gives
/// the same one and none has to remember it.
/// </summary>
public sealed class SimulatedCardProvider : ICardProvider
{
    readonly ConcurrentDictionary<string, int> lost = new(StringComparer.Ordinal);

    public Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation) =>
        SimulatedOutside.OfCard(cardToken) switch
        {
            CardBehaviour.Declines => Task.FromResult<Answer>(new CardDeclined(SimulatedOutside.DeclinedReason)),
            CardBehaviour.IsDown => throw new TransientException("The simulated card provider is down."),
            CardBehaviour.LosesAnswers when lost.AddOrUpdate(key, 1, (_, times) => times + 1) <= SimulatedOutside.AnswersLost =>
                throw new TransientException("The simulated card provider charged, and its answer was lost."),
            _ => Task.FromResult<Answer>(new CardCharged($"ch-{orderId}", amount)),
        };

    /// <summary>Nothing is remembered: asked again, it answers the same.</summary>
    public Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation) => Task.FromResult<Answer?>(null);

    public Task<Answer?> EndChargeAsync(string key, string orderId, CancellationToken cancellation) =>
        FindChargeAsync(orderId, cancellation);

    public Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation) =>
        Task.FromResult(new CardRefunded($"re-{orderId}"));

    public Task<CardRefunded?> FindRefundAsync(string orderId, string chargeId, Money amount, CancellationToken cancellation) =>
        Task.FromResult<CardRefunded?>(null);
}
