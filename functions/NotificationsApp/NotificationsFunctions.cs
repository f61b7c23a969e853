using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.NotificationsApp;

/// <summary>The functions of Notifications.</summary>
public sealed class NotificationsFunctions(MessageHandler handler, Upkeep upkeep)
{
    [Function($"{Participants.Notifications}-on-message")]
    public Task OnMessage(
        [ServiceBusTrigger(
            Topology.TopicName, Participants.Notifications,
            Connection = ServiceBusConnection.Name, IsSessionsEnabled = true, AutoCompleteMessages = false)]
        ServiceBusReceivedMessage message,
        ServiceBusMessageActions actions,
        ServiceBusSessionMessageActions session,
        CancellationToken stopping) => handler.HandleAsync(message, actions, session, stopping);

    [Function($"{Participants.Notifications}-on-timer")]
    public Task OnTimer([TimerTrigger("*/30 * * * * *")] TimerInfo timer, CancellationToken stopping) => upkeep.RunAsync(stopping);
}
