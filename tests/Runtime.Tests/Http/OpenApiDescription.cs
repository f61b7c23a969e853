using System.Text.Json.Nodes;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http.Tests;

/// <summary>openapi.json describes what the code serves, no less and no more.</summary>
public sealed class OpenApiDescription(ApiHost host) : IClassFixture<ApiHost>
{
    static readonly string[] ByThePlatform = ["401", "403"];

    [Fact]
    public void Every_route_is_described_with_its_roles()
    {
        var served =
            from route in Routes.All
            let path = route.Path == Paths.Page ? "" : route.Path
            let security = route.Path == Paths.CarrierEvents ? "carrier" : string.Join(" or ", route.Roles.Select(role => $"entra {role}"))
            select $"{route.Method} /{path} {route.Name}: {security}";
        var described =
            from path in OpenApiCheck.Document["paths"]!.AsObject()
            from operation in path.Value!.AsObject()
            let security = operation.Value!["security"]!.AsArray().Select(way => way!.AsObject().Single())
            select $"{operation.Key.ToUpperInvariant()} {path.Key} {operation.Value!["operationId"]}: "
                + string.Join(" or ", security.Select(way => $"{way.Key} {string.Join(' ', way.Value!.AsArray())}".TrimEnd()));
        Assert.Equal(served.Order(), described.Order());
    }

    [Fact]
    public async Task The_document_is_served_as_written()
    {
        var reply = await host.GetAsync("/openapi.json");
        Assert.True(JsonNode.DeepEquals(OpenApiCheck.Document, reply.Json));
        Assert.Equal("3.1.0", (string?)reply.Json!["openapi"]);
    }

    [Fact]
    public void Limits_match_the_code()
    {
        var schemas = OpenApiCheck.Document["components"]!["schemas"]!;
        var parameters = OpenApiCheck.Document["components"]!["parameters"]!;
        (string Schema, string Field, string Word, decimal Limit)[] limits =
        [
            ("Order", "customerId", "maxLength", Limits.CustomerIdLength),
            ("OrderLine", "description", "maxLength", Limits.DescriptionLength),
            ("OrderLine", "quantity", "maximum", Limits.QuantityMax), ("OrderLine", "unitPrice", "maximum", Limits.UnitPriceMax),
            ("Payment", "cardToken", "maxLength", Limits.CardTokenLength),
            ("Address", "name", "maxLength", Limits.NameLength), ("Address", "line1", "maxLength", Limits.AddressLineLength),
            ("Address", "line2", "maxLength", Limits.AddressLineLength), ("Address", "state", "maxLength", Limits.StateLength),
            ("Address", "city", "maxLength", Limits.CityLength), ("Address", "postalCode", "maxLength", Limits.PostalCodeLength),
            ("Cancellation", "reason", "maxLength", Limits.ReasonLength), ("GoodsReceived", "received", "maximum", Limits.ReceivedMax),
            ("CarrierEvent", "eventId", "maxLength", Limits.CarrierIdLength),
            ("CarrierEvent", "trackingId", "maxLength", Limits.CarrierIdLength),
            ("Replay", "orderIds", "maxItems", Limits.ReplayOrdersMax), ("Discard", "messageId", "maxLength", Limits.MessageIdLength),
            ("Discard", "reason", "maxLength", Limits.ReasonLength),
        ];
        Assert.All(limits, one => Assert.Equal(one.Limit, (decimal)schemas[one.Schema]!["properties"]![one.Field]![one.Word]!));
        var unitPrice = schemas["OrderLine"]!["properties"]!["unitPrice"]!;
        Assert.Equal($"At most {Limits.PriceDecimalsMax} decimals.", (string?)unitPrice["description"]);
        Assert.Equal(Limits.SkuLength, (int)schemas["Sku"]!["maxLength"]!);
        var warehouse = schemas["Warehouse"]!;
        Assert.Equal((Limits.WarehouseLength, Limits.WarehouseDefault), ((int)warehouse["maxLength"]!, (string?)warehouse["default"]));
        Assert.Equal(Limits.IdempotencyKeyLength, (int)parameters["IdempotencyKey"]!["schema"]!["maxLength"]!);
        Assert.Equal(Limits.PageTokenLength, (int)parameters["After"]!["schema"]!["maxLength"]!);
        var limit = parameters["Limit"]!["schema"]!;
        Assert.Equal((Limits.PageMax, Limits.PageDefault), ((int)limit["maximum"]!, (int)limit["default"]!));
    }

