using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>The whole API, for a host that serves all of it. In Azure each app serves its part.</summary>
public sealed record SagaApi(OrdersApi Orders, StockApi Stock, CarrierEventsApi CarrierEvents, OperationsApi Operations, Page Page)
{
    /// <summary>Every call: the local host serves these, the apps are tested against them, openapi.json describes them.</summary>
    public static readonly ImmutableArray<ApiRoute> Routes =
    [
        new("operations-page", "GET", Paths.Page, [], Participants.Orders, (api, _) => Task.FromResult<IResult>(api.Page)),
        new("place-order", "POST", Paths.Orders, [Roles.Customer], Participants.Orders, (api, request) => api.Orders.PlaceAsync(request)),
        new("list-orders", "GET", Paths.Orders, [Roles.Operator], Participants.Orders, (api, request) => api.Orders.ListAsync(request)),
        new("order", "GET", Paths.Order, [Roles.Customer, Roles.Operator], Participants.Orders,
            (api, request) => api.Orders.StatusAsync(request, Value(request, "id"))),
        new("order-timeline", "GET", Paths.Timeline, [Roles.Customer, Roles.Operator], Participants.Orders,
            (api, request) => api.Orders.TimelineAsync(request, Value(request, "id"))),
        new("order-record", "GET", Paths.Record, [Roles.Operator], Participants.Orders,
            (api, request) => api.Orders.RecordAsync(request, Value(request, "id"))),
        new("cancel-order", "POST", Paths.Cancel, [Roles.Customer, Roles.Operator], Participants.Orders,
            (api, request) => api.Orders.CancelAsync(request, Value(request, "id"))),
        new("set-received", "PUT", Paths.Stock, [Roles.Warehouse], Participants.Inventory,
            (api, request) => api.Stock.SetReceivedAsync(request, Value(request, "sku"))),
        new("stock-level", "GET", Paths.Stock, [Roles.Warehouse, Roles.Operator], Participants.Inventory,
            (api, request) => api.Stock.LevelAsync(request, Value(request, "sku"))),
        new("carrier-event", "POST", Paths.CarrierEvents, [], Participants.Shipping, (api, request) => api.CarrierEvents.ReceiveAsync(request)),
        new("topology", "GET", Paths.Topology, [Roles.Operator], Participants.Orders, (api, request) => api.Operations.TopologyAsync(request)),
        new("counts", "GET", Paths.Counts, [Roles.Operator], Participants.Orders, (api, request) => api.Operations.CountsAsync(request)),
        new("parked", "GET", Paths.Parked, [Roles.Operator], Participants.Orders, (api, request) => api.Operations.ParkedAsync(request)),
        new("parked-order", "GET", Paths.ParkedOrder, [Roles.Operator], Participants.Orders,
            (api, request) => api.Operations.ParkedOrderAsync(request, Value(request, "id"))),
        new("replay", "POST", Paths.Replay, [Roles.Operator], Participants.Orders, (api, request) => api.Operations.ReplayAsync(request)),
        new("discard", "POST", Paths.Discard, [Roles.Operator], Participants.Orders, (api, request) => api.Operations.DiscardAsync(request)),
        new("openapi", "GET", Paths.OpenApi, [Roles.Customer, Roles.Warehouse, Roles.Operator], Participants.Orders,
            (_, _) => Task.FromResult(OpenApi.Document)),
    ];

    static string Value(HttpRequest request, string name) => request.RouteValues[name] as string ?? "";
}

public static class SagaEndpoints
{
    /// <summary>Serves every route; each endpoint carries its <see cref="ApiRoute"/> as metadata.</summary>
    public static void MapSaga(this IEndpointRouteBuilder app, SagaApi api)
    {
        foreach (var route in SagaApi.Routes)
        {
            RequestDelegate serve = async context => await (await route.Answer(api, context.Request)).ExecuteAsync(context);
            app.MapMethods(route.Path, [route.Method], serve).WithMetadata(route);
        }
    }
}

/// <summary>openapi.json, which is written by hand and held against the code by a test.</summary>
public static class OpenApi
{
    public static readonly IResult Document = Results.Bytes(Read(), "application/json");

    static byte[] Read()
    {
        using var file = typeof(OpenApi).Assembly.GetManifestResourceStream("openapi.json")
            ?? throw new InvalidOperationException("openapi.json is not embedded.");
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }
}
