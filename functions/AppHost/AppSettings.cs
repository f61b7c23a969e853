using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.AppHost;

/// <summary>Where the apps find Service Bus, Cosmos DB and storage, as the settings of the same names say it.</summary>
/// <param name="ServiceBus">A connection string.</param>
/// <param name="CosmosEndpoint">The address of an account, or of an emulator on this machine.</param>
/// <param name="Storage">A connection string: the Functions host keeps its locks there.</param>
public sealed record Endpoints(string ServiceBus, string CosmosEndpoint, string Storage);

/// <summary>The settings of each app on a developer's machine. Bicep has those of the deployed apps.</summary>
public static class AppSettings
{
    public static IDictionary<string, string> Of(string participant, Endpoints endpoints)
    {
        var settings = new Dictionary<string, string>
        {
            ["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated",
            ["AzureWebJobsDisableHomepage"] = "true",
            ["AzureWebJobsStorage"] = endpoints.Storage,
            ["ServiceBus"] = endpoints.ServiceBus,
            [Stage.Setting] = Stage.Dev,
            ["Cosmos__Endpoint"] = endpoints.CosmosEndpoint,
            ["Cosmos__Database"] = "orderfunctions",

            // The emulator dead-letters after ten deliveries, and the kernel has to be first.
            ["Turn__DeliveriesMax"] = "5",
        };
        switch (participant)
        {
            case Participants.Payments:
                settings["CardProvider__Mode"] = "simulated";
                break;
            case Participants.Shipping:
                settings["Carrier__Mode"] = "simulated";
                settings["Carrier__WebhookSecret"] = "only-for-the-emulators";
                break;
            case Participants.Notifications:
                settings["Notifier__Mode"] = "simulated";
                break;
        }
        return settings;
    }
}
