using System.Globalization;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http.Tests;

public sealed class Operations : IAsyncLifetime
{
    readonly ApiHost host = new();

    public ValueTask InitializeAsync() => host.InitializeAsync();

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Fact]
    public async Task Counts_include_every_status()
    {
        var oldest = host.Time.GetUtcNow();
        await host.PlaceAsync();
        host.Time.Advance(TimeSpan.FromMinutes(1));
        await ParkAsync("payments", "HandlerFailed");
        var counts = (await host.GetAsync("/api/operations/counts")).Json!;
        Assert.Equal(Enum.GetNames<OrderStatus>(), counts["byStatus"]!.AsObject().Select(count => count.Key));
        Assert.Equal((2, 0, 1), ((int)counts["byStatus"]!["Placed"]!, (int)counts["byStatus"]!["Completed"]!, (int)counts["parked"]!));
        Assert.Equal((oldest, oldest.AddMinutes(1)), ((DateTimeOffset)counts["oldestOpen"]!, (DateTimeOffset)counts["parkedSince"]!));
    }

    [Fact]
    public async Task Counts_include_the_number_of_orders_per_event()
    {
        var id = await host.PlaceAsync();
        await host.PlaceAsync();
        await host.HearAsync(id, "shipping", 2, new ShippingFailed("no such street"));
        await host.HearAsync(id, "inventory", 5, new InventoryRestocked("no such street"));
        var counts = (await host.GetAsync("/api/operations/counts")).Json!["byEvent"]!;
        foreach (var name in new[] { "ShippingFailed", "RefundPayment", "RestockInventory", "InventoryRestocked", "OrderRejected" })
            Assert.Equal((name, 1), (name, (int)counts[name]!));
        Assert.Equal((2, 0), ((int)counts["OrderCreated"]!, (int)counts["PaymentFailed"]!));
    }

    [Fact]
    public async Task The_topology_names_every_event_but_the_kernels_own_in_the_order_of_the_story()
    {
        var topology = (await host.GetAsync("/api/operations/topology")).Json!;
        var fromOutside = Topology.Current.Outside.SelectMany(s => s.Says).ToList();
        var said = Topology.Current.Subscriptions.SelectMany(s => s.Says).Except(["ReplayRequested", "DiscardRequested", "SettleRequested"])
            .Concat(fromOutside);
        var drawn = topology["events"]!.AsArray().Select(e => (string)e!["name"]!).ToList();
        Assert.Equal(said.Order(StringComparer.Ordinal), drawn.Order(StringComparer.Ordinal));
        Assert.Equal(("OrderCreated", "OrderCancelled"), (drawn[0], drawn[^1]));
        var counted = (await host.GetAsync("/api/operations/counts")).Json!["byEvent"]!.AsObject().Select(count => count.Key);
        Assert.Equal(drawn.Except(fromOutside).Order(StringComparer.Ordinal), counted.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_list_can_be_limited_to_parked_orders()
    {
        await host.PlaceAsync();
        var parked = await ParkAsync("payments", "HandlerFailed");
        var listed = (await host.GetAsync("/api/orders?parked=true")).Json!["orders"]!.AsArray();
        Assert.Equal([parked], listed.Select(order => (string)order!["id"]!));
        Assert.Equal(["parked"], (await host.GetAsync("/api/orders?parked=perhaps")).WrongFields);
    }

    [Fact]
    public async Task Parked_orders_are_listed_with_participant_reason_and_time()
    {
        await host.PlaceAsync();
        var id = await ParkAsync("payments", "HandlerFailed");
        await host.HearAsync(id, "shipping", 1, new OrderParked("shipping", 1, $"{id}/orders/3", "Unreadable", "no body"));
        var parked = (await host.GetAsync("/api/operations/parked")).Json!["parked"]!.AsArray();
        Assert.Equal(
            ["payments HandlerFailed it broke", "shipping Unreadable no body"],
            parked.Select(p => $"{p!["participant"]} {p["reason"]} {p["description"]}"));
        Assert.Equal([$"{id}/inventory/2", $"{id}/orders/3"], parked.Select(p => (string?)p!["messageId"]));
        var places = (await host.GetAsync($"/api/orders/{id}")).Json!["parked"]!.AsArray();
        Assert.Equal(["payments", "shipping"], places.Select(place => (string?)place));

        await host.HearAsync(id, "payments", 9, new OrderResumed("payments", 9));
        parked = (await host.GetAsync("/api/operations/parked")).Json!["parked"]!.AsArray();
        Assert.Equal("shipping", (string?)Assert.Single(parked)!["participant"]);
    }

    [Fact]
    public async Task A_parked_message_is_shown_without_secrets_if_orders_said_it_and_else_by_its_queue()
    {
        var id = await ParkAsync("payments", "HandlerFailed");
        await host.HearAsync(id, "inventory", 5, new OrderParked("inventory", 5, $"{id}/orders/1", "Unreadable", "no body"));
        var reply = await host.GetAsync($"/api/operations/parked/{id}");
        var (inventory, payments) = (reply.Json!["parked"]![0]!, reply.Json["parked"]![1]!);
        Assert.Equal(("OrderCreated", "orders", "17850"),
            ((string?)inventory["type"], (string?)inventory["source"], (string?)inventory["message"]!["customerId"]));
        Assert.DoesNotContain("secret", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("High Street", reply.Text, StringComparison.Ordinal);
        Assert.Equal(("payments", $"{id}/inventory/2", "order-events/subscriptions/payments/$deadletterqueue"),
            ((string?)payments["participant"], (string?)payments["messageId"], (string?)payments["queue"]));
        Assert.Equal((null, null), (payments["source"], payments["message"]));

        Assert.Empty((await host.GetAsync($"/api/operations/parked/{await host.PlaceAsync()}")).Json!["parked"]!.AsArray());
        Assert.Equal(404, (await host.GetAsync($"/api/operations/parked/{new string('0', 32)}")).Status);
    }

    [Fact]
    public async Task Parked_orders_are_paged()
    {
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
            ids.Add(await ParkAsync("payments", "HandlerFailed"));
        var first = await host.GetAsync("/api/operations/parked?limit=2");
        Assert.Equal(2, first.Json!["parked"]!.AsArray().Count);
        var second = await host.GetAsync((string)first.Json["next"]!);
        Assert.Single(second.Json!["parked"]!.AsArray());
        Assert.Null(second.Json["next"]);
    }

    [Theory]
    [InlineData("""{"all":true}""", "1 payments, 2 payments, 3 shipping")]
    [InlineData("""{"participant":"payments"}""", "1 payments, 2 payments")]
    [InlineData("""{"reason":"Unreadable"}""", "2 payments, 3 shipping")]
    [InlineData("""{"participant":"payments","reason":"Unreadable"}""", "2 payments")]
    [InlineData("""{"orderIds":["1","3","4"]}""", "1 payments, 3 shipping")]
    [InlineData("""{"orderIds":["1","3"],"reason":"Unreadable"}""", "3 shipping")]
    [InlineData("""{"orderIds":["4"],"participant":"inventory"}""", "4 inventory")]
    [InlineData("""{"reason":"Unheard of"}""", "")]
    public async Task A_replay_asks_each_selected_order_and_participant_once(string selection, string expected)
    {
        var ids = new[]
        {
            await ParkAsync("payments", "HandlerFailed"), await ParkAsync("payments", "Unreadable"),
            await ParkAsync("shipping", "Unreadable"), await host.PlaceAsync(),
        };
        for (var i = 0; i < ids.Length; i++)
            selection = selection.Replace($"\"{i + 1}\"", $"\"{ids[i]}\"", StringComparison.Ordinal);

        var first = await host.PostAsync("/api/operations/replay", selection, "click 1");
        var again = await host.PostAsync("/api/operations/replay", selection, "click 1");
        Assert.Equal((202, 202, first.Text, false), (first.Status, again.Status, again.Text, (bool)first.Json!["more"]!));
        Assert.Equal(expected, Listed(first.Json["requested"]!.AsArray().Select(r => ((string)r!["orderId"]!, (string)r["participant"]!))));
        Assert.Equal(expected, Listed(Requests().DistinctBy(m => m.Id).Select(m => (m.OrderId, ((ReplayRequested)m.Event).Participant))));

        // Another click is another request, which the bus must not take for the first.
        await host.PostAsync("/api/operations/replay", selection);
        Assert.Equal(2 * Requests().DistinctBy(m => (m.OrderId, m.Event)).Count(), Requests().DistinctBy(m => m.Id).Count());

        string Listed(IEnumerable<(string Id, string Participant)> targets) =>
            string.Join(", ", targets.Select(target => $"{Array.IndexOf(ids, target.Id) + 1} {target.Participant}").Order());
    }

    [Fact]
    public async Task An_order_parked_at_two_participants_is_replayed_at_both()
    {
        var id = await ParkAsync("payments", "HandlerFailed");
        await host.HearAsync(id, "shipping", 1, new OrderParked("shipping", 1, $"{id}/orders/3", "Unreadable", "no body"));
        await host.PostAsync("/api/operations/replay", """{"all":true}""");
        var replays = Requests().DistinctBy(m => m.Id).Select(m => ((ReplayRequested)m.Event).Participant);
        Assert.Equal(["payments", "shipping"], replays.Order());
    }

    [Fact]
    public async Task A_replay_of_too_many_orders_says_that_there_are_more()
    {
        for (var i = 0; i <= Limits.ReplaysMax; i++)
        {
            var id = i.ToString("x32", CultureInfo.InvariantCulture);
            var order = new PlaceOrder("1", "GBP", [new("A", "a", 1, 1)], "tok", new("", "", "", "", ""), "main");
            await host.Orders.RequestAsync(id, "1", order, TestContext.Current.CancellationToken);
            await host.HearAsync(id, "payments", 1, new OrderParked("payments", 1, "m", "HandlerFailed", ""));
        }
        var reply = await host.PostAsync("/api/operations/replay", """{"participant":"payments"}""");
        Assert.Equal((true, Limits.ReplaysMax), ((bool)reply.Json!["more"]!, reply.Json["requested"]!.AsArray().Count));
    }

    [Fact]
    public async Task A_discard_records_who_asked_and_why()
    {
        var id = await ParkAsync("payments", "HandlerFailed");
        var body = $$"""{"orderId":"{{id}}","participant":"payments","messageId":"{{id}}/inventory/2","reason":"paid in cash"}""";
        for (var i = 0; i < 2; i++)
        {
            var reply = await host.PostAsync("/api/operations/discard", body, "click 1", "olga");
            Assert.Equal((202, "olga@example.org"), (reply.Status, (string?)reply.Json!["by"]));
        }
        var said = Assert.Single(host.Bus.Published.Select(m => m.Event).OfType<DiscardRequested>().Distinct());
        Assert.Equal(new DiscardRequested("payments", $"{id}/inventory/2", "olga@example.org", "paid in cash"), said);
        Assert.Single(host.OrderStreams[id]!.Entries, entry => entry.Type == nameof(DiscardRequested));
    }

    [Theory]
    [InlineData(null, "ivo")]
    [InlineData("olga", "olga@example.org")]
    public async Task The_name_in_a_discard_counts_only_without_a_token(string? user, string expected)
    {
        var id = await ParkAsync("payments", "HandlerFailed");
        var body = $$"""
            {"orderId":"{{id}}","participant":"payments","messageId":"{{id}}/inventory/2","reason":"paid in cash","by":"ivo"}
            """;
        Assert.Equal(expected, (string?)(await host.PostAsync("/api/operations/discard", body, user: user)).Json!["by"]);
    }

    [Theory]
    [InlineData(nameof(OrderShipped), 409)]
    [InlineData(nameof(InventoryRestocked), 409)]
    [InlineData(nameof(ShipmentBooked), 202)]
    public async Task A_discard_at_Orders_of_how_the_order_ended_needs_to_say_so(string type, int status)
    {
        var id = await host.PlaceAsync();
        var message = $"{id}/shipping/4";
        await host.Orders.HandleAsync(
            new(message, id, type, null, null, null, host.Time.GetUtcNow(), 1), TestContext.Current.CancellationToken);
        var body = $$"""{"orderId":"{{id}}","participant":"orders","messageId":"{{message}}","reason":"garbled"}""";
        Assert.Equal(status, (await host.PostAsync("/api/operations/discard", body)).Status);
        Assert.Equal(202, (await host.PostAsync("/api/operations/discard", body.Replace("}", ",\"strand\":true}", StringComparison.Ordinal))).Status);
    }

    [Fact]
    public async Task A_discard_that_would_leave_the_order_open_for_ever_needs_to_say_so()
    {
        var id = await ParkAsync("payments", "HandlerFailed");
        string Body(string more) =>
            $$"""{"orderId":"{{id}}","participant":"payments","messageId":"{{id}}/shipping/4","reason":"no such charge"{{more}}}""";
        var refused = await host.PostAsync("/api/operations/discard", Body(""));
        Assert.Equal(409, refused.Status);
        Assert.Contains("strand", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(202, (await host.PostAsync("/api/operations/discard", Body(""","strand":true"""))).Status);
    }

    [Fact]
    public async Task A_step_that_was_done_by_hand_is_told_to_its_participant_and_shown_with_the_order()
    {
        var id = await ParkAsync("payments", "HandlerFailed");
        var body = $$"""{"orderId":"{{id}}","participant":"payments","messageId":"{{id}}/shipping/4","reason":"by bank transfer"}""";
        Assert.Equal(409, (await host.PostAsync("/api/operations/settle", body, "click 1", "olga")).Status);

        await host.PostAsync($"/api/orders/{id}/cancel", """{"reason":"ordered twice"}""");
        var reply = await host.PostAsync("/api/operations/settle", body, "click 1", "olga");
        Assert.Equal((202, "olga@example.org"), (reply.Status, (string?)reply.Json!["by"]));
        var said = Assert.Single(host.Bus.Published.Select(m => m.Event).OfType<SettleRequested>());
        Assert.Equal(new("payments", $"{id}/shipping/4", "17850", "ordered twice", "olga@example.org", "by bank transfer", Known: 3), said);

        var order = (await host.GetAsync($"/api/orders/{id}")).Json!;
        Assert.Equal("payments", (string?)Assert.Single(order["settled"]!.AsArray()));
        await host.HearAsync(id, "payments", 9, new SettlementRefused("payments", $"{id}/shipping/4", "refunded already"));
        Assert.Null((await host.GetAsync($"/api/orders/{id}")).Json!["settled"]);
        var timeline = await host.GetAsync($"/api/orders/{id}/timeline");
        Assert.Contains("payments, by olga@example.org: by bank transfer", timeline.Text, StringComparison.Ordinal);
        Assert.Contains("payments: refunded already", timeline.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("payments", "inventory/2")]
    [InlineData("notifications", "orders/9")]
    [InlineData("inventory", "orders/1")]
    public async Task Only_an_undoing_step_is_settled_by_hand(string participant, string message)
    {
        var id = await ParkAsync("payments", "HandlerFailed");
        await host.PostAsync($"/api/orders/{id}/cancel");
        var body = $$"""{"orderId":"{{id}}","participant":"{{participant}}","messageId":"{{id}}/{{message}}","reason":"done"}""";
        Assert.Equal(409, (await host.PostAsync("/api/operations/settle", body)).Status);
        Assert.DoesNotContain(host.Bus.Published, m => m.OrderId == id && m.Event is SettleRequested);
    }

    IEnumerable<OutboundMessage> Requests() => host.Bus.Published.Where(m => m.Event is ReplayRequested);

    async Task<string> ParkAsync(string participant, string reason)
    {
        var id = await host.PlaceAsync();
        await host.HearAsync(id, participant, 3, new OrderParked(participant, 3, $"{id}/inventory/2", reason, "it broke"));
        return id;
    }
}
