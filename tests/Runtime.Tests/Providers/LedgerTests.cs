using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OrderFunctions.Contracts;
using OrderFunctions.Kernel;
using OrderFunctions.Local;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Providers.Tests;

/// <summary>
/// The property that decides: whatever a provider answers, at every final its own ledger equals what our record says. 2,000 random tables of
/// statuses, bodies and delays, an order each, over HTTP.
/// </summary>
public sealed class LedgerTests
{
    const int Tables = 2_000;
    static readonly Money Total = new(20.34m, "GBP");

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    readonly ITestOutputHelper output = TestContext.Current.TestOutputHelper!;

    [Fact]
    public async Task At_every_final_the_providers_ledger_equals_our_record()
    {
        var time = new FakeTimeProvider(new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using var provider = new LedgerProvider(id => new(int.Parse(id, System.Globalization.CultureInfo.InvariantCulture)));
        await provider.StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            BaseAddress = provider.Address, Timeout = LedgerProvider.Late - TimeSpan.FromSeconds(0.5),
        };
        var options = new LocalOptions
        {
            Turn = new()
            {
                TurnMax = TimeSpan.FromHours(1),
                DeliveriesMax = 3,
                ReplayPauses = [TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5)],
            },
            ReplayPause = TimeSpan.FromSeconds(10),
        };
        await using var saga = new LocalSaga(
            Database.InMemory, options, time, NullLoggerFactory.Instance,
            new(new HttpCardProvider(http), new HttpCarrier(http, time), new HttpNotifier(http)));
        await saga.Stock.SetReceivedAsync("main", "mug", 10 * Tables, Cancellation);
        await saga.StartAsync();

        var ids = Enumerable.Range(1, Tables).Select(number => $"{number}").ToList();
        var placing = Parallel.ForEachAsync(ids, Cancellation, async (id, c) => await saga[Participants.Orders].RequestAsync(
            id, "place", new PlaceOrder("17850", "GBP", [new("mug", "MUG", 1, Total.Amount)], "tok", Samples.Address, "main"), c));
        while (!placing.IsCompleted)
            await PassAsync(time, milliseconds: 100);
        await placing;

        var open = ids;
        var begun = Environment.TickCount64;
        for (var round = 0; Environment.TickCount64 - begun < 240_000 && open.Count > 0; round++)
        {
            // The last ones hardly wait for anything but time.
            await PassAsync(time, milliseconds: open.Count > Tables / 10 ? 100 : 10);
            var left = new List<string>();
            foreach (var id in open)
            {
                if (!await IsSettledAsync(saga, provider[id], id, round))
                    left.Add(id);
            }
            open = left;
        }
        output.WriteLine($"{provider.Calls} calls, {time.GetUtcNow():s}");
        Assert.True(open.Count == 0, $"{open.Count} are open: {string.Join('\n', await Task.WhenAll(open.Take(5).Select(id => TellAsync(saga, provider, id))))}");

        var wrong = new List<string>();
        foreach (var id in ids)
        {
            if (Difference(await SummaryAsync(saga, id), provider[id]) is { } difference)
                wrong.Add($"{difference}: {await TellAsync(saga, provider, id)}");
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count}: {string.Join('\n', wrong.Take(5))}");
    }

    static async Task PassAsync(FakeTimeProvider time, int milliseconds)
    {
        await Task.Delay(milliseconds, Cancellation);
        time.Advance(TimeSpan.FromSeconds(10));
    }

    /// <summary>Customers, drivers and operators do their part, until the order is final and nothing is on its way.</summary>
    static async Task<bool> IsSettledAsync(LocalSaga saga, Ledger ledger, string id, int round)
    {
        if (ledger.Table.IsCancelled && round == ledger.Table.Seed % 7)
            await saga[Participants.Orders].RequestAsync(id, "cancel", new CancelOrder("changed my mind"), Cancellation);
        string? reported = null;
        lock (ledger)
        {
            if (round > 3 + ledger.Table.Seed % 5 && ledger.PickUp() && (ledger.Table.IsReported || ledger.Table.TakesCancelled))
                reported = ledger.TrackingId;
        }
        if (reported is not null)
        {
            await PickedUpAsync(saga, id, reported);
            return false;
        }
        if (round % 5 != 4)
            return false;
        var order = await SummaryAsync(saga, id);
        if (order.IsFinal && !order.ParkedNow.Any())
            return round > 15;

        // A refund that has failed is for a person: who gives the money back by hand, and asks for the replay.
        if (order.ParkedNow.Any() && ledger.HasFailedRefund)
        {
            lock (ledger)
                ledger.RefundByHand();
            await saga[Participants.Orders].RequestAsync(id, $"replay/{round}", new ReplayRequested(Participants.Payments), Cancellation);
        }
        return false;
    }

    static Task PickedUpAsync(LocalSaga saga, string id, string trackingId) => saga.Bus.PublishAsync(
        [new(MessageId.OfCarrierEvent(id, "picked-up"), id, new CarrierPickedUp(trackingId), null, null, null)], Cancellation);

    static string? Difference(OrderSummary order, Ledger ledger)
    {
        var (captured, left) = order.Status is OrderStatus.Completed ? (Total.Amount, true) : (0, order.Facts.HasFlag(OrderFacts.PickedUpAfterCallOff));
        return ledger.Captures > 1 ? "charged twice"
            : ledger.Captured - ledger.Refunded != captured ? $"{ledger.Captured} - {ledger.Refunded} is not {captured}"
            : ledger.HasLeft != left ? $"left: {ledger.HasLeft}, not {left}"
            : null;
    }

    static async Task<OrderSummary> SummaryAsync(LocalSaga saga, string id) =>
        OrderSummary.Of((await saga[Participants.Orders].LoadAsync(id, Cancellation))!)!;

    static async Task<string> TellAsync(LocalSaga saga, LedgerProvider provider, string id)
    {
        var order = await SummaryAsync(saga, id);
        var streams = await Task.WhenAll(
            new[] { Participants.Payments, Participants.Shipping }.Select(name => saga[name].LoadAsync(id, Cancellation)));
        var parked = streams.SelectMany(stream => stream?.Parked ?? []).Select(one => $"{one.Type} {one.Reason} {one.Attempts} {one.Due} {one.Description}");
        var said = streams.SelectMany(stream => stream?.Entries ?? []).SelectMany(entry => entry.Events).Select(e => e.Event.GetType().Name);
        return $"{provider[id].Table} {order.Status} [{string.Join(", ", parked)}] {string.Join(' ', said)}";
    }
}
