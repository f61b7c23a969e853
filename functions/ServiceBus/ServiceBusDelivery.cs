using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;
using OrderFunctions.Runtime;

namespace OrderFunctions.ServiceBus;

public static class ServiceBusDelivery
{
    /// <summary>Handles and settles what a function was called with.</summary>
    /// <exception cref="UnsettledException">The host has not settled the message.</exception>
    public static async Task HandleAsync(
        this MessageHandler handler,
        ServiceBusReceivedMessage message,
        ServiceBusMessageActions actions,
        ServiceBusSessionMessageActions session,
        CancellationToken stopping)
    {
        var settlement = new ServiceBusSettlement(message, actions, session);
        await handler.HandleAsync(message.ToReceived(), settlement, stopping);

        // If the call succeeded, the message would stay locked and the session's next one would overtake it. If it fails, the host gives it
        // back.
        if (!settlement.IsSettled)
            throw new UnsettledException(message.MessageId);
    }
}

public sealed class UnsettledException(string messageId) : Exception($"Message {messageId} is not settled: the host must give it back.");
