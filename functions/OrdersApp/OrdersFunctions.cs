using Azure.Messaging.ServiceBus;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using OrderFunctions.Hosting;
using OrderFunctions.Http;
using OrderFunctions.Runtime;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.OrdersApp;

/// <summary>Where Orders is called. Its timer measures what no single turn can, too.</summary>
public sealed class OrdersFunctions(MessageHandler handler, Upkeep upkeep, Gauges gauges, OrdersApi orders, OperationsApi operations)
{
    [Function($"{Participants.Orders}-on-message")]
    public Task OnMessage(
        [ServiceBusTrigger(Topology.TopicName, Participants.Orders, Connection = ServiceBusConnection.Name, IsSessionsEnabled = true, AutoCompleteMessages = false)]
        ServiceBusReceivedMessage message,
        ServiceBusMessageActions actions,
        ServiceBusSessionMessageActions session,
        CancellationToken stopping) => handler.HandleAsync(message, actions, session, stopping);

    [Function($"{Participants.Orders}-on-timer")]
    public async Task OnTimer([TimerTrigger("*/10 * * * * *")] TimerInfo timer, CancellationToken stopping)
    {
        await upkeep.RunAsync(stopping);
        await gauges.MeasureAsync(stopping);
    }

    [Function("operations-page")]
    public static IResult Page([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Paths.Page)] HttpRequest request) => OperationsApi.Page;

    [Function("place-order")]
    public Task<IResult> Place([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Paths.Orders)] HttpRequest request) =>
        orders.PlaceAsync(request);

    [Function("list-orders")]
    public Task<IResult> List([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Paths.Orders)] HttpRequest request) =>
        orders.ListAsync(request);

    [Function("order")]
    public Task<IResult> Status([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Paths.Order)] HttpRequest request, string id) =>
        orders.StatusAsync(request, id);

    [Function("order-timeline")]
    public Task<IResult> Timeline([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Paths.Timeline)] HttpRequest request, string id) =>
        orders.TimelineAsync(request, id);

    [Function("order-record")]
    public Task<IResult> Record([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Paths.Record)] HttpRequest request, string id) =>
        orders.RecordAsync(request, id);

    [Function("cancel-order")]
    public Task<IResult> Cancel([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Paths.Cancel)] HttpRequest request, string id) =>
        orders.CancelAsync(request, id);

    [Function("topology")]
    public Task<IResult> Drawn([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Paths.Topology)] HttpRequest request) =>
        operations.TopologyAsync(request);

    [Function("counts")]
    public Task<IResult> Counts([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Paths.Counts)] HttpRequest request) =>
        operations.CountsAsync(request);

    [Function("parked")]
    public Task<IResult> Parked([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Paths.Parked)] HttpRequest request) =>
        operations.ParkedAsync(request);

    [Function("replay")]
    public Task<IResult> Replay([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Paths.Replay)] HttpRequest request) =>
        operations.ReplayAsync(request);

    [Function("discard")]
    public Task<IResult> Discard([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Paths.Discard)] HttpRequest request) =>
        operations.DiscardAsync(request);

    [Function("openapi")]
    public static IResult Described([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Paths.OpenApi)] HttpRequest request) => OpenApi.Document;
}
