using Microsoft.Extensions.Time.Testing;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Turns;

/// <summary>What a provider is asked before an intent that may have been performed already.</summary>
public sealed class LookUpLaws
{
    public static TheoryData<Intent> Repeatable =>
    [
        new ChargeCard(World.Total, "tok_visa", "17850", World.Home),
        new RefundCard("ch-1", World.Total, "too late"),
        new BookCarrier("17850", World.Home),
    ];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Repeatable))]
    public async Task A_process_suspended_while_it_asks_asks_again(Intent intent) =>
        Assert.Equal((2, 0), await AskedAndDoneAsync(intent, suspended: TimeSpan.FromHours(25)));

    [Theory]
    [MemberData(nameof(Repeatable))]
    public async Task What_the_provider_does_not_know_is_done_at_once(Intent intent) =>
        Assert.Equal((1, 1), await AskedAndDoneAsync(intent, suspended: TimeSpan.FromSeconds(30)));

    [Fact]
    public async Task Before_nothing_counts_as_charged_a_pending_charge_is_ended()
    {
        var provider = new Provider { Suspended = TimeSpan.Zero };
        Assert.IsType<NothingCharged>(await provider.PerformAsync(new FindCharge("changed my mind"), Cancellation));
        Assert.Equal((0, 1), (provider.Asked, provider.Ended));
    }

    static async Task<(int Asked, int Done)> AskedAndDoneAsync(Intent intent, TimeSpan suspended)
    {
        var provider = new Provider { Suspended = suspended };
        await provider.PerformAsync(intent, Cancellation);
        return (provider.Asked, provider.Done);
    }

    /// <summary>Its look-ups lag: it shows what it did for the order only when it is asked for the second time.</summary>
    sealed class Provider : ICardProvider, ICarrier
    {
        readonly FakeTimeProvider time = new();

        /// <summary>While the first look-up is under way.</summary>
        public required TimeSpan Suspended { get; init; }

        public int Asked { get; private set; }
        public int Done { get; private set; }
        public int Ended { get; private set; }

        public Task<Answer> PerformAsync(Intent intent, CancellationToken cancellation)
        {
            var perform = intent is BookCarrier ? Intents.On((ICarrier)this, time) : Intents.On((ICardProvider)this, time);
            return perform(new(World.Order, intent, Repeated: true), cancellation);
        }

        public Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation) => Found<Answer>(new CardCharged("ch-1", World.Total));

        public Task<CardRefunded?> FindRefundAsync(string orderId, string chargeId, Money amount, CancellationToken cancellation) =>
            Found(new CardRefunded("re-1"));

        public Task<Answer?> FindBookingAsync(string orderId, CancellationToken cancellation) =>
            Found<Answer>(new CarrierBooked("trk-1", time.GetUtcNow()));

        public Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation) =>
            Do<Answer>(new CardCharged("ch-2", World.Total));

        public Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation) =>
            Do(new CardRefunded("re-2"));

        public Task<Answer> BookAsync(string key, string orderId, Address shipTo, CancellationToken cancellation) =>
            Do<Answer>(new CarrierBooked("trk-2", time.GetUtcNow()));

        public Task<Answer?> EndChargeAsync(string key, string orderId, CancellationToken cancellation)
        {
            Ended++;
            return Task.FromResult<Answer?>(null);
        }

        public Task<Answer> FindParcelAsync(string orderId, string trackingId, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<Answer> CancelAsync(string key, string orderId, string trackingId, CancellationToken cancellation) =>
            throw new NotSupportedException();

        Task<T?> Found<T>(T earlier)
            where T : class
        {
            if (++Asked > 1)
                return Task.FromResult<T?>(earlier);
            time.Advance(Suspended);
            return Task.FromResult<T?>(null);
        }

        Task<T> Do<T>(T answer)
        {
            Done++;
            return Task.FromResult(answer);
        }
    }
}
