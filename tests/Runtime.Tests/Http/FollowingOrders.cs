using System.Text.Json.Nodes;
using OrderFunctions.Saga;

namespace OrderFunctions.Http.Tests;

public sealed class FollowingOrders(ApiHost host) : IClassFixture<ApiHost>
{
    static readonly Money Total = new(22.30m, "GBP");
    static readonly Address Somewhere = new("Ada Bell", "34 High Street", "London", "E14 7AA", "GB");

    [Fact]
    public async Task The_status_shows_everything_that_orders_has_heard()
    {
        var id = await host.PlaceAsync("status");
        var promised = host.Time.GetUtcNow().AddDays(2);
        await host.HearAsync(id, "inventory", 1, new InventoryReserved("17850", Total, "tok", Somewhere));
        await host.HearAsync(id, "payments", 2, new PaymentSucceeded("ch-1", Total, "17850", Somewhere));
        await host.HearAsync(id, "shipping", 2, new ShipmentBooked("trk-1", promised));
        await host.HearAsync(id, "shipping", 4, new ShippingDelayed("17850", "trk-1", promised));

        var order = (await host.GetAsync($"/api/orders/{id}")).Json!;
        Assert.Equal(("Delayed", "17850", 2), ((string?)order["status"], (string?)order["customerId"], (int)order["lines"]!));
        Assert.Equal(("trk-1", "status"), ((string?)order["trackingId"], (string?)order["idempotencyKey"]));
        Assert.Equal((22.3m, "GBP"), ((decimal)order["charged"]!["amount"]!, (string?)order["charged"]!["currency"]));
        Assert.Equal((true, false, true), ((bool)order["delayed"]!, (bool)order["cancellationRefused"]!, (bool)order["canBeCancelled"]!));
        Assert.Equal($"/api/orders/{id}/cancel", (string?)order["links"]!["cancel"]);
        Assert.Equal(promised, (DateTimeOffset)order["promisedBy"]!);
        Assert.Null(order["refunded"]);

        await host.HearAsync(id, "shipping", 5, new OrderShipped("trk-1"));
        order = (await host.GetAsync($"/api/orders/{id}")).Json!;
        Assert.Equal(("Completed", false), ((string?)order["status"], (bool)order["canBeCancelled"]!));
        Assert.Null(order["links"]!["cancel"]);
    }

    [Fact]
    public async Task A_rejection_shows_the_failed_step_the_reason_and_the_refund()
    {
        var id = await host.PlaceAsync();
        await host.HearAsync(id, "payments", 2, new PaymentSucceeded("ch-1", Total, "17850", Somewhere));
        await host.HearAsync(id, "shipping", 2, new ShippingFailed("no such street"));
        Assert.Equal(Total.Amount, (decimal)(await host.GetAsync($"/api/orders/{id}")).Json!["owed"]!["amount"]!);
        var owed = (await host.GetAsync("/api/operations/audit")).Json!["owed"]!.AsArray().Single(one => (string?)one!["orderId"] == id)!;
        Assert.Equal(("Rejecting", Total.Amount), ((string?)owed["status"], (decimal)owed["amount"]!["amount"]!));
        await host.HearAsync(id, "payments", 5, new PaymentRefunded("re-1", Total));
        Assert.Null((await host.GetAsync($"/api/orders/{id}")).Json!["owed"]);
        await host.HearAsync(id, "inventory", 5, new InventoryRestocked("no such street"));

        var order = (await host.GetAsync($"/api/orders/{id}")).Json!;
        Assert.Equal(
            ("Rejected", "Shipping", "no such street"), ((string?)order["status"], (string?)order["failedAt"], (string?)order["reason"]));
        Assert.Equal(22.3m, (decimal)order["refunded"]!["amount"]!);
    }

    [Fact]
    public async Task An_unchanged_answer_is_304()
    {
        var id = await host.PlaceAsync();
        string[] paths =
        [
            $"/api/orders/{id}", $"/api/orders/{id}/timeline", $"/api/orders?text={id}",
            "/api/operations/counts", "/api/operations/parked",
        ];
        foreach (var path in paths)
        {
            var first = await host.GetAsync(path);
            Assert.StartsWith("W/\"", first.ETag, StringComparison.Ordinal);
            Assert.Equal((304, first.ETag), ((await host.GetAsync(path, first.ETag)) is var again ? (again.Status, again.ETag) : default));
            Assert.Equal(304, (await host.GetAsync(path, "\"another\", " + first.ETag![2..])).Status);
            Assert.Equal(304, (await host.GetAsync(path, "*")).Status);
            Assert.Equal(200, (await host.GetAsync(path, "W/\"another\"")).Status);
            Assert.Equal(200, (await host.GetAsync(path, "no tag")).Status);
        }

        var before = await host.GetAsync($"/api/orders/{id}");
        await host.HearAsync(id, "inventory", 1, new InventoryReserved("17850", Total, "tok", Somewhere));
        var after = await host.GetAsync($"/api/orders/{id}", before.ETag);
        Assert.Equal(200, after.Status);
        Assert.NotEqual(before.ETag, after.ETag);
    }

