using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using OrderFunctions.Http;

namespace OrderFunctions.OrdersApp;

/// <summary>What operators call. The page holds no data and is open to all: what it shows it reads with the operator's token.</summary>
public sealed class OperationsFunctions(OrdersApi orders, OperationsApi operations, Page page)
{
    [Function("operations-page")]
    public IResult OperationsPage(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Paths.Page)] HttpRequest request) =>
        page;

    [Function("order-record")]
    public Task<IResult> Record(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Paths.Record)] HttpRequest request, string id) =>
        orders.RecordAsync(request, id);

    [Function("topology")]
    public Task<IResult> Topology([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Paths.Topology)] HttpRequest request) =>
        operations.TopologyAsync(request);

    [Function("counts")]
    public Task<IResult> Counts([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Paths.Counts)] HttpRequest request) =>
        operations.CountsAsync(request);

    [Function("audit")]
    public Task<IResult> Audit([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Paths.Audit)] HttpRequest request) =>
        operations.AuditAsync(request);

    [Function("parked")]
    public Task<IResult> Parked([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Paths.Parked)] HttpRequest request) =>
        operations.ParkedAsync(request);

    [Function("parked-order")]
    public Task<IResult> ParkedOrder(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Paths.ParkedOrder)] HttpRequest request, string id) =>
        operations.ParkedOrderAsync(request, id);

    [Function("replay")]
    public Task<IResult> Replay([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Paths.Replay)] HttpRequest request) =>
        operations.ReplayAsync(request);

    [Function("discard")]
    public Task<IResult> Discard([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Paths.Discard)] HttpRequest request) =>
        operations.DiscardAsync(request);

    [Function("settle")]
    public Task<IResult> Settle([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Paths.Settle)] HttpRequest request) =>
        operations.SettleAsync(request);

    [Function("openapi")]
    public static IResult OpenApiDocument(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = Paths.OpenApi)] HttpRequest request) =>
        OpenApi.Document;
}
