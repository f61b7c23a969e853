using Azure.Core;
using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OrderFunctions.Runtime;

namespace OrderFunctions.ServiceBus;

public static class ServiceBusConnection
{
    /// <summary>The section of the settings, as trigger attributes name it: the host reads the same settings.</summary>
    public const string Name = "ServiceBus";

    /// <summary>
    /// The topic to publish to and the dead-letter queue of <paramref name="participant"/>'s subscription. The setting
    /// <c>ServiceBus__fullyQualifiedNamespace</c> names the namespace, which is used under the app's identity; <c>ServiceBus</c>, a
    /// connection string, is for the emulator.
    /// </summary>
    public static IServiceCollection AddServiceBus(this IServiceCollection services, IConfiguration configuration, string participant)
    {
        var connectionString = configuration[Name];
        var hostName = configuration[$"{Name}:fullyQualifiedNamespace"];
        if (string.IsNullOrWhiteSpace(connectionString) && string.IsNullOrWhiteSpace(hostName))
        {
            throw new InvalidOperationException(
                "The setting ServiceBus__fullyQualifiedNamespace is missing: the host name of the Service Bus namespace.");
        }

        return services
            .AddSingleton(provider => string.IsNullOrWhiteSpace(connectionString)
                ? new ServiceBusClient(hostName, provider.GetRequiredService<TokenCredential>(), ClientOptions(participant))
                : new ServiceBusClient(connectionString, ClientOptions(participant)))
            .AddSingleton(provider => provider.GetRequiredService<ServiceBusClient>().CreateSender(Topology.Current.Topic))
            .AddSingleton<IEventBus, ServiceBusEventBus>()
            .AddSingleton<IDeadLetterQueue>(provider => new ServiceBusDeadLetters(() => provider.GetRequiredService<ServiceBusClient>()
                .CreateReceiver(Topology.Current.Topic, participant, ServiceBusDeadLetters.ReceiverOptions)));
    }

    /// <summary>The kernel retries within the time of a turn; the library's own retries go on for minutes and would outlast it.</summary>
    static ServiceBusClientOptions ClientOptions(string participant) => new()
    {
        Identifier = participant,
        RetryOptions = new() { MaxRetries = 1, TryTimeout = TimeSpan.FromSeconds(15) },
    };
}
