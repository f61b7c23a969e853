using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Contracts;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Tests;

/// <summary>Whole orders through all five participants, on one file, judged by the audit.</summary>
public sealed class LocalSagaTests : IAsyncDisposable
{
    /// <summary>Faster than the defaults, but not so fast that a busy machine confuses one case with another.</summary>
    static readonly LocalOptions Soon = new()
    {
        Carrier = new()
        {
            Promise = TimeSpan.FromMilliseconds(600),
            Lateness = TimeSpan.FromMilliseconds(800),
            ReportDelay = TimeSpan.FromMilliseconds(1_500),
            RetryPause = TimeSpan.FromMilliseconds(20),
        },
        Turn = new()
        {
            RetryPause = TimeSpan.FromMilliseconds(2),
            AbandonPause = TimeSpan.FromMilliseconds(2),
            ReplayPauses = [TimeSpan.FromMilliseconds(50)],
        },
        ReplayPause = TimeSpan.FromMilliseconds(20),
        RepublishPause = TimeSpan.FromMilliseconds(100),
    };

    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("orderfunctions-");
    readonly List<LocalSaga> sagas = [];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (var saga in sagas)
            await saga.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_order_ends_as_its_data_says(bool inMemory)
    {
        var saga = await StartAsync(inMemory ? Database.InMemory : Path.Combine(folder.FullName, "saga.db"));
        await PlaceAsync(saga, "completed");
        await PlaceAsync(saga, "services", line: new("POST", "POSTAGE", 1, 0, NeedsStock: false));
        await PlaceAsync(saga, "short", quantity: 101);
        await PlaceAsync(saga, "declined", token: "tok_declined");
        await PlaceAsync(saga, "flaky", token: "tok_flaky");
        await PlaceAsync(saga, "refused", postalCode: "REFUSE");
        await PlaceAsync(saga, "delayed", postalCode: "LATE");
        await PlaceAsync(saga, "cancelled", postalCode: "LATE");
        await PlaceAsync(saga, "kept", postalCode: "QUIET");
        await BookedAsync(saga, "cancelled");
        await CancelAsync(saga, "cancelled");
        await BookedAsync(saga, "kept");
        await CancelAsync(saga, "kept");

        await FinalAsync(saga, "completed", OrderStatus.Completed);
        Assert.Equal(new Money(0, "GBP"), (await FinalAsync(saga, "services", OrderStatus.Completed)).Charged);
        Assert.Equal(FailedStep.Stock, (await FinalAsync(saga, "short", OrderStatus.Rejected)).FailedAt);
        Assert.Equal(FailedStep.Payment, (await FinalAsync(saga, "declined", OrderStatus.Rejected)).FailedAt);
        await FinalAsync(saga, "flaky", OrderStatus.Completed);
        var refused = await FinalAsync(saga, "refused", OrderStatus.Rejected);
        Assert.Equal((FailedStep.Shipping, refused.Charged), (refused.FailedAt!.Value, refused.Refunded));
        Assert.True((await FinalAsync(saga, "delayed", OrderStatus.Completed)).Delayed);
        await FinalAsync(saga, "cancelled", OrderStatus.Cancelled);
        await FinalAsync(saga, "kept", OrderStatus.Completed);

        var report = await CleanAsync(saga);
        Assert.Equal((9, 6, 2), (report.Orders, report.Charges, report.Refunds));
        Assert.Equal(4 * 3 * 2.55m, report.Takings["GBP"]);
        Assert.True((await LoadAsync(saga, "kept")).CancellationRefused);
        Assert.Equal(new StockLevel("mug", "main", 100, 100 - 4 * 3, 0, 4 * 3), await saga.Stock.LevelAsync("main", "mug", Cancellation));
    }

