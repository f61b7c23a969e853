using System.Diagnostics;
using System.Reflection;
using Azure.Core;
using Microsoft.ApplicationInsights.WorkerService;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using OrderFunctions.Observability;

namespace OrderFunctions.Hosting;

static class TelemetrySetup
{
    /// <summary>
    /// Sends the app's telemetry to Application Insights where its connection string is set, and by OTLP where a collector is; nowhere
    /// otherwise. Which share of the traces is sent is the setting <c>ApplicationInsights__SamplingRatio</c>, all by default; whole orders
    /// are kept or left out. Metrics, logs and failed spans are always sent.
    /// </summary>
    public static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        var toInsights = !string.IsNullOrEmpty(builder.Configuration["APPLICATIONINSIGHTS_CONNECTION_STRING"]);
        var toCollector = !string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        if (!toInsights && !toCollector)
            return;

        if (toInsights)
        {
            builder.Services.AddApplicationInsightsTelemetryWorkerService();
            builder.Services.AddOptions<ApplicationInsightsServiceOptions>().Configure<TokenCredential>((options, credential) =>
            {
                options.Credential = credential;

                // The package's own limit of traces per second would tear single orders apart, and drop their logs with them.
                options.SamplingRatio ??= 1;
                options.EnableTraceBasedLogsSampler = false;
            });
        }

        // Cleared, because Application Insights' package would ask for the metadata of a virtual machine at every start, for up to 2 s.
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.Clear().AddTelemetrySdk().AddEnvironmentVariableDetector());
        telemetry.UseFunctionsWorkerDefaults();
        telemetry.ConfigureResource(resource => resource.AddAttributes([new("service.version", Build)]));
        telemetry.AddSaga().WithTracing(traces => traces.AddProcessor<FailuresAreSent>());
        if (toCollector)
            telemetry.WithLogging().SendByOtlp();

        // What the libraries of Azure and of .NET log of each call is in the spans.
        builder.Logging.AddFilter("Azure", LogLevel.Warning).AddFilter("System.Net.Http", LogLevel.Warning);
    }

    /// <summary>The build that deployed the app, by which the pipeline sees that it runs.</summary>
    static string Build => Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";

    /// <summary>A span that failed is sent, also from a trace that is not.</summary>
    sealed class FailuresAreSent : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.Status is ActivityStatusCode.Error)
                data.ActivityTraceFlags |= ActivityTraceFlags.Recorded;
        }
    }
}
