using System.Text.Json;
using Microsoft.Azure.Cosmos;

namespace OrderFunctions.CosmosDb;

/// <summary>How the SDK's client is set.</summary>
public static class CosmosSettings
{
    /// <summary>The same for every emulator and published with it: it opens nothing else. Accounts in Azure are opened by identity only.</summary>
    public const string EmulatorKey = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==";

    public static CosmosClientOptions ForAzure() => new()
    {
        ApplicationName = "OrderFunctions",

        // Straight to the replicas: one hop less than by the gateway, and a turn is a read and a write that wait for each other.
        ConnectionMode = ConnectionMode.Direct,

        // Deliberately no preferred regions: reads must go where writes go, the one write region, because what another region knows may be old.

        // Deliberately not in bulk: that gathers calls for up to 100 ms for throughput's sake, and a turn has one call at a time.
        AllowBulkExecution = false,

        // What was written is known already.
        EnableContentResponseOnWrite = false,

        // Throttled calls are repeated in CosmosCalls, where they are counted; the SDK would hide them.
        MaxRetryAttemptsOnRateLimitedRequests = 0,

        UseSystemTextJsonSerializerWithOptions = new JsonSerializerOptions(JsonSerializerDefaults.Web),
    };

    public static CosmosClientOptions ForEmulator()
    {
        var options = ForAzure();

        // An emulator in a container states an address of its own inside, and a certificate that nobody signed.
        options.ConnectionMode = ConnectionMode.Gateway;
        options.LimitToEndpoint = true;
        options.ServerCertificateCustomValidationCallback = (_, _, _) => true;
        return options;
    }
}