    [Fact]
    public void Enumerations_match_the_code()
    {
        var schemas = OpenApiCheck.Document["components"]!["schemas"]!;
        Assert.Equal(Enum.GetNames<OrderStatus>(), Words(schemas["OrderStatus"]!));
        Assert.Equal(Topology.Current.Subscriptions.Select(s => s.Name), Words(schemas["Participant"]!));
        var listed = Enum.GetValues<Via>().Where(via => via is not Via.Republished).Select(via => via.ToString().ToLowerInvariant());
        Assert.Equal(listed, Words(schemas["Fact"]!["properties"]!["via"]!));
        Assert.Equal(Enum.GetNames<FailedStep>(), Words(schemas["OrderState"]!["properties"]!["failedAt"]!));

        static IEnumerable<string> Words(JsonNode schema) => schema["enum"]!.AsArray().Select(word => (string)word!);
    }

    [Fact]
    public void Examples_match_their_schemas()
    {
        foreach (var (name, schema) in OpenApiCheck.Document["components"]!["schemas"]!.AsObject())
        {
            foreach (var example in schema!["examples"]?.AsArray() ?? [])
                OpenApiCheck.Check(example, schema, $"example of {name}");
        }
    }

    /// <summary>Every answer in any test is compared with the description; this test gets each answer that is described.</summary>
    [Fact]
    public async Task Every_described_answer_occurs()
    {
        var id = await OrdersAsync();
        await StockAndCarrierAsync();
        await OperationsAsync(id);
        await host.GetAsync("/openapi.json");
        await UnavailableAsync(id);

        var described =
            from path in OpenApiCheck.Document["paths"]!.AsObject()
            from operation in path.Value!.AsObject()
            from response in operation.Value!["responses"]!.AsObject()
            where !ByThePlatform.Contains(response.Key) || (string)operation.Value["operationId"]! == "carrier-event"
            select $"{operation.Value["operationId"]} {response.Key}";
        Assert.Equal(described.Order(), host.OpenApi.Seen.Keys.Select(seen => $"{seen.Operation} {seen.Status}").Order());
    }

    static JsonNode Example(string schema) => OpenApiCheck.Document["components"]!["schemas"]![schema]!["examples"]![0]!;

    async Task<string> OrdersAsync()
    {
        var order = Example("Order").ToJsonString();
        var id = (string)(await host.PostAsync("/api/orders", order, "key")).Json!["id"]!;
        await host.PostAsync("/api/orders", order.Replace("17850", "17851", StringComparison.Ordinal), "key");
        await host.PostAsync("/api/orders", "{}");
        await RefusedAsync("POST", "/api/orders", Limits.OrderBytesMax);

        await host.PostAsync($"/api/orders/{id}/cancel", Example("Cancellation").ToJsonString());
        await host.PostAsync($"/api/orders/{id}/cancel", """{"reason":1}""");
        await host.PostAsync($"/api/orders/{new string('0', 32)}/cancel");
        await RefusedAsync("POST", $"/api/orders/{id}/cancel", Limits.BodyBytesMax);
        var shipped = await host.PlaceAsync();
        await host.HearAsync(shipped, "shipping", 2, new OrderShipped("trk-1"));
        await host.PostAsync($"/api/orders/{shipped}/cancel");

        await ReadAsync($"/api/orders/{id}", $"/api/orders/{new string('0', 32)}");
        await ReadAsync($"/api/orders/{id}/timeline", $"/api/orders/{new string('0', 32)}/timeline");
        await ReadAsync($"/api/orders/{id}/record", $"/api/orders/{new string('0', 32)}/record");
        await ReadAsync("/api/orders", "/api/orders?limit=0");
        return id;
    }

    async Task StockAndCarrierAsync()
    {
        await host.PutAsync("/api/stock/a", Example("GoodsReceived").ToJsonString());
        await host.PutAsync("/api/stock/a", "{}");
        host.Stock.Levels[("main", "gone")] = new("gone", "main", 10, 3, 5, 2);
        await host.PutAsync("/api/stock/gone", """{"received":1}""");
        await RefusedAsync("PUT", "/api/stock/a", Limits.BodyBytesMax);
        await host.GetAsync("/api/stock/a");
        await host.GetAsync("/api/stock/b");
        await host.GetAsync("/api/stock/a?warehouse=*");

        await host.CarrierAsync(Example("CarrierEvent").ToJsonString());
        await host.CarrierAsync("{}");
        await host.CarrierAsync("""{"type":"delivered"}""");
        await host.CarrierAsync("{}", "wrong");
        await host.CarrierAsync(new string(' ', Limits.BodyBytesMax + 1));
        var unlabelled = new HttpRequestMessage(HttpMethod.Post, "/api/carrier-events") { Content = new ByteArrayContent([]) };
        unlabelled.Headers.Add(CarrierSignature.Header, host.Signature.Sign([]));
        await host.SendAsync(unlabelled);
    }

