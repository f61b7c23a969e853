using OpenTelemetry;
using OpenTelemetry.Exporter;
using OrderFunctions.Runtime;

namespace OrderFunctions.Observability;

/// <summary>What every host collects of the saga, and how it sends it by OTLP. Where else it goes is the host's matter.</summary>
public static class SagaTelemetry
{
    /// <summary>Collects the saga's spans and metrics.</summary>
    public static IOpenTelemetryBuilder AddSaga(this IOpenTelemetryBuilder builder) => builder
        .WithTracing(traces => traces.AddSource(Telemetry.Name))
        .WithMetrics(metrics => metrics.AddMeter(Telemetry.Name));

    /// <summary>Sends traces, metrics and logs to a collector.</summary>
    /// <param name="collector">
    /// Its root, such as http://127.0.0.1:4318; null where OpenTelemetry's own environment variables (<c>OTEL_EXPORTER_OTLP_…</c>) name
    /// it.
    /// </param>
    public static IOpenTelemetryBuilder SendByOtlp(this IOpenTelemetryBuilder builder, Uri? collector = null) =>
        collector is null ? builder.UseOtlpExporter() : builder.UseOtlpExporter(OtlpExportProtocol.HttpProtobuf, collector);
}
