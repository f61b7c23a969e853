namespace Azure.Messaging.ServiceBus;

static class StandIn
{
    internal static NotSupportedException CannotDoThat() =>
        new("This is a stand-in for Azure.Messaging.ServiceBus: it has its shape and does nothing. Build with AzureSdk=packages for the real one.");
}
