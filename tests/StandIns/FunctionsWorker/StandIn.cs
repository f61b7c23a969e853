namespace Microsoft.Azure.Functions.Worker;

static class StandIn
{
    internal static NotSupportedException CannotDoThat() =>
        new("This is a stand-in for the Azure Functions worker: it has its shape and does nothing. Build with AzureSdk=packages for the real one.");
}
