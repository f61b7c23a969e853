using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OrderFunctions.Contracts;
using OrderFunctions.Local.Outside;
using OrderFunctions.Local.Storage;
using OrderFunctions.Local.Streams;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Tests;

/// <summary>The answers of the simulated providers follow from the data, never from chance.</summary>
public sealed class SimulatedOutsideTests : IAsyncDisposable
{
    static readonly Money Total = Samples.Total;

    readonly DataFile file = new(inMemory: false);
    readonly FakeTimeProvider time = new(Samples.Noon);
    readonly ConcurrentQueue<PickUpEvent> reported = new();
    readonly List<SqliteCarrier> carriers = [];
    Database database;
    SqliteCardProvider cards;
    SqliteCarrier carrier;

    public SimulatedOutsideTests()
    {
        database = file.Open();
        cards = new(database, time);
        carrier = Carrier();
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (var one in carriers)
            await one.DisposeAsync();
        await file.DisposeAsync();
    }

    [Fact]
    public async Task A_card_is_charged_once_per_key()
    {
        var first = Assert.IsType<CardCharged>(await ChargeAsync("tok_visa"));
        Assert.Equal(first, await ChargeAsync("tok_visa"));
        Assert.Equal(first, await cards.FindChargeAsync("o-1", Cancellation));
        Assert.Equal(1, await CountAsync("SELECT count(*) FROM card_charge"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20_000)]
    public async Task However_few_orders_fit_in_memory_nothing_is_done_twice(int ordersMax)
    {
        const int Orders = 30, Times = 4;
        await using var other = new DataFile(inMemory: false);
        var small = other.Open(ordersMax);
        var (stock, provider, notifier) = (new SqliteStock(small), new SqliteCardProvider(small, time), new SqliteNotifier(small, time));
        await stock.SetReceivedAsync("main", "sku", Orders * 2, Cancellation);

        await Task.WhenAll(Enumerable.Range(0, Orders * Times).Select(number => Task.Run(async () =>
        {
            var order = $"o-{number % Orders}";
            await stock.ReserveAsync(order, "main", [new("sku", 2)], Cancellation);
            await provider.ChargeAsync($"{order}/ChargeCard", order, Total, "tok_visa", Cancellation);
            await provider.RefundAsync($"{order}/RefundCard", order, "ch", Total, Cancellation);
            await stock.ConsumeAsync(order, "main", Cancellation);
            await notifier.NotifyAsync($"{order}/Notify", order, new("OrderCompleted", "17850", "on its way"), Cancellation);
        }, Cancellation)));

        Assert.Equal(new StockLevel("sku", "main", Orders * 2, 0, 0, Orders * 2), await stock.LevelAsync("main", "sku", Cancellation));
        foreach (var table in (string[])["card_charge", "card_refund", "notice", "reservation"])
        {
            Assert.Equal(Orders, await small.ReadAsync(connection =>
                connection.Sql($"SELECT count(*) FROM {table}").First(row => row.Long(0))));
        }
        await small.CommittedAsync();
        other.Crash();
        Assert.Equal(new StockLevel("sku", "main", Orders * 2, 0, 0, Orders * 2),
            await new SqliteStock(other.Open()).LevelAsync("main", "sku", Cancellation));
    }

    [Fact]
    public async Task A_flash_sale_writes_a_stock_row_once_a_transaction()
    {
        var stock = new SqliteStock(database);
        await stock.SetReceivedAsync("main", "hot", 1_000, Cancellation);
        await database.RunAsync(connection =>
        {
            connection.Script("CREATE TEMP TABLE written (sku TEXT)");
            connection.Script("CREATE TEMP TRIGGER count_writes AFTER UPDATE ON main.stock BEGIN INSERT INTO written VALUES (new.sku); END");
            return true;
        });
        var streams = new SqliteStreams(database).Of(Participants.Inventory);
        for (var number = 0; number < 500; number++)
            await streams.LoadAsync($"o-{number}", Cancellation);
        using (var disk = new Pause())
        {
            database.Enqueue(disk);
            for (var number = 0; number < 500; number++)
                await stock.ReserveAsync($"o-{number}", "main", [new("hot", 1)], Cancellation);
            disk.Set();
        }
        Assert.Equal(1, await database.ReadAtCommitAsync(connection =>
            connection.Sql("SELECT count(*) FROM temp.written").First(row => row.Long(0))));
        Assert.Equal(500, (await stock.LevelAsync("main", "hot", Cancellation))!.Reserved);
    }

    [Fact]
    public async Task A_key_is_forgotten_after_a_day_and_the_charge_is_not()
    {
        var first = await ChargeAsync("tok_visa");
        time.Advance(TimeSpan.FromHours(23));
        Assert.Equal(first, await ChargeAsync("tok_visa"));
        time.Advance(TimeSpan.FromHours(2));

        Assert.Equal(first, await cards.FindChargeAsync("o-1", Cancellation));
        Assert.NotEqual(first, await ChargeAsync("tok_visa"));
        Assert.Equal(2, await CountAsync("SELECT count(*) FROM card_charge"));
        Assert.Equal(first, await cards.FindChargeAsync("o-1", Cancellation));
    }

    [Fact]
    public async Task A_card_that_is_declined_stays_declined_and_is_not_charged()
    {
        var declined = Assert.IsType<CardDeclined>(await ChargeAsync("tok_declined"));
        Assert.Equal(declined, await ChargeAsync("tok_declined"));
        Assert.Equal(declined, await cards.FindChargeAsync("o-1", Cancellation));
        Assert.Equal(0, await CountAsync("SELECT count(*) FROM card_charge WHERE declined IS NULL"));
    }

    [Fact]
    public async Task A_flaky_provider_has_charged_before_its_answer_is_lost_twice()
    {
        await Assert.ThrowsAsync<TransientException>(() => ChargeAsync("tok_flaky"));
        file.Crash();
        Reopen();
        var found = Assert.IsType<CardCharged>(await cards.FindChargeAsync("o-1", Cancellation));
        await Assert.ThrowsAsync<TransientException>(() => ChargeAsync("tok_flaky"));

        Assert.Equal(found, await ChargeAsync("tok_flaky"));
        Assert.Equal(1, await CountAsync("SELECT count(*) FROM card_charge"));
    }

    [Fact]
    public async Task In_an_outage_nothing_is_charged_until_an_operator_ends_it_for_good()
    {
        for (var attempt = 0; attempt < 5; attempt++)
            await Assert.ThrowsAsync<TransientException>(() => ChargeAsync("tok_down"));
        Assert.Null(await cards.FindChargeAsync("o-1", Cancellation));
        Assert.Equal(0, await CountAsync("SELECT count(*) FROM card_charge"));

        await cards.SetOutageAsync(false);
        file.Crash();
        Reopen();

        Assert.IsType<CardCharged>(await ChargeAsync("tok_down"));
    }

    [Fact]
    public async Task A_charge_is_refunded_once_a_key()
    {
        Assert.Null(await cards.FindRefundAsync("o-1", "ch_1", new(10, "GBP"), Cancellation));
        var refund = await cards.RefundAsync("o-1/RefundCard", "o-1", "ch_1", Total, Cancellation);
        Assert.Equal(refund, await cards.RefundAsync("o-1/RefundCard", "o-1", "ch_1", Total, Cancellation));
        Assert.Equal(refund, await cards.FindRefundAsync("o-1", "ch_1", new(10, "GBP"), Cancellation));
        Assert.Null(await cards.FindRefundAsync("o-2", "ch_1", new(10, "GBP"), Cancellation));
        Assert.Equal(1, await CountAsync("SELECT count(*) FROM card_refund"));
    }

    [Fact]
    public async Task An_address_that_the_carrier_refuses_stays_refused()
    {
        await StartAsync();
        var refused = Assert.IsType<CarrierRefused>(await BookAsync("REFUSE"));
        Assert.Equal(refused, await BookAsync("REFUSE"));
        Assert.Equal(refused, await carrier.FindBookingAsync("o-1", Cancellation));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(reported);
    }

    [Fact]
    public async Task Any_other_address_is_booked_once_and_picked_up_at_once()
    {
        await StartAsync();
        var booked = Assert.IsType<CarrierBooked>(await BookAsync("E9 3AA"));
        Assert.Equal(booked, await BookAsync("E9 3AA"));
        Assert.Equal(booked, await carrier.FindBookingAsync("o-1", Cancellation));
        Assert.Equal(Samples.Noon.AddSeconds(2), booked.PromisedBy);
        await ReportedAsync(1);
        var pickUp = reported.First();
        Assert.Equal(("o-1", booked.TrackingId, Samples.Noon), (pickUp.OrderId, pickUp.TrackingId, pickUp.At));
        Assert.IsType<CarrierTooLate>(await carrier.CancelAsync("key", "o-1", booked.TrackingId, Cancellation));
    }

    [Fact]
    public async Task A_late_carrier_picks_up_after_the_promised_time_and_can_be_called_off_before()
    {
        await StartAsync();
        var late = Assert.IsType<CarrierBooked>(await BookAsync("LATE"));
        var cancelled = Assert.IsType<CarrierBooked>(await BookAsync("LATE", "o-2"));
        time.Advance(TimeSpan.FromSeconds(2.5));
        Assert.IsType<CarrierCancelled>(await carrier.CancelAsync("key", "o-2", cancelled.TrackingId, Cancellation));
        Assert.Empty(reported);

        time.Advance(TimeSpan.FromSeconds(1));
        await ReportedAsync(1);
        time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("o-1", Assert.Single(reported).OrderId);
        Assert.IsType<CarrierTooLate>(await carrier.CancelAsync("key", "o-1", late.TrackingId, Cancellation));
        Assert.IsType<CarrierCancelled>(await carrier.CancelAsync("key", "o-2", cancelled.TrackingId, Cancellation));
    }

    [Fact]
    public async Task A_carrier_that_reports_late_has_picked_up_before_it_reports()
    {
        await StartAsync();
        var booked = Assert.IsType<CarrierBooked>(await BookAsync("QUIET"));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.IsType<CarrierTooLate>(await carrier.CancelAsync("key", "o-1", booked.TrackingId, Cancellation));
        Assert.Empty(reported);
        time.Advance(TimeSpan.FromSeconds(3));
        await ReportedAsync(1);
    }

    [Fact]
    public async Task A_pick_up_is_reported_in_the_trace_of_the_turn_that_booked()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        var traceOfReport = new TaskCompletionSource<ActivityTraceId?>();
        await carrier.StartAsync((_, _) =>
        {
            traceOfReport.TrySetResult(Activity.Current?.TraceId);
            return Task.CompletedTask;
        });
        using (var turn = Telemetry.Activities.StartActivity("a turn"))
        {
            await BookAsync("E9 3AA");
            Assert.Equal(turn!.TraceId, await traceOfReport.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancellation));
        }
    }

    [Fact]
    public async Task A_pick_up_is_reported_again_until_it_is_acknowledged()
    {
        var failures = 3;
        await carrier.StartAsync((pickUp, _) =>
        {
            reported.Enqueue(pickUp);
            return --failures >= 0 ? throw new TransientException("unavailable") : Task.CompletedTask;
        });
        await BookAsync("E9 3AA");

        // Each is set once the one before has failed, on a thread of its own.
        for (var wait = 0; reported.Count < 4 && wait < 1_000; wait++)
        {
            await Task.Delay(10, Cancellation);
            time.Advance(TimeSpan.FromSeconds(10));
        }
        Assert.Equal(4, reported.Count);
        Assert.Single(reported.Distinct());
    }

    [Fact]
    public async Task A_pick_up_that_was_not_acknowledged_is_reported_after_a_restart()
    {
        await carrier.StartAsync((_, _) => throw new TransientException("unavailable"));
        var booked = Assert.IsType<CarrierBooked>(await BookAsync("E9 3AA"));
        await BookAsync("LATE", "o-2");
        await database.CommittedAsync();
        file.Crash();
        Reopen();

        await StartAsync();
        await ReportedAsync(1);
        time.Advance(TimeSpan.FromMinutes(1));
        await ReportedAsync(2);
        Assert.Contains(reported, pickUp => pickUp.TrackingId == booked.TrackingId);

        await database.CommittedAsync();
        file.Crash();
        Reopen();
        await StartAsync();
        time.Advance(TimeSpan.FromMinutes(1));
        await Task.Delay(50, Cancellation);
        Assert.Equal(2, reported.Count);
    }

    [Fact]
    public async Task A_customer_is_notified_once_per_key()
    {
        var notifier = new SqliteNotifier(database, time);
        var notice = new Notify("OrderCompleted", "17850", "on its way");
        await notifier.NotifyAsync("o-1/Notify/OrderCompleted", "o-1", notice, Cancellation);
        await notifier.NotifyAsync("o-1/Notify/OrderCompleted", "o-1", notice, Cancellation);
        await notifier.NotifyAsync("o-1/Notify/CancellationRefused", "o-1", notice with { Detail = "too late" }, Cancellation);
        Assert.Equal(["on its way", "too late"], await notifier.NoticesAsync("o-1"));
    }

    Task<Answer> ChargeAsync(string token) => cards.ChargeAsync("o-1/ChargeCard", "o-1", Total, token, Cancellation);

    Task<Answer> BookAsync(string postalCode, string orderId = "o-1") =>
        carrier.BookAsync($"{orderId}/BookCarrier", orderId, Samples.Address with { PostalCode = postalCode }, Cancellation);

    Task StartAsync() => carrier.StartAsync((pickUp, _) =>
    {
        reported.Enqueue(pickUp);
        return Task.CompletedTask;
    });

    async Task ReportedAsync(int times)
    {
        for (var wait = 0; reported.Count < times && wait < 1_000; wait++)
            await Task.Delay(10, Cancellation);
        Assert.Equal(times, reported.Count);
    }

    Task<long> CountAsync(string sql) => database.RunAsync(connection => connection.Sql(sql).First(row => row.Long(0)));

    SqliteCarrier Carrier()
    {
        var opened = new SqliteCarrier(database, new(), time, NullLogger<SqliteCarrier>.Instance);
        carriers.Add(opened);
        return opened;
    }

    void Reopen()
    {
        database = file.Open();
        cards = new(database, time);
        carrier = Carrier();
    }
}