    async Task OperationsAsync(string id)
    {
        await host.HearAsync(id, "payments", 3, new OrderParked("payments", 3, $"{id}/inventory/2", "HandlerFailed", "it broke"));
        await ReadAsync("/");
        await ReadAsync("/api/operations/topology");
        await ReadAsync("/api/operations/counts");
        await ReadAsync("/api/operations/audit", "/api/operations/audit?from=yesterday");
        await ReadAsync("/api/operations/parked", "/api/operations/parked?limit=0");
        await ReadAsync($"/api/operations/parked/{id}", $"/api/operations/parked/{new string('0', 32)}");
        await host.PostAsync("/api/operations/replay", Example("Replay").ToJsonString());
        await host.PostAsync("/api/operations/replay", "{}");
        await RefusedAsync("POST", "/api/operations/replay", Limits.BodyBytesMax);

        var discard = Example("Discard");
        await host.PostAsync("/api/operations/discard", discard.ToJsonString());
        var known = discard.ToJsonString().Replace((string)discard["orderId"]!, id, StringComparison.Ordinal);
        await host.PostAsync("/api/operations/discard", known);
        await host.PostAsync("/api/operations/discard", "{}");
        await RefusedAsync("POST", "/api/operations/discard", Limits.BodyBytesMax);

        var settle = Example("Settlement");
        await host.PostAsync("/api/operations/settle", settle.ToJsonString());
        var placed = await host.PlaceAsync();
        foreach (var path in new[] { "discard", "settle" })
        {
            await host.PostAsync(
                $"/api/operations/{path}", settle.ToJsonString().Replace((string)settle["orderId"]!, placed, StringComparison.Ordinal));
        }
        await host.PostAsync($"/api/orders/{placed}/cancel");
        await host.PostAsync("/api/operations/settle", settle.ToJsonString().Replace((string)settle["orderId"]!, placed, StringComparison.Ordinal));
        await host.PostAsync("/api/operations/settle", "{}");
        await RefusedAsync("POST", "/api/operations/settle", Limits.BodyBytesMax);
    }

    async Task UnavailableAsync(string id)
    {
        host.OrderStreams.IsUnavailable = host.Bus.IsUnavailable = host.Stock.IsUnavailable = true;
        string[] paths =
        [
            "/api/orders", $"/api/orders/{id}", $"/api/orders/{id}/timeline", $"/api/orders/{id}/record",
            "/api/stock/a", "/api/operations/counts", "/api/operations/audit", "/api/operations/parked", $"/api/operations/parked/{id}",
        ];
        foreach (var path in paths)
            await host.GetAsync(path);
        await host.PostAsync("/api/orders", Example("Order").ToJsonString());
        await host.PostAsync($"/api/orders/{id}/cancel");
        await host.PutAsync("/api/stock/a", Example("GoodsReceived").ToJsonString());
        await host.CarrierAsync(Example("CarrierEvent").ToJsonString());
        await host.PostAsync("/api/operations/replay", """{"all":true}""");
        await host.PostAsync("/api/operations/discard", Example("Discard").ToJsonString());
        await host.PostAsync("/api/operations/settle", Example("Settlement").ToJsonString());
    }

    async Task ReadAsync(string path, string? refused = null)
    {
        var reply = await host.GetAsync(path);
        await host.GetAsync(path, reply.ETag);
        if (refused is not null)
            await host.GetAsync(refused);
    }

    /// <summary>One body that is too large, one of another content type.</summary>
    async Task RefusedAsync(string method, string path, int bytesMax)
    {
        await host.SendAsync(HttpMethod.Parse(method), path, new string(' ', bytesMax + 1));
        await host.SendAsync(new HttpRequestMessage(HttpMethod.Parse(method), path) { Content = new StringContent("{}") });
    }
}
