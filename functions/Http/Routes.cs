using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OrderFunctions.Saga;

namespace OrderFunctions.Http;

/// <summary>Every call: the local host serves these, the apps are tested against them, and openapi.json describes them.</summary>
public static class Routes
{
    public static readonly ImmutableArray<ApiRoute> All =
    [
        new("operations-page", "GET", Paths.Page, [], Participants.Orders, (api, _) => Task.FromResult<IResult>(api.Page)),
        new("place-order", "POST", Paths.Orders, [Roles.Shop], Participants.Orders, (api, request) => api.Orders.PlaceAsync(request)),
        new("list-orders", "GET", Paths.Orders, [Roles.Operator], Participants.Orders, (api, request) => api.Orders.ListAsync(request)),
        new("order", "GET", Paths.Order, [Roles.Shop, Roles.Customer, Roles.Operator], Participants.Orders,
            (api, request) => api.Orders.StatusAsync(request, Value(request, "id"))),
        new("order-timeline", "GET", Paths.Timeline, [Roles.Shop, Roles.Customer, Roles.Operator], Participants.Orders,
            (api, request) => api.Orders.TimelineAsync(request, Value(request, "id"))),
        new("order-record", "GET", Paths.Record, [Roles.Operator], Participants.Orders,
            (api, request) => api.Orders.RecordAsync(request, Value(request, "id"))),
        new("cancel-order", "POST", Paths.Cancel, [Roles.Shop, Roles.Customer, Roles.Operator], Participants.Orders,
            (api, request) => api.Orders.CancelAsync(request, Value(request, "id"))),
        new("set-received", "PUT", Paths.Stock, [Roles.Warehouse], Participants.Inventory,
            (api, request) => api.Stock.SetReceivedAsync(request, Value(request, "sku"))),
        new("stock-level", "GET", Paths.Stock, [Roles.Warehouse, Roles.Operator], Participants.Inventory,
            (api, request) => api.Stock.LevelAsync(request, Value(request, "sku"))),
        new("carrier-event", "POST", Paths.CarrierEvents, [], Participants.Shipping,
            (api, request) => api.CarrierEvents.ReceiveAsync(request)),
        new("topology", "GET", Paths.Topology, [Roles.Operator], Participants.Orders,
            (api, request) => api.Operations.TopologyAsync(request)),
        new("counts", "GET", Paths.Counts, [Roles.Operator], Participants.Orders, (api, request) => api.Operations.CountsAsync(request)),
        new("audit", "GET", Paths.Audit, [Roles.Operator], Participants.Orders, (api, request) => api.Operations.AuditAsync(request)),
        new("parked", "GET", Paths.Parked, [Roles.Operator], Participants.Orders, (api, request) => api.Operations.ParkedAsync(request)),
        new("parked-order", "GET", Paths.ParkedOrder, [Roles.Operator], Participants.Orders,
            (api, request) => api.Operations.ParkedOrderAsync(request, Value(request, "id"))),
        new("replay", "POST", Paths.Replay, [Roles.Operator], Participants.Orders, (api, request) => api.Operations.ReplayAsync(request)),
        new("discard", "POST", Paths.Discard, [Roles.Operator], Participants.Orders,
            (api, request) => api.Operations.DiscardAsync(request)),
        new("settle", "POST", Paths.Settle, [Roles.Operator], Participants.Orders,
            (api, request) => api.Operations.SettleAsync(request)),
        new("openapi", "GET", Paths.OpenApi, [Roles.Shop, Roles.Customer, Roles.Warehouse, Roles.Operator], Participants.Orders,
            (_, _) => Task.FromResult(OpenApi.Document)),
    ];

    /// <summary>Serves every route, and answers anything else with a problem. In Azure each app serves its routes by functions.</summary>
    /// <param name="app">What serves.</param>
    /// <param name="api">What is served.</param>
    /// <param name="through">Gets each request with what makes its answer, and decides when that leaves. Null for at once.</param>
    public static void MapSaga(this WebApplication app, SagaApi api, Func<HttpRequest, Func<Task<IResult>>, Task<IResult>>? through = null)
    {
        through ??= (_, answer) => answer();
        app.UseStatusCodePages(context => Problem.Of(context.HttpContext.Response).ExecuteAsync(context.HttpContext));
        foreach (var route in All)
        {
            app.MapMethods(route.Path, route.Methods, (RequestDelegate)ServeAsync);

            async Task ServeAsync(HttpContext context)
            {
                var answer = await through(context.Request, () => route.Answer(api, context.Request));
                await answer.ExecuteAsync(context);
            }
        }
    }

    static string Value(HttpRequest request, string name) => request.RouteValues[name] as string ?? "";
}

/// <summary>One call of the API.</summary>
/// <param name="Name">Also the name of the function that serves it, and its operationId in openapi.json.</param>
/// <param name="Path">Without a leading slash.</param>
/// <param name="Roles">Any one is enough. With none the call is open: it shows no data, or checks its sender itself.</param>
/// <param name="Participant">Whose app serves it.</param>
public sealed record ApiRoute(
    string Name, string Method, string Path, ImmutableArray<string> Roles, string Participant,
    Func<SagaApi, HttpRequest, Task<IResult>> Answer)
{
    /// <summary>What is served: HEAD too wherever GET is.</summary>
    public IReadOnlyList<string> Methods => Method == HttpMethods.Get ? [HttpMethods.Get, HttpMethods.Head] : [Method];

    /// <summary>
    /// The roles that this request needs. The page, which holds no data, needs none: a browser that follows a link sends no token.
    /// </summary>
    public ImmutableArray<string> RolesFor(HttpRequest request) => Path == Paths.Timeline && Page.IsWantedBy(request) ? [] : Roles;
}

/// <summary>Paths as the attributes of the Functions apps need them.</summary>
public static class Paths
{
    /// <summary>The root. The Functions host ignores an empty route, and takes this one for the root.</summary>
    public const string Page = "{ignored:maxlength(0)?}";
    public const string Orders = "api/orders";
    public const string Order = "api/orders/{id}";
    public const string Timeline = "api/orders/{id}/timeline";
    public const string Record = "api/orders/{id}/record";
    public const string Cancel = "api/orders/{id}/cancel";
    public const string Stock = "api/stock/{sku}";
    public const string CarrierEvents = "api/carrier-events";
    public const string Topology = "api/operations/topology";
    public const string Counts = "api/operations/counts";
    public const string Audit = "api/operations/audit";
    public const string Parked = "api/operations/parked";
    public const string ParkedOrder = "api/operations/parked/{id}";
    public const string Replay = "api/operations/replay";
    public const string Discard = "api/operations/discard";
    public const string Settle = "api/operations/settle";
    public const string OpenApi = "openapi.json";
}
