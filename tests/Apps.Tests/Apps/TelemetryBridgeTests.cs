using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.ApplicationInsights.Channel;
using Microsoft.ApplicationInsights.DataContracts;
using Microsoft.ApplicationInsights.Extensibility;
using OrderFunctions.Hosting;
using OrderFunctions.Runtime;

namespace OrderFunctions.Apps.Tests.Apps;

public sealed class TelemetryBridgeTests
{
    [Fact]
    public async Task Spans_and_metrics_of_the_saga_reach_Application_Insights()
    {
        var channel = new Sent();
        using var configuration = new TelemetryConfiguration { TelemetryChannel = channel, ConnectionString = $"InstrumentationKey={Guid.Empty}" };
        using var bridge = new TelemetryBridge(new(configuration));
        await bridge.StartAsync(TestContext.Current.CancellationToken);

        string trace;
        const string Sender = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        using (var turn = Telemetry.Activities.StartActivity("process Tested", ActivityKind.Consumer, Sender))
        {
            turn!.SetTag("messaging.message.id", "o-1/payments/2");
            trace = turn.TraceId.ToHexString();
        }
        Telemetry.OrdersParked.Record(7);
        Telemetry.Compensations.Add(1, new("kind", "RefundPayment"), new("participant", "shipping"));
        await bridge.StopAsync(TestContext.Current.CancellationToken);

        var span = Assert.Single(channel.Items.OfType<DependencyTelemetry>(), one => one.Name == "process Tested");
        Assert.Equal((trace, "b7ad6b7169203331"), (span.Context.Operation.Id, span.Context.Operation.ParentId));
        Assert.Equal("o-1/payments/2", span.Properties["messaging.message.id"]);
        var metrics = channel.Items.OfType<MetricTelemetry>().ToList();
        Assert.Contains(metrics, metric => metric.Name == "orders.parked" && metric.Max >= 7);
        Assert.Contains(metrics, metric => metric.Name == "compensations"
            && metric.Properties["kind"] == "RefundPayment" && metric.Properties["participant"] == "shipping");
    }

    sealed class Sent : ITelemetryChannel
    {
        public ConcurrentQueue<ITelemetry> Items { get; } = new();
        public bool? DeveloperMode { get; set; }
        public string EndpointAddress { get; set; } = "";

        public void Send(ITelemetry item) => Items.Enqueue(item);

        public void Flush()
        {
        }

        public void Dispose()
        {
        }
    }
}
