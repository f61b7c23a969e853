using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;

namespace OrderFunctions.Http;

/// <summary>The app roles of Entra ID.</summary>
public static class Roles
{
    public const string Customer = "Customer";
    public const string Warehouse = "Warehouse";
    public const string Operator = "Operator";
}

/// <summary>Paths as the attributes of the Functions apps need them.</summary>
public static class Paths
{
    /// <summary>The root. The Functions host takes an empty route for none, and this one for the root.</summary>
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
    public const string Parked = "api/operations/parked";
    public const string ParkedOrder = "api/operations/parked/{id}";
    public const string Replay = "api/operations/replay";
    public const string Discard = "api/operations/discard";
    public const string OpenApi = "openapi.json";
}

/// <summary>One call of the API.</summary>
/// <param name="Name">Also the name of the function that serves it, and the operationId in openapi.json.</param>
/// <param name="Path">Without a leading slash.</param>
/// <param name="Roles">Any one of these is needed; with none, the call is open: it shows nothing, or checks by itself who sends it.</param>
/// <param name="Participant">Whose app serves it.</param>
public sealed record ApiRoute(
    string Name, string Method, string Path, ImmutableArray<string> Roles, string Participant, Func<SagaApi, HttpRequest, Task<IResult>> Answer)
{
    /// <summary>Whose token the request needs. The page, which holds no data, needs none: a browser that follows a link sends none.</summary>
    public ImmutableArray<string> RolesFor(HttpRequest request) => Path == Paths.Timeline && Page.IsWantedBy(request) ? [] : Roles;
}
