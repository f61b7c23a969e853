using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using OrderFunctions.Hosting;

namespace OrderFunctions.Apps.Tests.Insights;

/// <summary>
/// The apps' telemetry set-up as it stands, sending to an <see cref="IngestionEndpoint"/> of its own. It collects what the whole process
/// measures, so tests that use it run alone.
/// </summary>
sealed class InsightsHost : IAsyncDisposable
{
    readonly IHost host;

    public InsightsHost(params (string Name, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());

        // A key of its own: the exporter keeps what it sends with by connection string.
        builder.Configuration.AddInMemoryCollection([
            new("APPLICATIONINSIGHTS_CONNECTION_STRING", $"InstrumentationKey={Guid.NewGuid()};IngestionEndpoint=https://ingestion.test/"),
            .. settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value)),
        ]);
        builder.Services.AddSingleton<TokenCredential>(new Identity());
        builder.AddTelemetry();

        // Only the way out is the tests' own.
        builder.Services.PostConfigure<AzureMonitorExporterOptions>(options =>
        {
            options.Transport = new HttpClientTransport(Endpoint);
            options.DisableOfflineStorage = true;
        });
        host = builder.Build();
        host.Start();
    }

    public IngestionEndpoint Endpoint { get; } = new();

    public ILogger<InsightsHost> Log => host.Services.GetRequiredService<ILogger<InsightsHost>>();

    /// <summary>Sends what has been collected so far: for metrics, what was measured since the last time.</summary>
    public void Flush()
    {
        Assert.True(host.Services.GetRequiredService<TracerProvider>().ForceFlush());
        Assert.True(host.Services.GetRequiredService<MeterProvider>().ForceFlush());
        Assert.True(host.Services.GetRequiredService<LoggerProvider>().ForceFlush());
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        await ((IAsyncDisposable)host).DisposeAsync();
    }

    sealed class Identity : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext context, CancellationToken cancellation) =>
            new($"token-for-{string.Join(',', context.Scopes)}", DateTimeOffset.UtcNow.AddHours(1));

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext context, CancellationToken cancellation) =>
            new(GetToken(context, cancellation));
    }
}

/// <summary>Meters and activity sources belong to the process: while one of these tests listens, no other may run.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class InsightsCollection
{
    public const string Name = "Insights";
}
