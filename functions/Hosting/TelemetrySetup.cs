using System.Reflection;
using Microsoft.ApplicationInsights.Extensibility;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OrderFunctions.Hosting;

static class TelemetrySetup
{
    /// <summary>
    /// Items per second that an instance sends before sampling sets in. host.json states the same for the host, whose setting does not
    /// reach the worker.
    /// </summary>
    public const double ItemsPerSecondMax = 20;

    /// <summary>Never sampled: what counts orders and what reports failures.</summary>
    public const string AlwaysSent = "Request;Exception";

    /// <summary>The provider's own rule lets only warnings pass; the levels are to come from configuration.</summary>
    const string LoggerProvider = "Microsoft.Extensions.Logging.ApplicationInsights.ApplicationInsightsLoggerProvider";

    public static void AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        if (string.IsNullOrEmpty(configuration["APPLICATIONINSIGHTS_CONNECTION_STRING"]))
            return;

        services.AddApplicationInsightsTelemetryWorkerService(options =>
        {
            options.EnableAdaptiveSampling = false;
            // The build that deployed the app, by which the pipeline sees that it runs.
            options.ApplicationVersion = Assembly.GetEntryAssembly()
                ?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        }).ConfigureFunctionsApplicationInsights();
        services.AddHostedService<TelemetryBridge>();
        services.Configure<TelemetryConfiguration>(telemetry =>
            telemetry.DefaultTelemetrySink.TelemetryProcessorChainBuilder
                .UseAdaptiveSampling(ItemsPerSecondMax, excludedTypes: AlwaysSent)
                .Build());
        services.Configure<LoggerFilterOptions>(options =>
        {
            if (options.Rules.FirstOrDefault(rule => rule.ProviderName == LoggerProvider) is { } rule)
                options.Rules.Remove(rule);
        });
    }
}
