using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace OrderFunctions.Http.Tests;

/// <summary>An invalid request is answered 4xx, with the names of the wrong fields, and changes nothing.</summary>
public sealed class InvalidRequests(ApiHost host) : IClassFixture<ApiHost>
{
    static readonly string Id = new('0', 32);
    static readonly string OrderText = OrderJson.Valid().ToJsonString();

    static TheoryDataRow<string, string, string, int, string> Row(string name, string call, string body, int status, string field) =>
        new(name, call, body, status, field) { TestDisplayName = name };

    static TheoryDataRow<string, string, string, int, string> Order(string name, string field, Action<JsonObject> change) =>
        Row($"order: {name}", "POST /api/orders", OrderJson.With(change).ToJsonString(), 400, field);

    static TheoryDataRow<string, string, string, int, string> Raw(string name, string field, string part, string with) =>
        Row($"order: {name}", "POST /api/orders", OrderText.Replace(part, with, StringComparison.Ordinal), 400, field);

    static Action<JsonObject> Line(string field, JsonNode? value) => order => order["lines"]![1]![field] = value;

    static Action<JsonObject> Of(string parent, string field, JsonNode? value) => order => order[parent]![field] = value;

    static string Long(int length) => new('x', length);

    public static IEnumerable<TheoryDataRow<string, string, string, int, string>> Requests() =>
    [
        Row("order: nothing", "POST /api/orders", "", 400, ""),
        Row("order: blank", "POST /api/orders", "  ", 400, ""),
        Row("order: broken off", "POST /api/orders", """{"customerId":""", 400, ""),
        Row("order: two documents", "POST /api/orders", "{} {}", 400, ""),
        Row("order: a comment", "POST /api/orders", "{} // no", 400, ""),
        Row("order: too deep", "POST /api/orders", Long(0).PadLeft(200, '['), 400, ""),
        Row("order: null", "POST /api/orders", "null", 400, "$"),
        Row("order: an array", "POST /api/orders", "[]", 400, "$"),
        Row("order: a string", "POST /api/orders", "\"order\"", 400, "$"),
        Row("order: empty object", "POST /api/orders", "{}", 400, "customerId currency lines payment shipTo"),
        Order("no customer", "customerId", o => o.Remove("customerId")),
        Order("null customer", "customerId", o => o["customerId"] = null),
        Order("customer is a number", "customerId", o => o["customerId"] = 17850),
        Order("blank customer", "customerId", o => o["customerId"] = "  "),
        Order("customer too long", "customerId", o => o["customerId"] = Long(65)),
        Order("control character in customer", "customerId", o => o["customerId"] = "178\u000050"),
        Order("escape sequence in customer", "customerId", o => o["customerId"] = "\u001b[31m"),
        Order("text that runs the other way", "shipTo.name", o => o["shipTo"]!["name"] = "Ada \u202ellB"),
        Order("character of no width", "customerId", o => o["customerId"] = "178\u200b50"),
        Order("line separator", "shipTo.line1", o => o["shipTo"]!["line1"] = "34\u2028High Street"),
        Order("hidden tag", "lines[1].description", Line("description", "LANTERN\U000E0041")),
        Order("owner without an account", "owner.objectId", o => o["owner"] = JsonNode.Parse("""{ "tenantId": "11111111-2222-3333-4444-555555555555" }""")),
        Order("owner a word", "owner.tenantId", o => o["owner"] = JsonNode.Parse("""{ "tenantId": "us", "objectId": "11111111-2222-3333-4444-555555555555" }""")),
        Raw("half a surrogate pair", "customerId", "\"17850\"", "\"\\ud83c\""),
        Raw("half a surrogate pair in a name", "$", "\"customerId\"", "\"\\ud83c\\ud83c a long name\":1,\"customerId\""),
        Raw("surrogates in the wrong order", "customerId", "\"17850\"", "\"\\udf81\\ud83c\""),
        Order("currency unknown", "currency", o => o["currency"] = "XXX"),
        Order("currency in small letters", "currency", o => o["currency"] = "gbp"),
        Order("currency too long", "currency", o => o["currency"] = "GBPP"),
        Order("no lines", "lines", o => o.Remove("lines")),
        Order("empty lines", "lines", o => o["lines"] = new JsonArray()),
        Order("lines an object", "lines", o => o["lines"] = new JsonObject()),
        Order("null line", "lines[1]", o => o["lines"]![1] = null),
        Order("line a number", "lines[1]", o => o["lines"]![1] = 1),
        Order("no sku", "lines[1].sku", Line("sku", null)),
        Order("sku a number", "lines[1].sku", Line("sku", 71053)),
        Order("sku too long", "lines[1].sku", Line("sku", Long(65))),
        Order("sku with a slash", "lines[1].sku", Line("sku", "a/b")),
        Order("sku with an encoded slash", "lines[1].sku", Line("sku", "a%2fb")),
        Order("sku of dots", "lines[1].sku", Line("sku", "..")),
        Order("sku ends in a space", "lines[1].sku", Line("sku", "a ")),
        Order("no description", "lines[1].description", Line("description", null)),
        Order("description too long", "lines[1].description", Line("description", Long(201))),
        Order("line break in description", "lines[1].description", Line("description", "a\nb")),
        Order("no quantity", "lines[1].quantity", Line("quantity", null)),
        Order("quantity zero", "lines[1].quantity", Line("quantity", 0)),
        Order("quantity negative", "lines[1].quantity", Line("quantity", -1)),
        Order("quantity a fraction", "lines[1].quantity", Line("quantity", 1.5)),
        Order("quantity a string", "lines[1].quantity", Line("quantity", "6")),
        Order("quantity too large", "lines[1].quantity", Line("quantity", 1_000_001)),
        Order("quantity beyond 32 bits", "lines[1].quantity", Line("quantity", 4_294_967_297)),
        Raw("quantity beyond 64 bits", "lines[0].quantity", "\"quantity\":6", "\"quantity\":18446744073709551617"),
        Order("quantity true", "lines[1].quantity", Line("quantity", true)),
        Order("quantities of one SKU add up to too many", "lines[2].quantity", o => o["lines"] = OrderJson.WithLines(
            Enumerable.Repeat(("A", "x", 400_000L, 0m), 3))["lines"]!.DeepClone()),
        Order("no price", "lines[1].unitPrice", Line("unitPrice", null)),
        Order("price negative", "lines[1].unitPrice", Line("unitPrice", -0.01m)),
        Order("price a string", "lines[1].unitPrice", Line("unitPrice", "2.55")),
        Order("price of five decimals", "lines[1].unitPrice", Line("unitPrice", 0.12345m)),
        Order("price too large", "lines[1].unitPrice", Line("unitPrice", 1_000_000_000.01m)),
        Raw("price beyond any number", "lines[0].unitPrice", "2.55", "1e400"),
        Raw("price next to nothing", "lines[0].unitPrice", "2.55", "1e-400"),
        Raw("price of more digits than a decimal holds", "lines[0].unitPrice", "2.55", "1.00000000000000000000000000000000000001"),
        Order("total too large", "lines", o => o["lines"] = OrderJson.WithLines(
            Enumerable.Range(0, 1_000).Select(i => ($"s{i}", "x", 1_000_000L, 1_000_000_000m)))["lines"]!.DeepClone()),
        Order("too many SKUs", "lines", o => o["lines"] = OrderJson.WithLines(
            Enumerable.Range(0, Limits.SkusMax + 1).Select(i => ($"s{i}", "x", 1L, 1m)))["lines"]!.DeepClone()),
        Order("no payment", "payment", o => o.Remove("payment")),
        Order("payment a string", "payment", o => o["payment"] = "tok_visa"),
        Order("no card token", "payment.cardToken", Of("payment", "cardToken", null)),
        Order("card token too long", "payment.cardToken", Of("payment", "cardToken", Long(129))),
        Order("a card's number", "payment.cardToken", Of("payment", "cardToken", "4111 1111 1111 1111")),
        Order("no address", "shipTo", o => o["shipTo"] = null),
        Order("address an array", "shipTo", o => o["shipTo"] = new JsonArray()),
        Order(
            "empty address", "shipTo.name shipTo.line1 shipTo.city shipTo.postalCode shipTo.country", o => o["shipTo"] = new JsonObject()),
        Order("name too long", "shipTo.name", Of("shipTo", "name", Long(201))),
        Order("no postal code where there are some", "shipTo.postalCode", o => o["shipTo"]!.AsObject().Remove("postalCode")),
        Order("postal code empty where there are some", "shipTo.postalCode", Of("shipTo", "postalCode", "")),
        Order("second line too long", "shipTo.line2", Of("shipTo", "line2", Long(201))),
        Order("state a number", "shipTo.state", Of("shipTo", "state", 7)),
        Order("country UK", "shipTo.country", Of("shipTo", "country", "UK")),
        Order("country XX", "shipTo.country", Of("shipTo", "country", "XX")),
        Order("a field that is not known", "giftWrap", o => o["giftWrap"] = new JsonObject { ["\ud83c\udf81"] = true }),
        Order("a field of a line that is not known", "lines[1].discount", Line("discount", 1)),
        Order("a field of an address that is not known", "shipTo.address2", Of("shipTo", "address2", "Flat 2")),
        Order("a field of the payment that is not known", "payment.token", Of("payment", "token", "x")),
        Order("a field by another case", "Warehouse", o => o["Warehouse"] = "north"),
        Order("a field whose name is long", $"{Long(64)}…", o => o[Long(5_000)] = 1),
        Raw("a field twice", "currency", "\"currency\":\"GBP\"", "\"currency\":\"EUR\",\"currency\":\"GBP\""),
        Raw("a field twice, once in escapes", "lines[0].quantity", "\"quantity\":6", "\"quantity\":6,\"\\u0071uantity\":50"),
        Order("stock a word", "lines[1].needsStock", Line("needsStock", "no")),
        Order("street too long", "shipTo.line1", Of("shipTo", "line1", Long(201))),
        Order("city too long", "shipTo.city", Of("shipTo", "city", Long(101))),
        Order("postal code too long", "shipTo.postalCode", Of("shipTo", "postalCode", Long(21))),
        Order("country in small letters", "shipTo.country", Of("shipTo", "country", "gb")),
        Order("country of three letters", "shipTo.country", Of("shipTo", "country", "GBR")),
        Order("country not Latin", "shipTo.country", Of("shipTo", "country", "ГБ")),
        Order("warehouse with a slash", "warehouse", o => o["warehouse"] = "a/b"),
        Order("warehouse empty", "warehouse", o => o["warehouse"] = ""),
        Order("several errors at once", "currency lines[0].quantity lines[1].sku shipTo.country", o =>
        {
            o["currency"] = 1;
            o["lines"]![0]!["quantity"] = 0;
            o["lines"]![1]!["sku"] = "";
            o["shipTo"]!["country"] = "";
        }),
        Row(
            "order: larger than any order", "POST /api/orders",
            OrderJson.With(o => o["customerId"] = Long(1024 * 1024)).ToJsonString(), 413, ""),
        Row("status: not an id", "GET /api/orders/1", "", 404, ""),
        Row("status: an id in capitals", $"GET /api/orders/{new string('A', 32)}", "", 404, ""),
        Row("status: unknown", $"GET /api/orders/{Id}", "", 404, ""),
        Row("timeline: unknown", $"GET /api/orders/{Id}/timeline", "", 404, ""),
        Row("timeline: not an id", "GET /api/orders/%2E%2E%2F/timeline", "", 404, ""),
        Row("cancel: unknown", $"POST /api/orders/{Id}/cancel", "{}", 404, ""),
        Row("cancel: unknown, no body", $"POST /api/orders/{Id}/cancel", "", 404, ""),
        Row("cancel: not JSON", $"POST /api/orders/{Id}/cancel", "no", 400, ""),
        Row("cancel: reason too long", $"POST /api/orders/{Id}/cancel", $$"""{"reason":"{{Long(201)}}"}""", 400, "reason"),
        Row("cancel: reason a number", $"POST /api/orders/{Id}/cancel", """{"reason":1}""", 400, "reason"),
        Row("cancel: too large", $"POST /api/orders/{Id}/cancel", $$"""{"x":"{{Long(64 * 1024)}}"}""", 413, ""),
        Row("list: status unknown", "GET /api/orders?status=Lost", "", 400, "status"),
        Row("list: status a number", "GET /api/orders?status=3", "", 400, "status"),
        Row("list: from no time", "GET /api/orders?from=noon", "", 400, "from"),
        Row("list: to no time of day", "GET /api/orders?to=2026-03-01T25:00:00Z", "", 400, "to"),
        Row("list: sku too long", "GET /api/orders?sku=" + Long(65), "", 400, "sku"),
        Row("list: two statuses", "GET /api/orders?status=Paid,Placed", "", 400, "status"),
        Row("list: status twice", "GET /api/orders?status=Paid&status=Placed", "", 400, "status"),
        Row("list: parked neither true nor false", "GET /api/orders?parked=1", "", 400, "parked"),
        Row("record: unknown", $"GET /api/orders/{Id}/record", "", 404, ""),
        Row("list: limit zero", "GET /api/orders?limit=0", "", 400, "limit"),
        Row("list: limit too large", "GET /api/orders?limit=201", "", 400, "limit"),
        Row("list: limit negative", "GET /api/orders?limit=-1", "", 400, "limit"),
        Row("list: limit a word", "GET /api/orders?limit=ten", "", 400, "limit"),
        Row("list: token of no store", "GET /api/orders?after=nowhere", "", 400, "after"),
        Row("list: text too long", $"GET /api/orders?text={Long(256)}", "", 400, "text"),
        Row("list: control character in text", "GET /api/orders?text=%07", "", 400, "text"),
        Row("parked: token of no store", "GET /api/operations/parked?after=nowhere", "", 400, "after"),
        Row("stock: unknown", "GET /api/stock/none", "", 404, ""),
        Row("stock: SKU too long", $"GET /api/stock/{Long(65)}", "", 400, "sku"),
        Row("stock: SKU with a slash", "GET /api/stock/a%2Fb", "", 400, "sku"),
        Row("received: SKU with a slash", "PUT /api/stock/a%2Fb", """{"received":5}""", 400, "sku"),
        Row("stock: SKU with a backslash", "GET /api/stock/a%5Cb", "", 400, "sku"),
        Row("stock: SKU of a control character", "GET /api/stock/%07", "", 400, "sku"),
        Row("stock: warehouse with a space", "GET /api/stock/a?warehouse=a%20b", "", 400, "warehouse"),
        Row("received: nothing", "PUT /api/stock/a", "{}", 400, "received"),
        Row("received: negative", "PUT /api/stock/a", """{"received":-1}""", 400, "received"),
        Row("received: too many", "PUT /api/stock/a", """{"received":1000000000001}""", 400, "received"),
        Row("received: a string", "PUT /api/stock/a", """{"received":"5"}""", 400, "received"),
        Row("received: warehouse too long", $"PUT /api/stock/a?warehouse={Long(33)}", """{"received":5}""", 400, "warehouse"),
        Row("replay: nothing selected", "POST /api/operations/replay", "{}", 400, "all"),
        Row("replay: all and a selection", "POST /api/operations/replay", """{"all":true,"reason":"Failed"}""", 400, "all"),
        Row(
            "replay: a field that is misspelt", "POST /api/operations/replay", """{"all":true,"particpant":"payments"}""", 400,
            "particpant"),
        Row(
            "replay: half a surrogate pair in a name", "POST /api/operations/replay",
            """{"all":true,"\ud83c\ud83c a long name":1}""", 400, "$"),
        Row("replay: all a word", "POST /api/operations/replay", """{"all":"yes"}""", 400, "all"),
        Row("replay: no orders", "POST /api/operations/replay", """{"orderIds":[]}""", 400, "orderIds"),
        Row("replay: not an order", "POST /api/operations/replay", """{"orderIds":["1",null]}""", 400, "orderIds[0] orderIds[1]"),
        Row("replay: too many orders", "POST /api/operations/replay",
            new JsonObject { ["orderIds"] = new JsonArray([.. Enumerable.Range(0, 201).Select(i => (JsonNode)$"{i:x32}")]) }.ToJsonString(),
            400, "orderIds"),
        Row("replay: participant unknown", "POST /api/operations/replay", """{"participant":"billing"}""", 400, "participant"),
        Row("discard: nothing", "POST /api/operations/discard", "{}", 400, "orderId participant messageId reason"),
        Row("discard: order unknown", "POST /api/operations/discard",
            $$"""{"orderId":"{{Id}}","participant":"payments","messageId":"m","reason":"why not"}""", 404, ""),
        Row("received: twice", "PUT /api/stock/a", """{"received":1,"received":2}""", 400, "received"),
        Row("cancel: a field that is misspelt", $"POST /api/orders/{Id}/cancel", """{"reasn":"why"}""", 400, "reasn"),
        Row("discard: reason blank", "POST /api/operations/discard",
            $$"""{"orderId":"{{Id}}","participant":"payments","messageId":"m","reason":" "}""", 400, "reason"),
    ];

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task An_invalid_field_is_named_and_nothing_is_stored(string name, string call, string body, int status, string fields)
    {
        var (method, path) = (call.Split(' ')[0], call.Split(' ')[1]);
        var before = host.Effects;
        var reply = await host.SendAsync(HttpMethod.Parse(method), path, body.Length == 0 && method is "GET" ? null : body);

        Assert.True(status == reply.Status, $"{name}: {reply.Status} {reply.Text}");
        Assert.Equal(fields.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(), reply.WrongFields.Order());
        Assert.Equal(before, host.Effects);
    }

