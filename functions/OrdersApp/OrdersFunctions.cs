using Azure.Messaging.ServiceBus;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using OrderFunctions.Http;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.OrdersApp;

/// <summary>The functions of Orders.</summary>
public sealed class OrdersFunctions(MessageHandler handler, Upkeep upkeep, OrdersApi orders)
{
    [Function($"{Participants.Orders}-on-message")]
    public Task OnMessage(
        [ServiceBusTrigger(
            Topology.TopicName, Participants.Orders,
            Connection = ServiceBusConnection.Name, IsSessionsEnabled = true, AutoCompleteMessages = false)]
        ServiceBusReceivedMessage message,
        ServiceBusMessageActions actions,
        ServiceBusSessionMessageActions session,
        CancellationToken stopping) => handler.HandleAsync(message, actions, session, stopping);

    [Function($"{Participants.Orders}-on-timer")]
    public Task OnTimer([TimerTrigger("*/10 * * * * *")] TimerInfo timer, CancellationToken stopping) => upkeep.RunAsync(stopping);

    [Function("place-order")]
    public Task<IResult> Place([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Paths.Orders)] HttpRequest request) =>
        orders.PlaceAsync(request);

    [Function("list-orders")]
    public Task<IResult> List([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Paths.Orders)] HttpRequest request) =>
        orders.ListAsync(request);

    [Function("order")]
    public Task<IResult> Status(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Paths.Order)] HttpRequest request, string id) =>
        orders.StatusAsync(request, id);

    [Function("order-timeline")]
    public Task<IResult> Timeline(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Paths.Timeline)] HttpRequest request, string id) =>
        orders.TimelineAsync(request, id);

    [Function("cancel-order")]
    public Task<IResult> Cancel([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Paths.Cancel)] HttpRequest request, string id) =>
        orders.CancelAsync(request, id);
}
