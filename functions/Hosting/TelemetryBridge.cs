using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.ApplicationInsights;
using Microsoft.ApplicationInsights.DataContracts;
using Microsoft.Extensions.Hosting;
using OrderFunctions.Runtime;

namespace OrderFunctions.Hosting;

/// <summary>
/// Hands the saga's spans and metrics to Application Insights: the worker's package listens only to the worker's own sources. Metrics are
/// added up here and sent once a minute. A span goes as a dependency, not as a request: the host counts the invocation as one already.
/// </summary>
public sealed class TelemetryBridge(TelemetryClient client) : IHostedService, IDisposable
{
    readonly ActivityListener spans = new()
    {
        ShouldListenTo = source => source.Name == Telemetry.Name,
        Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
    };
    readonly MeterListener meters = new();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        spans.ActivityStopped = Track;
        ActivitySource.AddActivityListener(spans);
        meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == Telemetry.Name)
                listener.EnableMeasurementEvents(instrument);
        };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Track(instrument.Name, value, tags));
        meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Track(instrument.Name, value, tags));
        meters.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return client.FlushAsync(cancellationToken);
    }

    public void Dispose()
    {
        spans.Dispose();
        meters.Dispose();
    }

    void Track(Activity span)
    {
        var dependency = new DependencyTelemetry
        {
            Id = span.SpanId.ToHexString(),
            Name = span.DisplayName,
            Type = span.Kind is ActivityKind.Consumer ? "Queue Message | servicebus" : "InProc",
            Timestamp = new(span.StartTimeUtc, TimeSpan.Zero),
            Duration = span.Duration,
            Success = span.Status is not ActivityStatusCode.Error,
        };
        dependency.Context.Operation.Id = span.TraceId.ToHexString();
        if (span.ParentSpanId != default)
            dependency.Context.Operation.ParentId = span.ParentSpanId.ToHexString();
        foreach (var (name, value) in span.TagObjects)
            dependency.Properties[name] = Text(value);
        client.TrackDependency(dependency);
    }

    void Track(string name, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => _ = tags switch
    {
        [] => Added(client.GetMetric(name), value),
        [var a] => client.GetMetric(name, a.Key).TrackValue(value, Text(a.Value)),
        [var a, var b] => client.GetMetric(name, a.Key, b.Key).TrackValue(value, Text(a.Value), Text(b.Value)),
        [var a, var b, var c, ..] =>
            client.GetMetric(name, a.Key, b.Key, c.Key).TrackValue(value, Text(a.Value), Text(b.Value), Text(c.Value)),
    };

    static bool Added(Metric metric, double value)
    {
        metric.TrackValue(value);
        return true;
    }

    /// <summary>A dimension must have a value.</summary>
    static string Text(object? value) => value?.ToString() is { Length: > 0 } text ? text : "none";
}
