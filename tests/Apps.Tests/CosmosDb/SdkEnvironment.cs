using System.Runtime.CompilerServices;

namespace OrderFunctions.CosmosDb;

static class SdkEnvironment
{
    /// <summary>
    /// The SDK reads these when it is first used: query plans are made here and not asked of a gateway, and nobody looks for a cloud
    /// around.
    /// </summary>
    [ModuleInitializer]
    internal static void Set()
    {
        Environment.SetEnvironmentVariable("AZURE_COSMOS_USE_QUERY_PLAN_INTEROP_LINUX", "true");
        Environment.SetEnvironmentVariable("COSMOS_DISABLE_IMDS_ACCESS", "true");
    }
}
