using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrderFunctions.Hosting;
using OrderFunctions.Http;
using OrderFunctions.Http.Tests;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Apps.Tests.Apps;

/// <summary>
/// Attacks on the API as the apps serve it: every route behind the check of callers, with genuine tokens of people who want more than is
/// theirs.
/// </summary>
public sealed class AccessTests : IAsyncLifetime
{
    const string Nowhere = "00000000000000000000000000000000";
    static readonly string[] Verbs = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    static readonly string[] EveryRole = [Roles.Shop, Roles.Customer, Roles.Warehouse, Roles.Operator];

    readonly FakeTenant tenant = new();
    readonly MemoryStreams streams = new();
    readonly MemoryBus bus = new();
    readonly MemoryStock stock = new();
    readonly List<IAsyncDisposable> hosts = [];
    HttpClient api = new();

    public async ValueTask InitializeAsync() => api = await ServeAsync(FakeTenant.Options);

    public async ValueTask DisposeAsync()
    {
        api.Dispose();
        foreach (var host in hosts)
            await host.DisposeAsync();
        tenant.Dispose();
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public async Task Each_route_lets_in_the_roles_of_the_table_and_each_role_only_by_its_kind_of_token(bool isDev)
    {
        var served = isDev ? await ServeAsync(FakeTenant.Options with { IsDev = true }) : api;
        string[] open = ["carrier-event", "operations-page"];
        foreach (var route in Routes.All)
        {
            var path = PathOf(route, Nowhere);
            Assert.Equal((route.Name, open.Contains(route.Name)), (route.Name, await IsLetInAsync(null)));
            foreach (var role in EveryRole)
            {
                var hasRole = open.Contains(route.Name) || route.Roles.Contains(role);
                var userMay = hasRole && (open.Contains(route.Name) || role != Roles.Shop || isDev);
                var applicationMay = hasRole && (open.Contains(route.Name) || role != Roles.Customer);
                Assert.Equal((route.Name, role, userMay), (route.Name, role, await IsLetInAsync(tenant.User("someone", role))));
                Assert.Equal((route.Name, role, applicationMay), (route.Name, role, await IsLetInAsync(tenant.Application("some", role))));
            }

            async Task<bool> IsLetInAsync(string? token)
            {
                var (status, _) = await SendAsync(route.Method, path, token, client: served);
                return route.Name == "carrier-event" || status is not (401 or 403);
            }
        }
    }

    [Fact]
    public async Task Of_two_customers_each_reaches_their_own_order_and_another_one_is_as_if_it_did_not_exist()
    {
        var (adas, bobs) = (await PlaceAsync("ada"), await PlaceAsync("bob"));
        var ada = User("ada", Roles.Customer);
        var before = streams.Writes;
        foreach (var route in Routes.All)
        {
            foreach (var verb in Verbs)
            {
                var anothers = await SendAsync(verb, PathOf(route, bobs), ada);
                var none = await SendAsync(verb, PathOf(route, Nowhere), ada);

                Assert.Equal((route.Name, verb, none.Status, none.Text.Replace(Nowhere, bobs)),
                    (route.Name, verb, anothers.Status, anothers.Text));
                Assert.DoesNotContain("bob", anothers.Text, StringComparison.Ordinal);
            }
        }
        Assert.Equal(before, streams.Writes);
        Assert.Equal(2, bus.Published.Count);

        Assert.Equal(200, (await SendAsync("GET", $"/api/orders/{adas}", ada)).Status);
        Assert.Equal(200, (await SendAsync("GET", $"/api/orders/{adas}/timeline", ada)).Status);
        Assert.Equal(202, (await SendAsync("POST", $"/api/orders/{adas}/cancel", ada)).Status);
    }

    [Fact]
    public async Task A_shop_reaches_the_orders_that_it_placed_and_no_other_shops()
    {
        var id = await PlaceAsync("ada");
        var (shop, another) = (tenant.Application("shop", Roles.Shop), tenant.Application("another-shop", Roles.Shop));
        Assert.Equal(200, (await SendAsync("GET", $"/api/orders/{id}", shop)).Status);
        Assert.Equal(404, (await SendAsync("GET", $"/api/orders/{id}", another)).Status);
        Assert.Equal(404, (await SendAsync("POST", $"/api/orders/{id}/cancel", another)).Status);

        // The same key of another shop is another order.
        Assert.NotEqual(id, await PlaceAsync("ada", by: another));
    }

    [Fact]
    public async Task A_customer_can_neither_place_an_order_nor_state_a_price_and_no_one_becomes_an_owner_by_a_second_request()
    {
        Assert.Equal(403, (await SendAsync("POST", "/api/orders", User("ada", Roles.Customer), Order("ada"))).Status);

        var shop = tenant.Application("shop", Roles.Shop);
        await SendAsync("POST", "/api/orders", shop, Order("ada"), key: "1");
        Assert.Equal(422, (await SendAsync("POST", "/api/orders", shop, Order("eve"), key: "1")).Status);
    }

    [Fact]
    public async Task An_order_without_an_owner_is_for_its_shop_and_operators_alone()
    {
        var id = await PlaceAsync(null);
        Assert.Equal(404, (await SendAsync("GET", $"/api/orders/{id}", User("ada", Roles.Customer))).Status);
        Assert.Equal(200, (await SendAsync("GET", $"/api/orders/{id}", User("olga", Roles.Operator))).Status);
    }

    [Fact]
    public async Task Operators_see_who_asked_and_customers_do_not()
    {
        var id = await PlaceAsync("ada");
        Assert.Equal(202, (await SendAsync("POST", $"/api/orders/{id}/cancel", User("olga", Roles.Operator))).Status);

        var seen = JsonNode.Parse((await SendAsync("GET", $"/api/orders/{id}/timeline", User("otto", Roles.Operator))).Text)!;
        var asked = seen["facts"]!.AsArray().Where(fact => fact!["caller"] is not null)
            .Select(fact => $"{fact!["type"]} {fact["caller"]!["objectId"]} {fact["caller"]!["applicationId"]} {fact["caller"]!["name"]}");
        Assert.Equal(["PlaceOrder shop client of shop ", $"CancelOrder {Guid("olga")} the-page {Guid("olga")}@example.org"], asked);
        Assert.Equal("cancelled by an operator",
            (string?)JsonNode.Parse((await SendAsync("GET", $"/api/orders/{id}", User("ada", Roles.Customer))).Text)!["reason"]);

        var customers = await SendAsync("GET", $"/api/orders/{id}/timeline", User("ada", Roles.Customer));
        Assert.DoesNotContain("caller", customers.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Guid("olga"), customers.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ada", Roles.Customer, "cancelled by the customer")]
    [InlineData("olga", Roles.Operator, "cancelled by an operator")]
    public async Task A_cancellation_says_whose_it_is(string user, string role, string reason)
    {
        var id = await PlaceAsync("ada");
        var cancelled = await SendAsync("POST", $"/api/orders/{id}/cancel", User(user, role));
        Assert.Equal(reason, (string?)JsonNode.Parse(cancelled.Text)!["reason"]);
    }

    [Fact]
    public async Task Replays_and_discards_keep_their_caller()
    {
        var id = await PlaceAsync("ada");
        var olga = User("olga", Roles.Operator);
        string[] bodies =
        [
            $$"""{ "orderIds": ["{{id}}"], "participant": "payments" }""",
            $$"""{ "orderId": "{{id}}", "participant": "payments", "messageId": "{{id}}/inventory/2", "reason": "broken" }""",
        ];
        Assert.Equal(202, (await SendAsync("POST", "/api/operations/replay", olga, bodies[0])).Status);
        Assert.Equal(202, (await SendAsync("POST", "/api/operations/discard", olga, bodies[1])).Status);
        Assert.Equal(["shop", Guid("olga"), Guid("olga")], streams[id]!.Entries.Select(entry => entry.Caller?.ObjectId));
    }

    async Task<string> PlaceAsync(string? owner, string? by = null)
    {
        var (status, text) = await SendAsync(
            "POST", "/api/orders", by ?? tenant.Application("shop", Roles.Shop), Order(owner), key: $"key of {owner}");
        Assert.True(status == 202, text);
        return (string)JsonNode.Parse(text)!["id"]!;
    }

    string User(string who, string role) => tenant.User(Guid(who), role);

    /// <summary>Tokens name people by GUIDs; the tests by a word.</summary>
    static string Guid(string who) => $"00000000-0000-0000-0000-{Convert.ToHexStringLower(Encoding.ASCII.GetBytes(who)),12}".Replace(' ', '0');

    static string Order(string? owner)
    {
        var order = JsonNode.Parse("""
            {
              "customerId": "17850", "currency": "GBP",
              "lines": [{ "sku": "85123A", "description": "LANTERN", "quantity": 6, "unitPrice": 2.55 }],
              "payment": { "cardToken": "tok_visa" },
              "shipTo": { "name": "Ada", "line1": "34 High Street", "city": "London", "postalCode": "E14 7AA", "country": "GB" }
            }
            """)!;
        if (owner is not null)
            order["owner"] = new JsonObject { ["tenantId"] = FakeTenant.Id, ["objectId"] = Guid(owner) };
        return order.ToJsonString();
    }

    static string PathOf(ApiRoute route, string id) =>
        $"/{(route.Path == Paths.Page ? "" : route.Path)}".Replace("{id}", id).Replace("{sku}", "85123A");

    async Task<(int Status, string Text)> SendAsync(
        string method, string path, string? token, string? body = null, string? key = null, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(new(method), path);
        if (token is not null)
            request.Headers.TryAddWithoutValidation("Authorization", token);
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        if (method is "POST" or "PUT" or "PATCH")
            request.Content = new StringContent(body ?? "{}", Encoding.UTF8, "application/json");
        using var answer = await (client ?? api).SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    async Task<HttpClient> ServeAsync(AuthenticationOptions options)
    {
        var turns = new TurnOptions { RetriesMax = 1, RetryPause = TimeSpan.Zero };
        var orders = new Participant(
            Participants.Orders, Saga.Orders.Order.Decider, Intents.Nothing, streams, bus, turns, TimeProvider.System, OrderSummary.Of);
        var page = new Page();
        var saga = new SagaApi(
            new(orders, streams, page), new(stock), new(bus, new("the-carriers-secret", TimeProvider.System)), new(orders, streams, TimeProvider.System), page);
        var check = new CallerCheck(tenant.Tokens(options));

        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        foreach (var route in Routes.All)
        {
            app.MapMethods(route.Path, route.Methods, http => check.Invoke(CallerCheckTests.Context(route.Name, http),
                async _ => await (await route.Answer(saga, http.Request)).ExecuteAsync(http)));
        }
        await app.StartAsync();
        hosts.Add(app);
        return new() { BaseAddress = new(app.Urls.First()) };
    }
}
