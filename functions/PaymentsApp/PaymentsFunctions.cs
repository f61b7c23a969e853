using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.PaymentsApp;

/// <summary>The functions of Payments.</summary>
public sealed class PaymentsFunctions(MessageHandler handler, Upkeep upkeep)
{
    [Function($"{Participants.Payments}-on-message")]
    public Task OnMessage(
        [ServiceBusTrigger(
            Topology.TopicName, Participants.Payments,
            Connection = ServiceBusConnection.Name, IsSessionsEnabled = true, AutoCompleteMessages = false)]
        ServiceBusReceivedMessage message,
        ServiceBusMessageActions actions,
        ServiceBusSessionMessageActions session,
        CancellationToken stopping) => handler.HandleAsync(message, actions, session, stopping);

    [Function($"{Participants.Payments}-on-timer")]
    public Task OnTimer([TimerTrigger("*/30 * * * * *")] TimerInfo timer, CancellationToken stopping) => upkeep.RunAsync(stopping);
}