    [Fact]
    public async Task The_timeline_lists_every_fact_with_its_cause_and_duration()
    {
        var id = await host.PlaceAsync();
        host.Time.Advance(TimeSpan.FromMilliseconds(40));
        await host.HearAsync(id, "inventory", 2, new InventoryReserved("17850", Total, "tok", Somewhere), $"{id}/orders/1");
        host.Time.Advance(TimeSpan.FromMilliseconds(250));
        var paid = new PaymentSucceeded("ch-1", Total, "17850", Somewhere);
        await host.HearAsync(id, "payments", 2, paid, $"{id}/inventory/2", deliveries: 3);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await host.HearAsync(id, "shipping", 2, new ShipmentBooked("trk-1", host.Time.GetUtcNow()), $"{id}/payments/2");
        await host.HearAsync(id, "shipping", 4, new OrderShipped("trk-1"), $"{id}/carrier/evt-1", deliveries: 2);

        var timeline = await host.GetAsync($"/api/orders/{id}/timeline");
        Assert.Equal(
            """
            1 http PlaceOrder http/PlaceOrder via http ×1
            2 orders OrderCreated orders/1 via http ×1 after 0 ms of http/PlaceOrder
            3 inventory InventoryReserved inventory/2 via bus ×1 after 40 ms of orders/1
            4 payments PaymentSucceeded payments/2 via bus ×3 after 250 ms of inventory/2: 22.30 GBP
            5 shipping ShipmentBooked shipping/2 via bus ×1 after 1000 ms of payments/2: trk-1
            6 shipping OrderShipped shipping/4 via bus ×2 after ? ms of carrier/evt-1: trk-1
            7 orders OrderCompleted orders/5 via bus ×1 after 0 ms of shipping/4: trk-1
            """,
            Lines(timeline.Json!, id));
    }