    public static IEnumerable<TheoryDataRow<string, string>> CarrierEvents() =>
    [
        new("nothing", ""), new("not JSON", "picked up"), new("no fields", "{}"),
        new("order", """{"eventId":"e","orderId":"1","trackingId":"t","type":"picked-up"}"""),
        new("event id", $$"""{"eventId":"a/b","orderId":"{{Id}}","trackingId":"t","type":"picked-up"}"""),
        new("event id too long", $$"""{"eventId":"{{Long(65)}}","orderId":"{{Id}}","trackingId":"t","type":"picked-up"}"""),
        new("tracking id", $$"""{"eventId":"e","orderId":"{{Id}}","trackingId":null,"type":"picked-up"}"""),
        new("type", $$"""{"eventId":"e","orderId":"{{Id}}","trackingId":"t","type":7}"""),
    ];

    [Theory]
    [MemberData(nameof(CarrierEvents))]
    public async Task A_signed_but_invalid_carrier_event_is_refused(string name, string body)
    {
        var before = host.Effects;
        var reply = await host.CarrierAsync(body);
        Assert.True(reply.Status == 400, $"{name}: {reply.Status} {reply.Text}");
        Assert.Equal(before, host.Effects);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData(null)]
    public async Task A_body_of_another_content_type_is_refused(string? type)
    {
        var before = host.Effects;
        foreach (var (method, path) in new[] { ("POST", "/api/orders"), ("PUT", "/api/stock/a"), ("POST", "/api/operations/replay") })
        {
            var content = new ByteArrayContent(Encoding.UTF8.GetBytes(OrderJson.Valid().ToJsonString()));
            var request = new HttpRequestMessage(HttpMethod.Parse(method), path) { Content = content };
            if (type is not null)
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            Assert.Equal(415, (await host.SendAsync(request)).Status);
        }
        Assert.Equal(before, host.Effects);
    }

