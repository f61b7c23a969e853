using Azure.Messaging.ServiceBus;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using OrderFunctions.Http;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.ShippingApp;

/// <summary>The functions of Shipping.</summary>
public sealed class ShippingFunctions(MessageHandler handler, Upkeep upkeep, CarrierEventsApi carrierEvents)
{
    [Function($"{Participants.Shipping}-on-message")]
    public Task OnMessage(
        [ServiceBusTrigger(
            Topology.TopicName, Participants.Shipping,
            Connection = ServiceBusConnection.Name, IsSessionsEnabled = true, AutoCompleteMessages = false)]
        ServiceBusReceivedMessage message,
        ServiceBusMessageActions actions,
        ServiceBusSessionMessageActions session,
        CancellationToken stopping) => handler.HandleAsync(message, actions, session, stopping);

    [Function($"{Participants.Shipping}-on-timer")]
    public Task OnTimer([TimerTrigger("*/30 * * * * *")] TimerInfo timer, CancellationToken stopping) => upkeep.RunAsync(stopping);

    [Function("carrier-event")]
    public Task<IResult> CarrierEvent(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Paths.CarrierEvents)] HttpRequest request) =>
        carrierEvents.ReceiveAsync(request);
}
