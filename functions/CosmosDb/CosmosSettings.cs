using System.Text.Json;
using Microsoft.Azure.Cosmos;

namespace OrderFunctions.CosmosDb;

/// <summary>How the SDK's client is configured.</summary>
public static class CosmosSettings
{
    /// <summary>Published, and the same for every emulator: it opens nothing else. Accounts in Azure are opened by identity only.</summary>
    public const string EmulatorKey = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==";

    public static CosmosClientOptions ForAzure() => new()
    {
        ApplicationName = "OrderFunctions",

        // Straight to the replicas: one hop fewer than through the gateway, and a turn makes a read and then a write.
        ConnectionMode = ConnectionMode.Direct,

        // Deliberately no preferred regions: reads must go to the one write region, because another region may be behind.

        // Deliberately not in bulk: that collects calls for up to 100 ms to gain throughput, and a turn makes one call at a time.
        AllowBulkExecution = false,

        // What was written is known already.
        EnableContentResponseOnWrite = false,

        // Throttled calls are retried in CosmosCalls, where they are counted; the SDK would hide them.
        MaxRetryAttemptsOnRateLimitedRequests = 0,

        UseSystemTextJsonSerializerWithOptions = new JsonSerializerOptions(JsonSerializerDefaults.Web),
    };

    public static CosmosClientOptions ForEmulator()
    {
        var options = ForAzure();

        // An emulator in a container states the address that it has inside, and its certificate is self-signed.
        options.ConnectionMode = ConnectionMode.Gateway;
        options.LimitToEndpoint = true;
        options.ServerCertificateCustomValidationCallback = (_, _, _) => true;
        return options;
    }
}
