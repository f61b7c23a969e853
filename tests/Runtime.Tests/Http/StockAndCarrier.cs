using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http.Tests;

public sealed class StockLevels(ApiHost host) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("85123A")]
    [InlineData("BANK CHARGES")]
    [InlineData("100%25")]
    [InlineData("燈籠")]
    public async Task Received_goods_count_once_however_often_they_are_reported(string sku)
    {
        var path = $"/api/stock/{Uri.EscapeDataString(sku)}?warehouse=north";
        Assert.Equal(404, (await host.GetAsync(path)).Status);
        for (var i = 0; i < 2; i++)
        {
            var level = (await host.PutAsync(path, """{"received":500}""")).Json!;
            Assert.Equal((sku, "north"), ((string?)level["sku"], (string?)level["warehouse"]));
            Assert.Equal((500, 500), ((int)level["received"]!, (int)level["available"]!));
        }
        Assert.Equal(500, (int)(await host.GetAsync(path)).Json!["received"]!);
        Assert.Equal(404, (await host.GetAsync(path.Replace("north", "main", StringComparison.Ordinal))).Status);
    }

    [Fact]
    public async Task Skus_that_differ_in_case_are_different_and_the_warehouse_is_main_unless_named()
    {
        await host.PutAsync("/api/stock/84968f", """{"received":1}""");
        await host.PutAsync("/api/stock/84968F?warehouse=main", """{"received":2}""");
        Assert.Equal((1, 2), (host.Stock.Levels[("main", "84968f")].Received, host.Stock.Levels[("main", "84968F")].Received));
    }

    [Fact]
    public async Task Receiving_fewer_than_are_reserved_or_consumed_is_a_conflict()
    {
        host.Stock.Levels[("main", "gone")] = new("gone", "main", 10, 3, 5, 2);
        Assert.Equal(409, (await host.PutAsync("/api/stock/gone", """{"received":6}""")).Status);
        var level = (await host.PutAsync("/api/stock/gone", """{"received":7}""")).Json!;
        Assert.Equal((7, 0, 5, 2), ((int)level["received"]!, (int)level["available"]!, (int)level["reserved"]!, (int)level["consumed"]!));
    }

    [Fact]
    public async Task An_unavailable_stock_is_answered_503()
    {
        host.Stock.IsUnavailable = true;
        Assert.Equal(503, (await host.PutAsync("/api/stock/a", """{"received":7}""")).Status);
        Assert.Equal(503, (await host.GetAsync("/api/stock/a")).Status);
        host.Stock.IsUnavailable = false;
    }
}

public sealed class CarrierEvents(ApiHost host) : IClassFixture<ApiHost>
{
    static string PickedUp(string orderId, string eventId = "evt-1") =>
        $$"""{"eventId":"{{eventId}}","orderId":"{{orderId}}","trackingId":"trk-1","type":"picked-up"}""";

    static string NewOrder() => Guid.NewGuid().ToString("N");

    [Fact]
    public async Task A_signed_pick_up_is_published_under_the_carriers_own_event_id()
    {
        var id = NewOrder();
        for (var i = 0; i < 2; i++)
            Assert.Equal(202, (await host.CarrierAsync(PickedUp(id))).Status);
        Assert.Equal(202, (await host.CarrierAsync(PickedUp(id, "evt-2"))).Status);

        var published = host.Bus.Published.Where(m => m.OrderId == id).ToList();
        Assert.Equal([$"{id}/carrier/evt-1", $"{id}/carrier/evt-1", $"{id}/carrier/evt-2"], published.Select(m => m.Id));
        Assert.All(published, m => Assert.Equal((new CarrierPickedUp("trk-1"), null), (m.Event, m.CausationId)));
    }

    [Fact]
    public async Task A_pick_up_is_answered_2xx_only_once_it_is_published()
    {
        var id = NewOrder();
        host.Bus.IsUnavailable = true;
        Assert.Equal(503, (await host.CarrierAsync(PickedUp(id))).Status);
        host.Bus.IsUnavailable = false;
        Assert.Equal(202, (await host.CarrierAsync(PickedUp(id))).Status);
        Assert.Single(host.Bus.Published, m => m.OrderId == id);
    }

