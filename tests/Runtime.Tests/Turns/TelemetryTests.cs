using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using OrderFunctions.Kernel;
using OrderFunctions.Local;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Turns;

/// <summary>The telemetry of the whole saga, run locally.</summary>
public sealed class TelemetryTests
{
    static readonly Address Somewhere = new("Ada Bell", "34 High Street", "London", "E14 7AA", "GB");

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_spans_of_an_order_and_of_a_redelivery_form_one_tree()
    {
        using var spans = new Spans();
        await using var run = new Run();
        var id = await run.PlaceAsync("tok_flaky");
        await run.FinalAsync(id);

        // The card provider's first answers are lost, so that a turn is repeated. Below, one message is delivered again.
        var again = new ReceivedMessage(
            $"{id}/inventory/2", id, nameof(InventoryReserved), null, null, TraceOf(spans, id), DateTimeOffset.UtcNow, 2);
        Assert.Equal(TurnOutcome.Duplicate, (await run.Saga[Participants.Payments].HandleAsync(again, Cancellation)).Outcome);

        // The customer is notified after the order is final.
        for (var look = 0; look < 100 && !spans.Of(id).Any(span => span.GetTagItem("messaging.destination.subscription.name") is Participants.Notifications); look++)
            await Task.Delay(50);
        var mine = spans.Of(id);
        Assert.Equal(
            [.. Topology.Current.Subscriptions.Select(s => s.Name).Order()],
            mine.Select(span => (string?)span.GetTagItem("messaging.destination.subscription.name")).OfType<string>().Distinct().Order());
        Assert.Single(mine.Select(span => span.TraceId).Distinct());
        var root = Assert.Single(mine, span => span.ParentSpanId == default);
        Assert.Equal("request PlaceOrder", root.DisplayName);
        var known = mine.Select(span => span.SpanId).ToHashSet();
        Assert.All(mine.Where(span => span.OperationName.StartsWith("process", StringComparison.Ordinal)), span =>
        {
            Assert.Contains(span.ParentSpanId, known);
            Assert.Equal(ActivityKind.Consumer, span.Kind);
            Assert.Equal(("process", "order-events"), (span.GetTagItem("messaging.operation.type"), span.GetTagItem("messaging.destination.name")));
            Assert.Equal(id, span.GetTagItem("messaging.message.conversation_id"));
            Assert.StartsWith(id, (string?)span.GetTagItem("messaging.message.id"), StringComparison.Ordinal);
        });
        Assert.Contains(mine, span => span.GetTagItem("orderfunctions.result") is "Duplicate"
            && span.GetTagItem("messaging.servicebus.message.delivery_count") is 2);
    }

    [Fact]
    public async Task Each_metric_is_measured_where_its_event_happens()
    {
        using var measured = new Measurements();
        await using (var run = new Run())
        {
            var down = await run.PlaceAsync("tok_down");
            var completed = await run.PlaceAsync("tok_visa");
            await run.FinalAsync(completed);
            await run.FinalAsync(await run.PlaceAsync("tok_declined"));
            await run.FinalAsync(await run.PlaceAsync("tok_visa", "REFUSE"));
            await run.FinalAsync(await run.PlaceAsync("tok_visa", "LATE"));
            await Run.UntilAsync(async () => (await run.Saga.Lists.CountAsync(Cancellation)).Parked == 1);
            await new Gauges(run.Saga.Lists, TimeProvider.System).MeasureAsync(Cancellation);
            await run.Saga[Participants.Orders].HandleAsync(
                new($"{completed}/inventory/2", completed, nameof(InventoryReserved), null, null, null, DateTimeOffset.UtcNow, 2), Cancellation);
            var streams = run.Saga.Streams.Of(Participants.Orders);
            await new Republisher(run.Saga[Participants.Orders], streams, TimeProvider.System).RunAsync(Cancellation);
            await run.Saga.Cards.SetOutageAsync(false);
            await run.Saga[Participants.Orders].RequestAsync(down, $"{down}/http/replay", new ReplayRequested(Participants.Payments), Cancellation);
            await run.FinalAsync(down);
        }

        string[] expected =
        [
            "orders.placed", "orders.finished outcome=OrderCompleted", "orders.finished outcome=OrderRejected failed_at=Payment",
            "orders.finished outcome=OrderRejected failed_at=Shipping", "orders.time_to_final outcome=OrderCompleted",
            "turns participant=payments result=Handled", "turns participant=payments result=GivenBack", "turns participant=payments result=Parked",
            "turn.duration participant=shipping", "message.lag participant=inventory", "message.duplicates participant=orders",
            "call.retries participant=payments", "compensations kind=RefundPayment participant=shipping",
            "compensations kind=RestockInventory participant=payments", "shipping.delays", "payments result=succeeded", "payments result=failed",
            "message.parked participant=payments reason=Transient", "orders.parked", "orders.parked.oldest_age", "orders.open.oldest_age",
            "republish.runs participant=orders", "republish.messages",
        ];
        Assert.All(expected, one => Assert.Contains(one, measured.Seen.Keys));
        Assert.True(measured.Seen["orders.parked"] >= 1 && measured.Seen["orders.open.oldest_age"] > 0);

        // Conflicts and request charges are tested where they arise: with the turn laws and the Cosmos DB store.
    }

