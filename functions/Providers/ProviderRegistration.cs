using System.Net.Http.Headers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using Polly;

namespace OrderFunctions.Providers;

/// <summary>
/// The providers, each over HTTP or simulated, as the settings say. A missing setting is named at the start, not at the first order.
/// </summary>
public static class ProviderRegistration
{
    static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(10);
    const long AnswerBytesMax = 256 * 1024;

    public static IServiceCollection AddCardProvider(this IServiceCollection services, IConfiguration configuration)
    {
        var options = ProviderOptions.From<CardProviderOptions>(configuration, "CardProvider");
        return options.IsSimulated
            ? services.AddSingleton<ICardProvider, SimulatedCardProvider>()
            : services.AddApi("card-provider", options)
                .AddSingleton<ICardProvider>(provider => new HttpCardProvider(provider.Api("card-provider")));
    }

    /// <param name="pickUp">Where the simulated carrier reports its pick-ups; a real one posts to the webhook.</param>
    public static IServiceCollection AddCarrier(
        this IServiceCollection services, CarrierOptions options, Func<IServiceProvider, PickUp> pickUp) =>
        options.IsSimulated
            ? services.AddSingleton(pickUp)
                .AddSingleton<SimulatedCarrier>()
                .AddSingleton<ICarrier>(provider => provider.GetRequiredService<SimulatedCarrier>())
                .AddHostedService(provider => provider.GetRequiredService<SimulatedCarrier>())
            : services.AddApi("carrier", options).AddSingleton<ICarrier>(provider => new HttpCarrier(
                provider.Api("carrier"), provider.GetService<TimeProvider>() ?? TimeProvider.System));

    public static IServiceCollection AddNotifier(this IServiceCollection services, IConfiguration configuration)
    {
        var options = ProviderOptions.From<NotifierOptions>(configuration, "Notifier");
        return options.IsSimulated
            ? services.AddSingleton<INotifier, SimulatedNotifier>()
            : services.AddApi("notifier", options).AddSingleton<INotifier>(provider => new HttpNotifier(provider.Api("notifier")));
    }

    static HttpClient Api(this IServiceProvider provider, string name) =>
        provider.GetRequiredService<IHttpClientFactory>().CreateClient(name);

    static IServiceCollection AddApi(this IServiceCollection services, string name, ProviderOptions options)
    {
        services
            .AddHttpClient(name, http =>
            {
                http.BaseAddress = options.BaseAddress;
                http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", options.ApiKey);

                // Of the whole answer; the pipeline's time-out ends with its headers.
                http.Timeout = AnswerMax * 1.5;
                http.MaxResponseContentBufferSize = AnswerBytesMax;
            })
            // One client lives as long as the app; its connections do not, so that a change of address is noticed.
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),

                // The API key must not go where a redirect leads.
                AllowAutoRedirect = false,
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .AddResilienceHandler("provider", pipeline => pipeline
                // A provider that is down is left alone for a while: each call to it would cost its turn the whole time-out.
                .AddCircuitBreaker(new HttpCircuitBreakerStrategyOptions
                {
                    SamplingDuration = TimeSpan.FromSeconds(30),
                    MinimumThroughput = 20,
                    FailureRatio = 0.5,
                    BreakDuration = new TurnOptions().ReplayPause(0),
                })
                .AddTimeout(AnswerMax));
        return services;
    }
}
