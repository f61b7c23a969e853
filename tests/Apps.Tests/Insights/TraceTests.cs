using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using OrderFunctions.Apps.Tests.ServiceBus.Wire;
using OrderFunctions.EndToEnd;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBusBroker;
using OrderFunctions.Turns;

namespace OrderFunctions.Apps.Tests.Insights;

/// <summary>What Application Insights is sent, in its own form.</summary>
[Collection(InsightsCollection.Name)]
public sealed class TraceTests(ITestOutputHelper output)
{
    static readonly Action<ILogger, int, Exception?> LogParked =
        LoggerMessage.Define<int>(LogLevel.Warning, default, "Order {Order} is parked");

    static readonly TurnOptions Impatient = new()
    {
        DeliveriesMax = 2, RetriesMax = 1, RetryPause = TimeSpan.FromMilliseconds(10), AbandonPause = TimeSpan.FromMilliseconds(10),
        ReplayPauses = [TimeSpan.FromHours(1)],
    };

    [Fact]
    public async Task One_order_is_one_trace_through_all_apps_a_redelivery_and_a_replay()
    {
        using var collector = new Collector();
        await using var insights = new InsightsHost(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        await using var saga = new WireSaga(Impatient);
        await saga.ReceiveStockAsync(["A"], 10);
        await saga.StartAsync();

        // The first completion in Shipping is lost, so that a message comes again; Payments parks its message, which is replayed.
        var lost = false;
        saga.Broker.Faults = call =>
            !lost && call is { Operation: "complete", Entity: Participants.Shipping } && (lost = true) ? Fault.LostBefore : null;
        saga.Ledger.IsDown = true;
        var id = await saga.PlaceAsync("k-1", WireSaga.Body);
        await WireSaga.UntilAsync(async () => (await saga.FindAsync(id))?.Parked.GetValueOrDefault(Participants.Payments) is { IsParked: true });
        saga.Ledger.IsDown = false;
        await saga[Participants.Orders].Service<Participant>().RequestAsync(
            id, $"{id}/http/replay/payments/1", new ReplayRequested(Participants.Payments), TestContext.Current.CancellationToken);
        await saga.SettledAsync(1, TimeSpan.FromSeconds(30));
        insights.Flush();

        var all = insights.Endpoint.Rows("AppRequests").Concat(insights.Endpoint.Rows("AppDependencies"))
            .Where(row => (string?)row["Properties"]!["messaging.message.conversation_id"] == id).ToList();

        // What the carrier says begins in a trace of the carrier's, to which the order's own links.
        var outside = all.Single(span => (string?)span["Name"] == "process CarrierPickedUp");
        var spans = all.Except([outside]).ToList();
        Assert.Contains((string)outside["OperationId"]!,
            (string?)spans.Single(span => (string?)span["Name"] == "request CarrierPickedUp")["Properties"]!["_MS.links"], StringComparison.Ordinal);
        output.WriteLine($"{insights.Endpoint.Bytes} bytes");
        output.WriteLine(string.Join('\n', spans.Select(span =>
            $"{span["Name"]} {span["Properties"]!["messaging.destination.subscription.name"]} {span["Properties"]!["orderfunctions.result"]}")));
        Assert.Single(spans.Select(span => (string)span["OperationId"]!).Distinct());
        Assert.Equal(
            Topology.Current.Subscriptions.Select(s => s.Name).Order(),
            spans.Select(span => (string?)span["Properties"]!["messaging.destination.subscription.name"]).OfType<string>().Distinct().Order());

        Assert.Equal(all.Select(span => (string?)span["OperationId"]).Distinct().Order(), collector.TracesOf(id).Order());

        // A tree: every span is below another one of the same order, apart from the request that began it.
        var ids = spans.Select(span => (string?)span["Id"]).ToHashSet();
        Assert.Equal("request PlaceOrder", (string?)Assert.Single(spans, span => span["ParentId"] is null)["Name"]);
        Assert.All(spans.Where(span => span["ParentId"] is not null), span => Assert.Contains((string?)span["ParentId"], ids));
        Assert.Contains(spans, span => (string?)span["Properties"]!["orderfunctions.result"] == nameof(TurnOutcome.Duplicate));
        Assert.Contains(spans, span => Is(span, "process InventoryReserved", nameof(TurnOutcome.Parked)));
        Assert.Contains(spans, span => Is(span, "process InventoryReserved", nameof(TurnOutcome.Handled)));
    }

    [Fact]
    public async Task A_turn_is_a_request_of_its_own_only_where_no_host_has_counted_one()
    {
        await using var insights = new InsightsHost();
        await new World().DeliverAsync(World.Message("m-1", World.Reserved));
        using (new Activity("function payments-on-message").Start())
            await new World().DeliverAsync(World.Message("m-2", World.Reserved));
        insights.Flush();

        Assert.Equal($"{World.Order}/m-1", MessageOf(Assert.Single(insights.Endpoint.Rows("AppRequests"))));
        Assert.Equal($"{World.Order}/m-2", MessageOf(Assert.Single(insights.Endpoint.Rows("AppDependencies"))));
    }

    [Fact]
    public async Task Of_the_traces_a_share_is_sent_by_whole_orders_and_what_failed_what_is_logged_and_what_counts_always()
    {
        await using var insights = new InsightsHost(("ApplicationInsights:SamplingRatio", "0.2"));
        for (var order = 0; order < 500; order++)
        {
            using var request = Telemetry.Activities.StartActivity("request PlaceOrder");
            using var turn = Telemetry.Activities.StartActivity("process OrderCreated");
            Telemetry.ShippingDelays.Add(1);
            if (order % 100 == 0)
            {
                turn!.SetStatus(ActivityStatusCode.Error);
                LogParked(insights.Log, order, null);
            }
        }
        insights.Flush();

        var spans = insights.Endpoint.Rows("AppDependencies");
        var whole = spans.GroupBy(span => (string)span["OperationId"]!).Where(trace => !trace.Any(span => (bool)span["Success"]! == false)).ToList();
        Assert.InRange(whole.Count, 50, 150);
        Assert.All(whole, trace => Assert.Equal(2, trace.Count()));
        Assert.All(whole.SelectMany(trace => trace), span => Assert.Equal(5, (int)span["ItemCount"]!));
        Assert.Equal(5, spans.Count(span => (bool)span["Success"]! == false));
        Assert.Equal(5, insights.Endpoint.Rows("AppTraces").Count(row => row["Message"]!.ToString().EndsWith("is parked", StringComparison.Ordinal)));
        Assert.Equal(500, insights.Endpoint.Rows("AppMetrics").Where(row => (string?)row["Name"] == "shipping.delays").Sum(row => (double)row["Sum"]!));
    }

    [Fact]
    public async Task All_that_is_sent_names_the_app_and_its_build_and_is_sent_as_the_apps_identity()
    {
        await using var insights = new InsightsHost();
        for (var n = 0; n < 500; n++)
            Telemetry.Activities.StartActivity("process Tested")!.Dispose();
        Telemetry.OrdersParked.Record(3);
        Telemetry.OrdersParked.Record(7);
        insights.Flush();

        var spans = insights.Endpoint.Rows("AppDependencies").Where(row => (string?)row["Name"] == "process Tested").ToList();
        Assert.Equal(500, spans.Count);
        Assert.All(spans, span => Assert.Equal(TestBuild, (string?)span["AppVersion"]));
        Assert.All(spans, span => Assert.False(string.IsNullOrEmpty((string?)span["AppRoleName"])));
        Assert.Equal(7, (double)Assert.Single(insights.Endpoint.Rows("AppMetrics"), row => (string?)row["Name"] == "orders.parked")["Sum"]!);
        Assert.NotEmpty(insights.Endpoint.Authorizations);
        Assert.All(insights.Endpoint.Authorizations, header => Assert.Equal("Bearer token-for-https://monitor.azure.com//.default", header));
    }

    static string? MessageOf(JsonObject span) => (string?)span["Properties"]!["messaging.message.id"];

    static string? TestBuild => System.Reflection.Assembly.GetEntryAssembly()!
        .GetCustomAttributes(typeof(System.Reflection.AssemblyInformationalVersionAttribute), false)
        .Cast<System.Reflection.AssemblyInformationalVersionAttribute>().Single().InformationalVersion;

    static bool Is(JsonObject span, string name, string result) =>
        (string?)span["Name"] == name && (string?)span["Properties"]!["orderfunctions.result"] == result;
}