    [Fact]
    public async Task No_log_line_of_any_level_holds_a_card_token_or_an_address()
    {
        var log = new Lines();
        await using (var run = new Run(log))
        {
            foreach (var card in new[] { "tok_visa_secret", "tok_declined", "tok_flaky" })
                await run.FinalAsync(await run.PlaceAsync(card));
            await run.FinalAsync(await run.PlaceAsync("tok_visa_secret", "REFUSE"));
            await run.PlaceAsync("tok_down");
            await Run.UntilAsync(async () => (await run.Saga.Lists.CountAsync(Cancellation)).Parked == 1);
        }
        Assert.Contains(log.All, line => line.Contains("is parked at payments", StringComparison.Ordinal));
        foreach (var secret in new[] { "tok_", "High Street", "Ada Bell", "E14" })
            Assert.DoesNotContain(log.All, line => line.Contains(secret, StringComparison.Ordinal));
    }

    static string? TraceOf(Spans spans, string id) => spans.Of(id).First(span => span.DisplayName == "process OrderCreated").Id;

    /// <summary>The local saga in memory, with short pauses.</summary>
    sealed class Run : IAsyncDisposable
    {
        int number;

        public Run(Lines? log = null)
        {
            var pause = TimeSpan.FromMilliseconds(5);
            var turn = new TurnOptions { DeliveriesMax = 2, RetriesMax = 2, RetryPause = pause, AbandonPause = pause };
            var logs = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log ?? new()));
            Saga = new(Database.InMemory, new() { Turn = turn, ReplayPause = TimeSpan.FromMilliseconds(50) }, TimeProvider.System, logs);
        }

        public LocalSaga Saga { get; }

        public async Task<string> PlaceAsync(string card, string postalCode = "E14 7AA")
        {
            if (number++ == 0)
            {
                await Saga.Stock.SetReceivedAsync("main", "A", 1_000, Cancellation);
                await Saga.StartAsync();
            }
            var id = Guid.CreateVersion7().ToString("N");
            var order = new PlaceOrder("17850", "GBP", [new("A", "a lantern", 1, 2.5m)], card, Somewhere with { PostalCode = postalCode }, "main");
            await Saga[Participants.Orders].RequestAsync(id, $"{id}/http/{nameof(PlaceOrder)}", order, Cancellation);
            return id;
        }

        public Task FinalAsync(string id) => UntilAsync(async () =>
            await Saga[Participants.Orders].LoadAsync(id, Cancellation) is { } stream && OrderSummary.Of(stream) is { IsFinal: true });

        public static async Task UntilAsync(Func<Task<bool>> isTrue)
        {
            for (var since = Environment.TickCount64; !await isTrue(); await Task.Delay(20, Cancellation))
                Assert.True(Environment.TickCount64 - since < 60_000, "It did not come to that within a minute.");
        }

        public ValueTask DisposeAsync() => Saga.DisposeAsync();
    }

    sealed class Spans : IDisposable
    {
        readonly ConcurrentQueue<Activity> stopped = new();
        readonly ActivityListener listener;

        public Spans()
        {
            listener = new()
            {
                ShouldListenTo = source => source.Name == Telemetry.Name,
                Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = stopped.Enqueue,
            };
            ActivitySource.AddActivityListener(listener);
        }

        public List<Activity> Of(string orderId) =>
            [.. stopped.Where(span => (string?)span.GetTagItem("messaging.message.conversation_id") == orderId)];

        public void Dispose() => listener.Dispose();
    }

    /// <summary>
    /// The last value of each series. Other tests in this process may measure too, so tests check only what must be there.
    /// </summary>
    sealed class Measurements : IDisposable
    {
        readonly MeterListener listener = new();

        public Measurements()
        {
            listener.InstrumentPublished = (instrument, meters) =>
            {
                if (instrument.Meter.Name == Telemetry.Name)
                    meters.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
            listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
            listener.Start();
        }

        public ConcurrentDictionary<string, double> Seen { get; } = new();

        public void Dispose() => listener.Dispose();

        void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var series = instrument.Name;
            foreach (var (name, tag) in tags)
                series += tag is null or "" ? "" : $" {name}={tag}";
            Seen.AddOrUpdate(series, value, (_, before) => Math.Max(before, value));
        }
    }

    sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> All { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