    [Theory]
    [InlineData("""{"type":"delivered"}""")]
    [InlineData("""{"type":"returned","eventId":"evt-1","orderId":7,"trackingId":null}""")]
    public async Task An_event_of_another_type_is_acknowledged_and_counted_and_not_published(string body)
    {
        var ignored = 0L;
        using var listener = new MeterListener();
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref ignored, count));
        listener.EnableMeasurementEvents(Telemetry.CarrierEventsIgnored);
        var before = host.Effects;
        Assert.Equal(204, (await host.CarrierAsync(body)).Status);
        Assert.Equal(before, host.Effects);
        Assert.Equal(1, ignored);
    }

    [Fact]
    public async Task An_event_that_the_carrier_did_not_sign_is_refused()
    {
        var id = NewOrder();
        var body = PickedUp(id);
        var right = host.Signature.Sign(Encoding.UTF8.GetBytes(body));
        var seconds = right[2..right.IndexOf(',', StringComparison.Ordinal)];
        var digest = right[(right.IndexOf("v1=", StringComparison.Ordinal) + 3)..];
        var later = (long.Parse(seconds, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);
        string[] wrong =
        [
            "", " ", "v1=", $"t={seconds}", $"v1={digest}", $"t={later},v1={digest}",
            $"t={seconds},v1={digest[..^2]}", $"t={seconds},v1={digest}00",
            $"t={seconds},v1={new string('0', 64)}", $"t={seconds},v1={new string('z', 64)}",
            $"t=-{seconds},v1={digest}", $"t={seconds},v0={digest}", $"t={seconds},v1={digest},t={later}", $"t={seconds} v1={digest}",
            $"t={new string('9', 30)},v1={digest}", digest,
            new CarrierSignature("another-secret", host.Time).Sign(Encoding.UTF8.GetBytes(body)),
            host.Signature.Sign(Encoding.UTF8.GetBytes(body + " ")), host.Signature.Sign([]),
        ];
        foreach (var signature in wrong)
            Assert.Equal((signature, 401), (signature, (await host.CarrierAsync(body, signature)).Status));
        Assert.Equal(401, (await host.PostAsync("/api/carrier-events", body)).Status);
        Assert.DoesNotContain(host.Bus.Published, m => m.OrderId == id);
        Assert.Equal(202, (await host.CarrierAsync(body, right)).Status);
    }

    [Theory]
    [InlineData(300, 202)]
    [InlineData(301, 401)]
    [InlineData(-300, 202)]
    [InlineData(-301, 401)]
    public async Task A_signature_is_valid_for_five_minutes(int secondsAgo, int status)
    {
        var body = PickedUp(NewOrder());
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(host.Time.GetUtcNow().AddSeconds(-secondsAgo));
        var signature = new CarrierSignature("the-carriers-secret", clock).Sign(Encoding.UTF8.GetBytes(body));
        Assert.Equal(status, (await host.CarrierAsync(body, signature)).Status);
    }

    [Fact]
    public async Task Any_signature_that_matches_counts_and_other_schemes_and_blanks_are_ignored()
    {
        var body = PickedUp(NewOrder());
        var right = host.Signature.Sign(Encoding.UTF8.GetBytes(body)).Split(',');
        var (seconds, digest, other) = (right[0], right[1], $"v1={new string('0', 64)}");
        string[] valid =
        [
            $"{seconds}, {digest}", $"{digest},{seconds}", $"{seconds},{other},{digest}", $"{seconds},{digest},{other},v1=,v1=z",
            $",, {seconds} ,v0=abc,v2={new string('1', 128)},x,{digest},",
        ];
        foreach (var signature in valid)
            Assert.Equal((signature, 202), (signature, (await host.CarrierAsync(body, signature)).Status));
    }

    [Fact]
    public void While_a_secret_is_changed_both_count()
    {
        var body = "{}"u8.ToArray();
        CarrierSignature With(string secrets) => new(secrets, host.Time);
        var (old, changing, changed) = (With("old-secret"), With("new-secret old-secret"), With("new-secret"));
        Assert.True(changing.IsValid(old.Sign(body), body));
        Assert.True(changing.IsValid(changed.Sign(body), body));
        Assert.True(changed.IsValid(changing.Sign(body), body));
        Assert.False(changed.IsValid(old.Sign(body), body));
        Assert.Throws<ArgumentException>(() => With("one two three"));
    }

    [Fact]
    public void The_tolerance_can_be_set_and_a_short_secret_is_warned_of()
    {
        var body = "{}"u8.ToArray();
        var warnings = 0;
        using var logs = LoggerFactory.Create(builder => builder.AddProvider(new Counting(() => warnings++)));
        var log = logs.CreateLogger("test");
        var strict = new CarrierSignature("short", host.Time, TimeSpan.FromSeconds(10), log);
        Assert.Equal(1, warnings);
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(host.Time.GetUtcNow().AddSeconds(-10));
        Assert.True(strict.IsValid(new CarrierSignature("short", clock).Sign(body), body));
        clock.SetUtcNow(host.Time.GetUtcNow().AddSeconds(11));
        Assert.False(strict.IsValid(new CarrierSignature("short", clock).Sign(body), body));
        _ = new CarrierSignature(new string('x', 32), host.Time, log: log);
        Assert.Equal(1, warnings);
    }

    [Fact]
    public void An_empty_secret_is_refused() => Assert.Throws<ArgumentException>(() => new CarrierSignature("", TimeProvider.System));

    sealed class Counting(Action count) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => count();

        public void Dispose()
        {
        }
    }
}