    [Fact]
    public async Task Columns_that_a_later_version_has_added_are_left_alone()
    {
        var saga = await StartAsync(Database.InMemory);
        await saga.Database.CommitAsync(connection =>
        {
            foreach (var table in connection.Sql("SELECT name FROM sqlite_master WHERE type = 'table'").Rows(row => row.Text(0)))
                connection.Script($"ALTER TABLE {table} ADD COLUMN later TEXT");
            return true;
        });
        await PlaceAsync(saga, "completed");
        await PlaceAsync(saga, "refused", postalCode: "REFUSE");
        await PlaceAsync(saga, "short", quantity: 101);
        await FinalAsync(saga, "completed", OrderStatus.Completed);
        await FinalAsync(saga, "refused", OrderStatus.Rejected);
        await FinalAsync(saga, "short", OrderStatus.Rejected);
        await CleanAsync(saga);
    }

    [Fact]
    public async Task An_order_parked_by_an_outage_goes_on_when_the_outage_ends()
    {
        var impatient = Soon with { Turn = Soon.Turn with { RetriesMax = 1, DeliveriesMax = 2 } };
        var saga = await StartAsync(Path.Combine(folder.FullName, "saga.db"), impatient);
        await PlaceAsync(saga, "down", token: "tok_down");
        await UntilAsync(async () => (await LoadAsync(saga, "down")).ParkedNow.Any(), "The order is not parked.");
        var findings = (await saga.Audit.RunAsync()).Findings;
        Assert.Contains(findings, finding => finding.Contains("parked at payments", StringComparison.Ordinal));

        await saga.Cards.SetOutageAsync(false);

        await FinalAsync(saga, "down", OrderStatus.Completed);
        await CleanAsync(saga);
    }

    [Fact]
    public async Task Interrupted_orders_go_on_after_a_restart()
    {
        var path = Path.Combine(folder.FullName, "saga.db");
        var saga = await StartAsync(path);
        for (var number = 0; number < 30; number++)
            await PlaceAsync(saga, $"o-{number}", postalCode: number % 3 == 0 ? "LATE" : "E9 3AA", quantity: 1);
        await saga.DisposeAsync();

        saga = await StartAsync(path);

        for (var number = 0; number < 30; number++)
            await FinalAsync(saga, $"o-{number}", OrderStatus.Completed);
        await CleanAsync(saga);
    }

    [Fact]
    public async Task Whenever_the_process_dies_every_acknowledged_order_still_ends_and_nothing_happens_twice()
    {
        var path = Path.Combine(folder.FullName, "saga.db");
        var saga = await StartAsync(path);
        var acknowledged = new List<string>();
        var placing = Task.Run(async () =>
        {
            for (var number = 0; number < 60; number++)
            {
                var token = (number % 10) switch { 1 => "tok_declined", 2 => "tok_flaky", _ => "tok_visa" };
                var postalCode = (number % 7) switch { 1 => "REFUSE", 2 => "LATE", _ => "E9 3AA" };
                await PlaceAsync(saga, $"o-{number}", token, postalCode, quantity: 1);
                lock (acknowledged)
                    acknowledged.Add($"o-{number}");
            }
        }, Cancellation);

        var crashes = 0;
        for (; crashes < 6 && (crashes < 3 || !placing.IsCompleted); crashes++)
        {
            await Task.Delay(15 * (crashes + 1), Cancellation);
            List<string> promised;
            lock (acknowledged)
                promised = [.. acknowledged];
            var copy = Copy(path, crashes);
            var next = await StartAsync(copy);
            foreach (var order in promised)
                await UntilAsync(async () => (await LoadAsync(next, order)).IsFinal, $"{order} is not final after crash {crashes}.");
            await CleanAsync(next);
        }
        await placing;
    }

