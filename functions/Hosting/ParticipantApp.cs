using Azure.Core;
using Azure.Identity;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using OrderFunctions.CosmosDb;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.Hosting;

public static class ParticipantApp
{
    /// <summary>All that an app needs to take part: its participant on Service Bus and Cosmos DB, under the app's own identity.</summary>
    /// <exception cref="InvalidOperationException">A setting is missing; the message names it.</exception>
    public static void AddParticipant(this IHostApplicationBuilder builder, string name, Func<IServiceProvider, Perform> perform)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<TokenCredential>(_ => new DefaultAzureCredential());
        services.AddSingleton(TurnOptions(builder.Configuration));
        services.AddServiceBus(builder.Configuration, name);
        services.AddCosmosDb(name);
        services.AddHostedService<EmulatorContainers>();
        services.AddSingleton(provider => new Participant(
            name,
            Participants.Deciders[name],
            perform(provider),
            provider.GetRequiredService<IStreamStore>(),
            provider.GetRequiredService<IEventBus>(),
            provider.GetRequiredService<TurnOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            OrderSummary.For(name)));
        services.AddSingleton<MessageHandler>();
        services.AddSingleton<Replayer>();
        services.AddSingleton<Republisher>();
        services.AddSingleton<Upkeep>();
        builder.AddTelemetry();
        if (builder is IFunctionsWorkerApplicationBuilder functions)
            functions.UseMiddleware<FailedFunctions>();

        // A turn that is under way when the platform removes the instance may finish; Flex Consumption waits longer than this.
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(25));
    }

    /// <summary>The emulator dead-letters after ten deliveries at most, and the kernel must park a message before that.</summary>
    static TurnOptions TurnOptions(IConfiguration configuration)
    {
        var options = new TurnOptions();
        return options with { DeliveriesMax = configuration.GetValue("Turn:DeliveriesMax", options.DeliveriesMax) };
    }
}
