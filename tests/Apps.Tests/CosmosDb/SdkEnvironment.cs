using System.Runtime.CompilerServices;

namespace OrderFunctions.CosmosDb;

static class SdkEnvironment
{
    /// <summary>
    /// The SDK reads these variables on first use. Query plans are made locally instead of requested from the gateway, and the SDK does not
    /// probe for a cloud environment.
    /// </summary>
    [ModuleInitializer]
    internal static void Set()
    {
        Environment.SetEnvironmentVariable("AZURE_COSMOS_USE_QUERY_PLAN_INTEROP_LINUX", "true");
        Environment.SetEnvironmentVariable("COSMOS_DISABLE_IMDS_ACCESS", "true");
    }
}