    [Fact]
    public async Task The_timeline_lists_cancelling_parking_and_discarding()
    {
        var id = await host.PlaceAsync();
        await host.PostAsync($"/api/orders/{id}/cancel", """{"reason":"ordered twice"}""");
        var parked = new OrderParked("payments", 2, $"{id}/inventory/2", "HandlerFailed", "a secret of the code");
        await host.HearAsync(id, "payments", 2, parked);
        await host.Orders.HandleAsync(
            new($"{id}/inventory/2", id, nameof(InventoryReserved), null, null, null, host.Time.GetUtcNow(), 1, "not JSON"),
            TestContext.Current.CancellationToken);
        var discard = $$"""{"orderId":"{{id}}","participant":"orders","messageId":"{{id}}/inventory/2","reason":"seen to by hand"}""";
        Assert.Equal(202, (await host.PostAsync("/api/operations/discard", discard, "1")).Status);
        var said = host.Bus.Published.Last(m => m.OrderId == id);
        await host.Orders.HandleAsync(
            new(said.Id, id, nameof(DiscardRequested), said.Event, said.CausationId, null, host.Time.GetUtcNow(), 1),
            TestContext.Current.CancellationToken);

        var timeline = await host.GetAsync($"/api/orders/{id}/timeline");
        var lines = Lines(timeline.Json!, id);
        Assert.All(
        [
            "orders OrderCancellationRequested orders/2 via http ×1 after 0 ms of http/CancelOrder: ordered twice",
            "payments OrderParked payments/2 via bus ×1: payments: HandlerFailed",
            "orders OrderParked orders/4 via parking ×1 after ? ms of inventory/2: orders: Unreadable",
            "inventory InventoryReserved inventory/2 via discard ×1 after 0 ms of orders/5: seen to by hand",
        ], (string line) => Assert.Contains(line, lines, StringComparison.Ordinal));
        Assert.DoesNotContain("secret", timeline.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repeated_cancellation_is_accepted_again_and_changes_nothing()
    {
        var id = await host.PlaceAsync();
        var first = await host.PostAsync($"/api/orders/{id}/cancel", """{"reason":"ordered twice"}""");
        Assert.Equal((202, "Cancelling", "ordered twice"), (first.Status, (string?)first.Json!["status"], (string?)first.Json["reason"]));
        Assert.Equal($"/api/orders/{id}", first.Headers.Location?.ToString());

        Assert.Equal(202, (await host.PostAsync($"/api/orders/{id}/cancel")).Status);
        await host.HearAsync(id, "shipping", 1, new CancellationRefused("17850", "picked up already"));
        var refused = await host.PostAsync($"/api/orders/{id}/cancel");
        Assert.Equal((202, true), (refused.Status, (bool)refused.Json!["cancellationRefused"]!));
        await host.HearAsync(id, "shipping", 2, new OrderShipped("trk-1"));
        Assert.Equal(202, (await host.PostAsync($"/api/orders/{id}/cancel")).Status);
        Assert.Single(host.OrderStreams[id]!.History.OfType<OrderCancellationRequested>());
        Assert.Single(host.Bus.Published.Where(m => m.OrderId == id && m.Event is OrderCancellationRequested).Select(m => m.Id).Distinct());
    }

    /// <summary>The first one may have died before it published.</summary>
    [Fact]
    public async Task A_repeated_cancellation_publishes_what_the_first_may_not_have_published()
    {
        var id = await host.PlaceAsync();
        await host.PostAsync($"/api/orders/{id}/cancel");
        var before = host.Bus.Published.Count(m => m.OrderId == id && m.Event is OrderCancellationRequested);
        await host.PostAsync($"/api/orders/{id}/cancel");
        Assert.Equal(before + 1, host.Bus.Published.Count(m => m.OrderId == id && m.Event is OrderCancellationRequested));
    }

    [Fact]
    public async Task A_cancellation_that_comes_too_late_is_a_conflict_and_changes_nothing()
    {
        var failing = await host.PlaceAsync();
        await host.HearAsync(failing, "payments", 2, new PaymentFailed("declined"));
        var shipped = await host.PlaceAsync();
        await host.HearAsync(shipped, "shipping", 2, new OrderShipped("trk-1"));
        foreach (var id in new[] { failing, shipped })
        {
            var before = host.OrderStreams[id];
            Assert.Equal(409, (await host.PostAsync($"/api/orders/{id}/cancel")).Status);
            Assert.Equal(before, host.OrderStreams[id]);
        }
    }

    [Fact]
    public async Task An_order_that_was_never_placed_is_not_found()
    {
        var id = new string('e', 32);
        await host.HearAsync(id, "inventory", 1, new InventoryReserved("17850", Total, "tok", Somewhere));
        Assert.Equal((404, 404, 404), (
            (await host.GetAsync($"/api/orders/{id}")).Status, (await host.GetAsync($"/api/orders/{id}/timeline")).Status,
            (await host.PostAsync($"/api/orders/{id}/cancel")).Status));
        Assert.Single(host.OrderStreams[id]!.Entries);
    }

    [Fact]
    public async Task An_unavailable_store_is_answered_503()
    {
        var id = await host.PlaceAsync();
        host.OrderStreams.IsUnavailable = true;
        string[] paths =
            [$"/api/orders/{id}", $"/api/orders/{id}/timeline", "/api/orders", "/api/operations/counts", "/api/operations/parked"];
        foreach (var path in paths)
            Assert.Equal(503, (await host.GetAsync(path)).Status);
        Assert.Equal(503, (await host.PostAsync($"/api/orders/{id}/cancel")).Status);
        Assert.Equal(503, (await host.PostAsync("/api/operations/replay", """{"all":true}""")).Status);
        host.OrderStreams.IsUnavailable = false;
    }

    static string Lines(JsonNode timeline, string id) => string.Join('\n', timeline["facts"]!.AsArray().Select(fact =>
        $"{fact!["sequence"]} {fact["service"]} {fact["type"]} {Short(fact["messageId"])} via {fact["via"]} ×{fact["deliveries"]}"
        + (fact["cause"] is { } cause ? $" after {fact["sinceCauseMs"]?.ToJsonString() ?? "?"} ms of {Short(cause)}" : "")
        + (fact["detail"] is { } detail ? $": {detail}" : ""))).Replace(id, "", StringComparison.Ordinal);

    static string Short(JsonNode? messageId) => ((string)messageId!).Split('/', 2)[1];
}

public sealed class ListingOrders(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Pages_follow_each_other_newest_first_and_keep_the_filter()
    {
        var placed = new List<string>();
        for (var i = 0; i < 7; i++)
        {
            host.Time.Advance(TimeSpan.FromSeconds(1));
            placed.Add(await host.PlaceAsync($"list {i}"));
        }
        await host.PostAsync($"/api/orders/{placed[3]}/cancel");

        var pages = new List<string[]>();
        for (var next = "/api/orders?status=placed&text=list%20&parked=&limit=4"; next is not null;)
        {
            var page = await host.GetAsync(next);
            Assert.Equal(200, page.Status);
            pages.Add([.. page.Json!["orders"]!.AsArray().Select(order => (string)order!["id"]!)]);
            next = (string?)page.Json["next"];
            Assert.DoesNotContain("parked", next ?? "", StringComparison.Ordinal);
        }
        placed.RemoveAt(3);
        placed.Reverse();
        Assert.Equal([4, 2], pages.Select(page => page.Length));
        Assert.Equal(placed, pages.SelectMany(page => page));

        var sought = await host.GetAsync("/api/orders?sku=no-such-sku&from=2026-03-01T12:00:00Z&to=2026-03-02");
        Assert.Empty(sought.Json!["orders"]!.AsArray());
        Assert.NotEmpty((await host.GetAsync("/api/orders?from=2026-03-01T12:00Z&limit=1")).Json!["orders"]!.AsArray());
        Assert.Empty((await host.GetAsync("/api/orders?from=2036-03-01T12:00:00.5%2B00:00")).Json!["orders"]!.AsArray());
        var one = await host.GetAsync("/api/orders?text=list%205&after=&status=");
        Assert.Equal("list 5", (string?)Assert.Single(one.Json!["orders"]!.AsArray())!["idempotencyKey"]);
    }
}
