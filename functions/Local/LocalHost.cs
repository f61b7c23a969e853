using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderFunctions.Http;
using OrderFunctions.Local.Storage;
using OrderFunctions.Providers;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local;

/// <summary>The saga behind its HTTP API, on 127.0.0.1 only: the local host is open to whoever can reach it.</summary>
public sealed class LocalHost : IAsyncDisposable
{
    /// <summary>For whoever calls the carrier's webhook by hand. Not secret: nothing outside this machine can reach it.</summary>
    const string CarrierSecret = "local";

    /// <summary>Fewer retries than in Azure: whoever tries an outage here wants to see the order parked within seconds.</summary>
    static readonly LocalOptions Options = new() { Turn = new() { RetriesMax = 2, AbandonPause = TimeSpan.FromMilliseconds(100) } };

    readonly WebApplication app;

    LocalHost(WebApplication app, LocalSaga saga)
    {
        this.app = app;
        Saga = saga;
    }

    public LocalSaga Saga { get; }

    /// <summary>Where it answers.</summary>
    public Uri Address => new(app.Urls.First());

    /// <summary>Cancelled by Ctrl-C or SIGTERM.</summary>
    public CancellationToken Stopping => app.Lifetime.ApplicationStopping;

    /// <param name="data">The SQLite file, or <see cref="Database.InMemory"/>.</param>
    /// <param name="port">0 for a free one.</param>
    /// <param name="settings">
    /// Of real providers, such as CardProvider:Mode, and the page's link to a trace; they count before those of the environment. See
    /// functions/PROVIDERS.md.
    /// </param>
    /// <exception cref="IOException">The port or the file is in use.</exception>
    /// <exception cref="InvalidOperationException">A setting of a provider is missing or wrong; the message names it.</exception>
    public static async Task<LocalHost> StartAsync(string data, int port, IReadOnlyDictionary<string, string?>? settings = null)
    {
        // Settings are read once: watching their files for changes would watch all folders below the current one.
        var builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false"]);
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        PlainLog.Use(builder.Logging);
        builder.Configuration.AddInMemoryCollection(settings);
        var secret = AddRealProviders(builder.Services, builder.Configuration);

        var page = LocalApi.Page(builder.Configuration[Page.TraceLinkSetting]);
        var host = builder.Build();
        var real = new RealProviders(
            host.Services.GetService<ICardProvider>(), host.Services.GetService<ICarrier>(), host.Services.GetService<INotifier>());
        var saga = new LocalSaga(data, Options, TimeProvider.System, host.Services.GetRequiredService<ILoggerFactory>(), real);
        try
        {
            host.UseOwnBrowserOnly();
            var answers = new DurableAnswers(saga.Database, host.Lifetime.ApplicationStopping);
            host.MapSaga(new(
                new(saga[Participants.Orders], saga.Lists, page),
                new(saga.Stock),
                new(saga.Bus, new(secret, TimeProvider.System)),
                new(saga[Participants.Orders], saga.Lists, TimeProvider.System, saga.Bus.Peek),
                page), answers.OfAsync);
            host.MapHealth(saga);
            host.MapLocal(saga, answers, TimeProvider.System, host.Lifetime.ApplicationStopping);
            await host.StartAsync();
            await saga.StartAsync();
            return new(host, saga);
        }
        catch
        {
            await saga.DisposeAsync();
            throw;
        }
    }

    /// <summary>Registers each provider that the settings do not leave simulated. Returns the secret of the carrier's webhook.</summary>
    static string AddRealProviders(IServiceCollection services, ConfigurationManager configuration)
    {
        if (IsReal("CardProvider"))
            services.AddCardProvider(configuration);
        if (IsReal("Notifier"))
            services.AddNotifier(configuration);
        if (!IsReal("Carrier"))
            return configuration["Carrier:WebhookSecret"] ?? CarrierSecret;
        var carrier = CarrierOptions.From(configuration);
        services.AddCarrier(carrier, _ => throw new InvalidOperationException("A real carrier reports pick-ups to the webhook."));
        return carrier.WebhookSecret!;

        bool IsReal(string section) => configuration[$"{section}:Mode"] is not (null or "" or "simulated");
    }

    /// <summary>Serves until it is asked to stop, or until the file can no longer be written.</summary>
    public async Task ServeAsync() => await await Task.WhenAny(app.WaitForShutdownAsync(), Saga.Database.Broken);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await Saga.DisposeAsync();
        await app.DisposeAsync();
    }
}