    [Fact]
    public async Task The_audit_finds_what_is_wrong()
    {
        var saga = await StartAsync(Database.InMemory);
        await PlaceAsync(saga, "o-1");
        await PlaceAsync(saga, "o-2", token: "tok_declined");
        await FinalAsync(saga, "o-1", OrderStatus.Completed);
        await FinalAsync(saga, "o-2", OrderStatus.Rejected);
        await CleanAsync(saga);

        await saga.Cards.ChargeAsync("another key", "o-1", new(7.65m, "GBP"), "tok_visa", Cancellation);
        await saga.Cards.ChargeAsync("another key", "o-2", new(7.65m, "GBP"), "tok_visa", Cancellation);
        await saga.Cards.ChargeAsync("key", "nobody", new(7.65m, "GBP"), "tok_visa", Cancellation);
        await saga.Stock.ReserveAsync("o-2", "north", [new("mug", 1)], Cancellation);
        await saga.Database.RunAsync(connection => connection.Sql("UPDATE stock SET available = 90, consumed = 10").Run());

        var findings = string.Join('\n', (await saga.Audit.RunAsync()).Findings);

        Assert.Contains("Order o-1 was charged 2 times.", findings, StringComparison.Ordinal);
        Assert.Contains("Order o-2 is Rejected, but was charged", findings, StringComparison.Ordinal);
        Assert.Contains("order nobody, which does not exist", findings, StringComparison.Ordinal);
        Assert.Contains("The stock of mug in main does not add up", findings, StringComparison.Ordinal);
    }

    async Task<LocalSaga> StartAsync(string path, LocalOptions? options = null)
    {
        var saga = new LocalSaga(path, options ?? Soon, TimeProvider.System, NullLoggerFactory.Instance);
        sagas.Add(saga);
        if (await saga.Stock.LevelAsync("main", "mug", Cancellation) is null)
            await saga.Stock.SetReceivedAsync("main", "mug", 100, Cancellation);
        await saga.StartAsync();
        return saga;
    }

    /// <summary>What a process that died at this moment leaves behind.</summary>
    string Copy(string path, int number)
    {
        var copy = folder.CreateSubdirectory($"crash-{number}");
        foreach (var file in (string[])[path, path + "-wal"])
        {
            using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var to = File.Create(Path.Combine(copy.FullName, Path.GetFileName(file)));
            from.CopyTo(to);
        }
        return Path.Combine(copy.FullName, Path.GetFileName(path));
    }

    static Task PlaceAsync(LocalSaga saga, string orderId, string token = "tok_visa", string postalCode = "E9 3AA", int quantity = 3, OrderLine? line = null) =>
        saga[Participants.Orders].RequestAsync(
            orderId, "place",
            new PlaceOrder(
                "17850", "GBP", [line ?? new("mug", "MUG", quantity, 2.55m)], token, Samples.Address with { PostalCode = postalCode }, "main"),
            Cancellation);

    static Task CancelAsync(LocalSaga saga, string orderId) =>
        saga[Participants.Orders].RequestAsync(orderId, "cancel", new CancelOrder("changed my mind"), Cancellation);

    static async Task<OrderSummary> LoadAsync(LocalSaga saga, string orderId)
    {
        var stream = await saga[Participants.Orders].LoadAsync(orderId, Cancellation);
        Assert.NotNull(stream);
        return OrderSummary.Of(stream)!;
    }

    static Task BookedAsync(LocalSaga saga, string orderId) =>
        UntilAsync(async () => (await LoadAsync(saga, orderId)).TrackingId is not null, $"{orderId} is not booked.");

    static async Task<OrderSummary> FinalAsync(LocalSaga saga, string orderId, OrderStatus status)
    {
        await UntilAsync(async () => (await LoadAsync(saga, orderId)).IsFinal, $"{orderId} is not final.");
        var order = await LoadAsync(saga, orderId);
        Assert.Equal(status, order.Status);
        return order;
    }

    /// <summary>When all orders are final, some messages are still in flight: waits for them.</summary>
    static async Task<AuditReport> CleanAsync(LocalSaga saga)
    {
        var report = await saga.Audit.RunAsync();
        for (var wait = 0; report.Findings.Count > 0 && wait < 500; wait++)
        {
            await Task.Delay(20, Cancellation);
            report = await saga.Audit.RunAsync();
        }
        Assert.Empty(report.Findings);
        return report;
    }

    static async Task UntilAsync(Func<Task<bool>> condition, string otherwise)
    {
        for (var wait = 0; wait < 3_000; wait++)
        {
            if (await condition())
                return;
            await Task.Delay(10, Cancellation);
        }
        Assert.Fail(otherwise);
    }
}
