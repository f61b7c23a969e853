using Azure.Messaging.ServiceBus;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using OrderFunctions.Http;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.InventoryApp;

/// <summary>The functions of Inventory.</summary>
public sealed class InventoryFunctions(MessageHandler handler, Upkeep upkeep, StockApi stock)
{
    [Function($"{Participants.Inventory}-on-message")]
    public Task OnMessage(
        [ServiceBusTrigger(
            Topology.TopicName, Participants.Inventory,
            Connection = ServiceBusConnection.Name, IsSessionsEnabled = true, AutoCompleteMessages = false)]
        ServiceBusReceivedMessage message,
        ServiceBusMessageActions actions,
        ServiceBusSessionMessageActions session,
        CancellationToken stopping) => handler.HandleAsync(message, actions, session, stopping);

    [Function($"{Participants.Inventory}-on-timer")]
    public Task OnTimer([TimerTrigger("*/30 * * * * *")] TimerInfo timer, CancellationToken stopping) => upkeep.RunAsync(stopping);

    [Function("set-received")]
    public Task<IResult> SetReceived(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = Paths.Stock)] HttpRequest request, string sku) =>
        stock.SetReceivedAsync(request, sku);

    [Function("stock-level")]
    public Task<IResult> StockLevel(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Paths.Stock)] HttpRequest request, string sku) =>
        stock.LevelAsync(request, sku);
}
