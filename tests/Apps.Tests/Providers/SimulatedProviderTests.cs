using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OrderFunctions.Providers;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Apps.Tests.Providers;

public sealed class SimulatedProviderTests : IAsyncDisposable
{
    static readonly Money Total = new(20.34m, "GBP");

    readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
    readonly List<string> pickedUp = [];
    readonly SimulatedCarrier carrier;
    int refusals;

    public SimulatedProviderTests() => carrier = new(
        (orderId, trackingId, _) =>
        {
            if (refusals-- > 0)
                throw new TransientException("The store is unavailable.");
            lock (pickedUp)
                pickedUp.Add($"{orderId} {trackingId}");
            return Task.CompletedTask;
        },
        time,
        NullLogger<SimulatedCarrier>.Instance);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_card_token_decides_the_answer()
    {
        var cards = new SimulatedCardProvider();
        Task<Answer> Charge(string token) => cards.ChargeAsync("o-1/ChargeCard", "o-1", Total, token, Cancellation);

        Assert.IsType<CardCharged>(await Charge("tok_visa"));
        Assert.IsType<CardDeclined>(await Charge("tok_declined"));
        await Assert.ThrowsAsync<TransientException>(() => Charge("tok_down"));
        await Assert.ThrowsAsync<TransientException>(() => Charge("tok_flaky"));
        await Assert.ThrowsAsync<TransientException>(() => Charge("tok_flaky"));
        Assert.Equal(await Charge("tok_visa"), await Charge("tok_flaky"));
    }

    [Fact]
    public async Task A_pick_up_comes_soon_and_is_reported_until_that_succeeds()
    {
        refusals = 2;
        await carrier.StartAsync(Cancellation);
        await BookAsync("o-1", "E1");

        await PassAsync(() => pickedUp.Count > 0);

        Assert.Equal(["o-1 trk-o-1"], pickedUp);
    }

    [Fact]
    public async Task A_late_parcel_is_picked_up_after_the_promised_time()
    {
        var booked = Assert.IsType<CarrierBooked>(await BookAsync("o-1", "LATE"));
        await carrier.StartAsync(Cancellation);

        await PassAsync(() => pickedUp.Count > 0);

        Assert.True(time.GetUtcNow() > booked.PromisedBy);
    }

    [Fact]
    public async Task A_booking_whose_pick_up_is_reported_late_can_no_longer_be_cancelled()
    {
        await BookAsync("o-1", "QUIET");
        Assert.IsType<CarrierTooLate>(await carrier.CancelAsync("k", "o-1", "trk-o-1", Cancellation));
        await carrier.StartAsync(Cancellation);

        await PassAsync(() => pickedUp.Count > 0);

        Assert.Equal(["o-1 trk-o-1"], pickedUp);
    }

    [Fact]
    public async Task A_cancelled_parcel_is_not_picked_up_and_a_refused_one_is_never_booked()
    {
        Assert.IsType<CarrierRefused>(await BookAsync("o-2", "REFUSE"));
        await BookAsync("o-1", "E1");
        Assert.IsType<CarrierCancelled>(await carrier.CancelAsync("k", "o-1", "trk-o-1", Cancellation));

        await carrier.StartAsync(Cancellation);
        await carrier.StopAsync(Cancellation);

        Assert.Empty(pickedUp);
    }

    [Fact]
    public async Task A_host_that_stops_has_the_parcels_picked_up_first()
    {
        await BookAsync("o-1", "E1");
        await carrier.StartAsync(Cancellation);

        await carrier.StopAsync(Cancellation);

        Assert.Equal(["o-1 trk-o-1"], pickedUp);
    }

    public async ValueTask DisposeAsync()
    {
        await carrier.StopAsync(CancellationToken.None);
        carrier.Dispose();
    }

    Task<Answer> BookAsync(string orderId, string postalCode) =>
        carrier.BookAsync($"{orderId}/BookCarrier", orderId, new("Ada", "1 St", "London", postalCode, "GB"), Cancellation);

    /// <summary>Lets time pass until something has happened, at most a minute of it.</summary>
    async Task PassAsync(Func<bool> happened)
    {
        for (var i = 0; i < 240 && !happened(); i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Delay(5, Cancellation);
        }
    }
}