    [Fact]
    public async Task A_body_that_is_not_UTF8_is_refused()
    {
        var before = host.Effects;
        var bytes = Encoding.Latin1.GetBytes(OrderJson.Valid().ToJsonString().Replace("Ada Bell", "Zoë", StringComparison.Ordinal));
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders") { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new("application/json");
        Assert.Equal(400, (await host.SendAsync(request)).Status);
        Assert.Equal(before, host.Effects);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("schlüssel")]
    public async Task An_invalid_idempotency_key_is_refused(string key)
    {
        var before = host.Effects;
        var reply = await host.PostAsync("/api/orders", OrderJson.Valid().ToJsonString(), key);
        Assert.Equal((400, "Idempotency-Key"), (reply.Status, reply.WrongFields.SingleOrDefault()));
        Assert.Equal(400, (await host.PostAsync("/api/orders", OrderJson.Valid().ToJsonString(), Long(256))).Status);
        Assert.Equal(before, host.Effects);
    }

    [Fact]
    public async Task A_syntax_error_is_reported_with_its_line_and_position()
    {
        var reply = await host.PostAsync("/api/orders", "{\n  \"customerId\": 1,\n  \"currency\" GBP }");
        Assert.Contains("line 3, byte 14", reply.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Thousands_of_errors_get_a_short_answer()
    {
        var reply = await host.PostAsync("/api/orders", OrderJson.WithLines(Enumerable.Repeat(("", "", 0L, -1m), 5_000)).ToJsonString());
        Assert.Equal((400, Limits.ErrorsMax), (reply.Status, reply.WrongFields.Count()));
        Assert.Contains("more errors", reply.Detail, StringComparison.Ordinal);
    }
}
