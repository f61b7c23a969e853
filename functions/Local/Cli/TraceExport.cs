using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Cli;

/// <summary>Sends traces and metrics to a collector, by OTLP over HTTP.</summary>
sealed class TraceExport : IDisposable
{
    readonly TracerProvider traces;
    readonly MeterProvider metrics;

    /// <param name="collector">Its root, such as http://127.0.0.1:4318.</param>
    public TraceExport(Uri collector)
    {
        traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(Resource()).AddSource(Telemetry.Name)
            .AddOtlpExporter(options => To(options, collector, "v1/traces")).Build();
        metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(Resource()).AddMeter(Telemetry.Name)
            .AddOtlpExporter((options, reader) =>
            {
                To(options, collector, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = 5_000;
            }).Build();
    }

    /// <summary>Sends what is still buffered.</summary>
    public void Dispose()
    {
        traces.Dispose();
        metrics.Dispose();
    }

    static ResourceBuilder Resource() => ResourceBuilder.CreateDefault().AddService(Telemetry.Name);

    static void To(OtlpExporterOptions options, Uri collector, string path)
    {
        options.Protocol = OtlpExportProtocol.HttpProtobuf;
        options.Endpoint = new(collector, path);
    }
}
