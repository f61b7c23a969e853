using System.Text;
using System.Text.Json;
using OrderFunctions.Contracts;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http.Tests;

public sealed class PlacingOrders(ApiHost host) : IClassFixture<ApiHost>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_order_is_placed_even_if_its_client_hangs_up()
    {
        await using var own = new ApiHost();
        await own.InitializeAsync();
        var pause = new TaskCompletionSource();
        own.OrderStreams.Pause = pause.Task;
        using (var client = new HttpClient { BaseAddress = own.Client.BaseAddress, Timeout = TimeSpan.FromMilliseconds(500) })
        {
            var content = new StringContent(OrderJson.Valid().ToJsonString(), Encoding.UTF8, "application/json");
            await Assert.ThrowsAsync<TaskCanceledException>(() => client.PostAsync(new Uri("/api/orders", UriKind.Relative), content, Cancellation));
        }
        await Task.Delay(TimeSpan.FromMilliseconds(500), Cancellation);
        pause.SetResult();
        for (var wait = 0; own.Bus.Published.IsEmpty && wait < 100; wait++)
            await Task.Delay(TimeSpan.FromMilliseconds(50), Cancellation);
        Assert.IsType<OrderCreated>(Assert.Single(own.Bus.Published).Event);
    }

    [Fact]
    public async Task An_order_is_stored_published_and_answered_with_its_location()
    {
        var reply = await host.PostAsync("/api/orders", OrderJson.Valid().ToJsonString());

        Assert.Equal(202, reply.Status);
        var id = (string)reply.Json!["id"]!;
        Assert.Matches("^[0-9a-f]{32}$", id);
        Assert.Equal($"/api/orders/{id}", reply.Headers.Location?.ToString());
        Assert.Equal("Placed", (string?)reply.Json["status"]);
        Assert.Equal(22.3m, (decimal)reply.Json["total"]!["amount"]!);
        Assert.False(reply.Headers.Contains("Idempotency-Replayed"));

        var created = Assert.IsType<OrderCreated>(Assert.Single(host.Bus.Published, m => m.OrderId == id).Event);
        Assert.Equal(
            ("17850", "tok_visa_secret", "main", "Ada Bell"),
            (created.CustomerId, created.CardToken, created.Warehouse, created.ShipTo.Name));
        Assert.Equal($"{id}/http/PlaceOrder", Assert.Single(host.OrderStreams[id]!.Entries).On);
        Assert.Equal(200, (await host.GetAsync(reply.Headers.Location!.ToString())).Status);
    }

    [Fact]
    public async Task Without_a_key_the_same_order_sent_twice_is_two_orders() =>
        Assert.NotEqual(await host.PlaceAsync(), await host.PlaceAsync());

    [Fact]
    public async Task The_same_key_and_order_get_the_same_answer_even_after_the_order_went_on()
    {
        var first = await host.PostAsync("/api/orders", OrderJson.Valid().ToJsonString(), "same");
        var id = (string)first.Json!["id"]!;
        await host.HearAsync(id, "inventory", 1, new InventoryReserved("17850", new(22.3m, "GBP"), "tok", new("", "", "", "", "")));
        host.Time.Advance(TimeSpan.FromMinutes(1));

        // A client may write the same order in another way.
        var again = OrderJson.Valid().ToJsonString()
            .Replace("2.55", "2.550", StringComparison.Ordinal).Replace("3.5", "35e-1", StringComparison.Ordinal);
        var second = await host.PostAsync("/api/orders", again, "same");

        Assert.Equal((202, first.Text), (second.Status, second.Text));
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Equal("true", second.Headers.GetValues("Idempotency-Replayed").Single());
        Assert.Single(host.OrderStreams[id]!.History.OfType<OrderCreated>());
        Assert.Equal("same", OrderSummary.Of(host.OrderStreams[id]!)!.IdempotencyKey);
    }

    [Theory]
    [InlineData("customerId", "17851")]
    [InlineData("currency", "EUR")]
    [InlineData("warehouse", "north")]
    public async Task The_same_key_with_another_order_is_refused_and_changes_nothing(string field, string value)
    {
        var id = await host.PlaceAsync($"other {field}");
        var before = host.OrderStreams[id];
        var reply = await host.PostAsync("/api/orders", OrderJson.With(order => order[field] = value).ToJsonString(), $"other {field}");

        Assert.Equal(422, reply.Status);
        Assert.Equal(before, host.OrderStreams[id]);
    }

    [Fact]
    public async Task A_store_that_drops_trailing_zeros_does_not_make_it_another_order()
    {
        host.OrderStreams.AsStored = stream => stream with
        {
            Entries = [.. stream.Entries.Select(entry => entry with { Events = [.. entry.Events.Select(WithoutZeros)] })],
        };
        var sevenTimes = OrderJson.WithLines([("85123A", "HOLDER", 2, 3.5m)]).ToJsonString();
        Assert.Equal(202, (await host.PostAsync("/api/orders", sevenTimes, "zeros")).Status);
        Assert.Equal(202, (await host.PostAsync("/api/orders", sevenTimes, "zeros")).Status);
        host.OrderStreams.AsStored = stream => stream;

        static RecordedEvent WithoutZeros(RecordedEvent e) =>
            e.Event is OrderCreated order ? e with { Event = order with { Total = new(7m, "GBP") } } : e;
    }

    [Fact]
    public async Task An_order_that_a_later_version_stored_with_more_fields_is_the_same_order()
    {
        var order = OrderJson.Valid().ToJsonString();
        host.OrderStreams.AsStored = stream => stream with { Entries = [.. stream.Entries.Select(OfLaterVersion)] };
        Assert.Equal(202, (await host.PostAsync("/api/orders", order, "of-a-later-version")).Status);
        host.OrderStreams.AsStored = stream => stream;
        Assert.Equal(202, (await host.PostAsync("/api/orders", order, "of-a-later-version")).Status);

        static Entry OfLaterVersion(Entry entry) => LaterVersion.Of(JsonSerializer.SerializeToNode(entry, EventJson.Options)!)
            .Deserialize<Entry>(EventJson.Options)!;
    }

    [Fact]
    public async Task The_same_key_posted_fifty_times_at_once_gives_one_order()
    {
        var json = OrderJson.Valid().ToJsonString();
        var before = host.OrderStreams.Count;
        var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => host.PostAsync("/api/orders", json, "race")));

        Assert.All(replies, reply => Assert.Equal((202, replies[0].Text), (reply.Status, reply.Text)));
        Assert.Single(replies, reply => !reply.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal(before + 1, host.OrderStreams.Count);
        var id = (string)replies[0].Json!["id"]!;
        Assert.Single(host.OrderStreams[id]!.Entries);
        Assert.Single(host.Bus.Published.Where(m => m.OrderId == id).Select(m => m.Id).Distinct());
    }

    [Fact]
    public async Task Two_orders_that_race_for_a_key_are_one_order_and_one_refusal()
    {
        var orders = new[] { OrderJson.Valid(), OrderJson.With(order => order["customerId"] = "2") };
        var replies = await Task.WhenAll(orders.Select(order => host.PostAsync("/api/orders", order.ToJsonString(), "duel")));
        Assert.Equal([202, 422], replies.Select(reply => reply.Status).Order());
    }

    [Fact]
    public async Task A_key_of_one_caller_is_not_the_key_of_another()
    {
        var json = OrderJson.Valid().ToJsonString();
        var replies = new[]
        {
            await host.PostAsync("/api/orders", json, "scope", "anna"), await host.PostAsync("/api/orders", json, "scope", "bert"),
            await host.PostAsync("/api/orders", json, "scope"), await host.PostAsync("/api/orders", json, "scope", "anna"),
        };
        Assert.Equal(3, replies.Select(reply => (string)reply.Json!["id"]!).Distinct().Count());
        Assert.True(replies[3].Headers.Contains("Idempotency-Replayed"));
    }

    [Fact]
    public async Task Lines_of_one_sku_are_merged_up_to_the_limit()
    {
        var lines = Enumerable.Range(0, 4).Select(_ => ("85123A", "HOLDER", 250_000L, 0.01m));
        var reply = await host.PostAsync("/api/orders", OrderJson.WithLines(lines).ToJsonString());
        Assert.Equal(202, reply.Status);
        var line = Assert.Single(host.Bus.Published.Select(m => m.Event).OfType<OrderCreated>().Last().Lines);
        Assert.Equal((1_000_000, 0.01m), (line.Quantity, line.UnitPrice));
    }

    [Fact]
    public async Task A_thousand_skus_that_differ_in_case_only_are_a_thousand_skus()
    {
        var lines = Enumerable.Range(0, 500).SelectMany(i => new[] { $"a{i}", $"A{i}" }).Select(sku => (sku, "x", 1L, 0.07m));
        Assert.Equal(202, (await host.PostAsync("/api/orders", OrderJson.WithLines(lines).ToJsonString())).Status);
    }

    [Theory]
    [InlineData("GBP", 7, 57.2401, 400.68)]
    [InlineData("JPY", 3, 99.99, 300)]
    [InlineData("KWD", 1, 0.0015, 0.002)]
    [InlineData("GBP", 1, 0.004, 0)]
    public async Task The_total_fits_the_currency(string currency, long quantity, double unitPrice, double total)
    {
        var order = OrderJson.WithLines([("A", "a", quantity, (decimal)unitPrice)]);
        order["currency"] = currency;
        var reply = await host.PostAsync("/api/orders", order.ToJsonString());
        Assert.Equal((202, (decimal)total), (reply.Status, (decimal)reply.Json!["total"]!["amount"]!));
        Assert.Equal((decimal)unitPrice, Assert.IsType<OrderCreated>(host.Bus.Published.Last().Event).Lines[0].UnitPrice);
    }

    [Fact]
    public async Task An_order_of_an_earlier_version_whose_total_was_not_rounded_is_the_same_order()
    {
        var order = OrderJson.WithLines([("A", "a", 7, 57.2401m)]).ToJsonString();
        host.OrderStreams.AsStored = stream => stream with
        {
            Entries = [.. stream.Entries.Select(entry => entry with { Events = [.. entry.Events.Select(Unrounded)] })],
        };
        Assert.Equal(202, (await host.PostAsync("/api/orders", order, "before")).Status);
        var again = await host.PostAsync("/api/orders", order, "before");
        host.OrderStreams.AsStored = stream => stream;
        Assert.Equal((202, 400.6807m), (again.Status, (decimal)again.Json!["total"]!["amount"]!));

        static RecordedEvent Unrounded(RecordedEvent e) =>
            e.Event is OrderCreated order ? e with { Event = order with { Total = new(400.6807m, "GBP") } } : e;
    }

    [Fact]
    public async Task A_line_that_needs_no_stock_and_all_of_the_address_are_kept()
    {
        var order = OrderJson.With(order =>
        {
            order["lines"]![1]!["needsStock"] = false;
            order["lines"]![0]!["needsStock"] = true;
            order["shipTo"]!["line2"] = "Flat 12A";
            order["shipTo"]!["state"] = "Greater London";
        });
        Assert.Equal(202, (await host.PostAsync("/api/orders", order.ToJsonString())).Status);
        var created = Assert.IsType<OrderCreated>(host.Bus.Published.Last().Event);
        Assert.Equal([true, false], created.Lines.Select(line => line.NeedsStock));
        Assert.Equal(new Address("Ada Bell", "34 High Street", "London", "E14 7AA", "GB", "Flat 12A", "Greater London"), created.ShipTo);
    }

    [Theory]
    [InlineData("HK", null)]
    [InlineData("HK", "")]
    [InlineData("AE", "00000")]
    public async Task A_country_without_postal_codes_needs_none(string country, string? postalCode)
    {
        var order = OrderJson.With(order =>
        {
            order["shipTo"]!["country"] = country;
            order["shipTo"]!["postalCode"] = postalCode;
            order["shipTo"]!["line2"] = "";
        });
        Assert.Equal(202, (await host.PostAsync("/api/orders", order.ToJsonString())).Status);
        var shipTo = Assert.IsType<OrderCreated>(host.Bus.Published.Last().Event).ShipTo;
        Assert.Equal((postalCode ?? "", null), (shipTo.PostalCode, shipTo.Line2));
    }

    [Fact]
    public async Task An_order_has_up_to_1500_skus_as_far_as_a_message_holds_them()
    {
        // The largest real order has 1,110.
        Assert.Equal(202, (await host.PostAsync("/api/orders", Order(1_110, "WHITE HANGING HEART T-LIGHT HOLDER"))).Status);
        Assert.Equal(202, (await host.PostAsync("/api/orders", Order(1_500, "HEART"))).Status);
        var refused = await host.PostAsync("/api/orders", Order(1_501, "HEART"));
        Assert.Equal(400, refused.Status);
        Assert.Contains("at most 1500 distinct SKUs", refused.Text, StringComparison.Ordinal);

        static string Order(int lines, string description) =>
            OrderJson.WithLines(Enumerable.Range(0, lines).Select(i => ($"{85_000 + i}A", description, 6L, 2.55m))).ToJsonString();
    }

    [Theory]
    [InlineData("WHITE METAL LANTERN ")]
    [InlineData("白色金屬燈籠，掛在窗前的那一種")]
    [InlineData("🎁🏮🕯️🧵🪡🎀")]
    [InlineData("𠮷𡈽𠀋𡚴𡌛")]
    public async Task Text_of_any_script_is_limited_by_its_bytes(string text)
    {
        var description = string.Concat(Enumerable.Repeat(text, 200 / text.Length));
        var bytesEach = Encoding.UTF8.GetByteCount($$"""{"sku":"000","description":"{{description}}","quantity":1,"unitPrice":1},""");
        var fitting = (Limits.EventBytesMax - 1_000) / bytesEach;
        Assert.InRange(fitting, 100, 998);

        var fits = await host.PostAsync("/api/orders", Order(fitting));
        Assert.Equal(202, fits.Status);
        var sent = EventJson.Encode(host.Bus.Published.Last().Event);
        Assert.InRange(sent.Length, Limits.EventBytesMax - 2_000, Limits.EventBytesMax);
        Assert.Equal(description, ((OrderCreated)EventJson.Decode(nameof(OrderCreated), sent)).Lines[0].Description);

        var (stored, published) = (host.OrderStreams.Count, host.Bus.Published.Count);
        Assert.Equal(413, (await host.PostAsync("/api/orders", Order(fitting + 1 + 1_000 / bytesEach))).Status);
        Assert.Equal((stored, published), (host.OrderStreams.Count, host.Bus.Published.Count));

        string Order(int lines) =>
            OrderJson.WithLines(Enumerable.Range(0, lines).Select(i => ($"{i:000}", description, 1L, 1m))).ToJsonString();
    }

    [Fact]
    public async Task A_byte_order_mark_and_a_suffix_type_are_tolerated()
    {
        var json = "\ufeff" + OrderJson.Valid().ToJsonString();
        var content = new StringContent(json, Encoding.UTF8, "application/order+json");
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders") { Content = content };
        Assert.Equal(202, (await host.SendAsync(request)).Status);
    }

    [Fact]
    public async Task An_unavailable_store_or_bus_is_answered_503_and_the_same_key_places_the_order_later()
    {
        host.Bus.IsUnavailable = true;
        var unavailable = await host.PostAsync("/api/orders", OrderJson.Valid().ToJsonString(), "unavailable");
        host.Bus.IsUnavailable = false;
        host.OrderStreams.IsUnavailable = true;
        var stillUnavailable = await host.PostAsync("/api/orders", OrderJson.Valid().ToJsonString(), "unavailable");
        host.OrderStreams.IsUnavailable = false;

        Assert.Equal((503, 503), (unavailable.Status, stillUnavailable.Status));
        Assert.NotNull(unavailable.Headers.RetryAfter?.Delta);
        var back = await host.PostAsync("/api/orders", OrderJson.Valid().ToJsonString(), "unavailable");
        Assert.Equal(202, back.Status);
        Assert.Single(host.Bus.Published, m => m.OrderId == (string?)back.Json!["id"]);
    }

    [Fact]
    public async Task The_card_token_is_in_no_answer_and_in_no_line_of_the_log()
    {
        var answers = new List<Reply> { await host.PostAsync("/api/orders", OrderJson.Valid().ToJsonString(), "token") };
        var id = (string)answers[0].Json!["id"]!;
        answers.Add(await host.PostAsync("/api/orders", OrderJson.With(order => order["customerId"] = "2").ToJsonString(), "token"));
        answers.Add(await host.GetAsync($"/api/orders/{id}"));
        answers.Add(await host.GetAsync($"/api/orders/{id}/timeline"));
        answers.Add(await host.GetAsync("/api/orders?limit=200"));
        answers.Add(await host.PostAsync($"/api/orders/{id}/cancel"));
        var lineBreak = OrderJson.With(order => order["payment"]!["cardToken"] = "tok_visa_secret\n");
        answers.Add(await host.PostAsync("/api/orders", lineBreak.ToJsonString()));
        answers.Add(await host.PostAsync("/api/orders", """{ "payment": { "cardToken": tok_visa_secret } }"""));

        Assert.DoesNotContain(answers, answer => answer.Text.Contains("tok_visa", StringComparison.Ordinal));
        Assert.DoesNotContain(host.Log, line => line.Contains("tok_visa", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_body_of_unknown_length_is_taken_up_to_the_limit()
    {
        Assert.Equal(202, await SendAsync(Encoding.UTF8.GetBytes(OrderJson.Valid().ToJsonString())));
        Assert.Equal(413, await SendAsync(new byte[Limits.OrderBytesMax + 1]));

        async Task<int> SendAsync(byte[] body)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders") { Content = new StreamContent(new MemoryStream(body)) };
            request.Content.Headers.ContentType = new("application/json");
            request.Headers.TransferEncodingChunked = true;
            return (await host.SendAsync(request)).Status;
        }
    }
}
