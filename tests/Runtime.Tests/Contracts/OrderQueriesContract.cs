using System.Text.Json;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Contracts;

/// <summary>What the order lists and the operations page require.</summary>
public abstract class OrderQueriesContract
{
    /// <summary>Returns an empty store of Orders' streams, and its lists.</summary>
    protected abstract ValueTask<(IStreamStore Streams, IOrderQueries Orders)> StoreAsync();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_empty_store_has_no_orders()
    {
        var (_, orders) = await StoreAsync();
        var page = await orders.ListAsync(new(), Cancellation);
        var counts = await orders.CountAsync(Cancellation);

        Assert.Empty(page.Orders);
        Assert.Null(page.Next);
        Assert.DoesNotContain(counts.ByStatus, status => status.Value != 0);
        Assert.Equal(0, counts.Parked);
        Assert.Null(counts.OldestOpen);
        Assert.Null(counts.ParkedSince);
    }

    [Fact]
    public async Task Orders_are_listed_newest_first_whatever_the_order_of_their_ids()
    {
        var orders = await WithAsync(Samples.Summary("b", 2), Samples.Summary("c", 1), Samples.Summary("a", 3));
        Assert.Equal(["a", "b", "c"], await IdsAsync(orders, new()));
    }

    [Fact]
    public async Task Pages_follow_each_other_without_a_gap_or_a_repetition()
    {
        // Several orders have the same time, so that time alone cannot tell where a page ended.
        var streams = Enumerable.Range(0, 25).Select(number => Samples.Summary($"o-{number:00}", number / 4)).ToArray();
        var orders = await WithAsync(streams);

        var seen = new List<string>();
        var after = (string?)null;
        var pages = 0;
        do
        {
            var page = await orders.ListAsync(new(After: after, Limit: 3), Cancellation);
            Assert.InRange(page.Orders.Count, 1, 3);
            seen.AddRange(page.Orders.Select(order => order.OrderId));
            after = page.Next;
        }
        while (after is not null && ++pages < 20);

        Assert.Equal(streams.Select(stream => stream.OrderId).Order(), seen.Order());
        Assert.Equal(seen.OrderByDescending(id => int.Parse(id[2..]) / 4).Select(id => int.Parse(id[2..]) / 4), seen.Select(id => int.Parse(id[2..]) / 4));
    }

    [Fact]
    public async Task Pages_of_a_filtered_list_follow_each_other_too()
    {
        var orders = await WithAsync([.. Enumerable.Range(0, 20).Select(number =>
            Samples.Summary($"o-{number:00}", number, number % 2 == 0 ? OrderStatus.Completed : OrderStatus.Placed, number % 4 == 0 ? "even" : "odd"))]);

        Assert.Equal(
            Enumerable.Range(0, 10).Select(number => $"o-{18 - 2 * number:00}"), await AllPagesAsync(orders, new(OrderStatus.Completed, Limit: 3)));
        Assert.Equal(
            Enumerable.Range(0, 5).Select(number => $"o-{16 - 4 * number:00}"), await AllPagesAsync(orders, new(Text: "even", Limit: 2)));
    }

    [Fact]
    public async Task A_page_that_exactly_holds_the_rest_is_the_last()
    {
        var orders = await WithAsync(Samples.Summary("a", 1), Samples.Summary("b", 2));
        Assert.Null((await orders.ListAsync(new(Limit: 2), Cancellation)).Next);
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("-")]
    [InlineData("1-2-3")]
    public async Task A_token_of_no_store_is_refused(string token)
    {
        var orders = await WithAsync(Samples.Summary("a", 1), Samples.Summary("b", 2));
        await Assert.ThrowsAsync<FormatException>(() => orders.ListAsync(new(After: token), Cancellation));
    }

    [Fact]
    public async Task A_token_that_no_page_returned_is_refused()
    {
        var orders = await WithAsync(Samples.Summary("a", 1));
        await Assert.ThrowsAsync<FormatException>(() => orders.ListAsync(new(After: "no token!"), Cancellation));
    }

    [Fact]
    public async Task Filters_by_status()
    {
        var orders = await WithAsync(Samples.Summary("a", 1), Samples.Summary("b", 2, OrderStatus.Completed), Samples.Summary("c", 3, OrderStatus.Completed));
        Assert.Equal(["c", "b"], await IdsAsync(orders, new(OrderStatus.Completed)));
        Assert.Equal(["a"], await IdsAsync(orders, new(OrderStatus.Placed)));
        Assert.Empty(await IdsAsync(orders, new(OrderStatus.Rejected)));
    }

    [Fact]
    public async Task An_order_is_listed_by_its_latest_status_only()
    {
        var (streams, orders) = await StoreAsync();
        await streams.SaveAsync(Samples.Summary("a", 1), Cancellation);
        await streams.SaveAsync(Samples.Summary("a", 1, OrderStatus.Completed), Cancellation);

        Assert.Empty(await IdsAsync(orders, new(OrderStatus.Placed)));
        Assert.Equal(["a"], await IdsAsync(orders, new(OrderStatus.Completed)));
        var counts = await orders.CountAsync(Cancellation);
        Assert.Equal(0, counts.ByStatus.GetValueOrDefault(OrderStatus.Placed));
        Assert.Equal(1, counts.ByStatus[OrderStatus.Completed]);
    }

    [Fact]
    public async Task A_summary_is_listed_as_it_was_saved()
    {
        var (streams, orders) = await StoreAsync();
        var placed = Samples.Summary("o-1", 1, key: "536365", parkedSince: Samples.Noon);
        await streams.SaveAsync(placed, Cancellation);
        Assert.Equal(Text(placed), Text(Assert.Single((await orders.ListAsync(new(), Cancellation)).Orders)));

        var paid = placed with { Status = OrderStatus.Paid, Charged = Samples.Total };
        await streams.SaveAsync(paid, Cancellation);
        Assert.Equal(Text(paid), Text(Assert.Single((await orders.ListAsync(new(), Cancellation)).Orders)));

        static string Text(OrderSummary summary) => JsonSerializer.Serialize(summary, EventJson.Options);
    }

    [Fact]
    public async Task Orders_are_found_by_the_start_of_their_id_customer_or_key()
    {
        var orders = await WithAsync(
            Samples.Summary("abc-1", 1, customer: "x"),
            Samples.Summary("z-2", 2, customer: "abc"),
            Samples.Summary("z-3", 3, customer: "x", key: "abc/9"),
            Samples.Summary("z-abc", 4, customer: "xabc", key: "9abc"));

        Assert.Equal(["z-3", "z-2", "abc-1"], await IdsAsync(orders, new(Text: "abc")));
        Assert.Equal(["abc-1"], await IdsAsync(orders, new(Text: "abc-")));
        Assert.Empty(await IdsAsync(orders, new(Text: "abcd")));
    }

    [Theory]
    [InlineData("%")]
    [InlineData("_")]
    [InlineData("*")]
    [InlineData("[a")]
    [InlineData("'")]
    [InlineData("\\")]
    [InlineData("张")]
    public async Task Text_is_matched_literally(string text)
    {
        var orders = await WithAsync(Samples.Summary("plain", 1), Samples.Summary("odd", 2, customer: text + "1"));
        Assert.Equal(["odd"], await IdsAsync(orders, new(Text: text)));
    }

    [Fact]
    public async Task Filters_combine()
    {
        var orders = await WithAsync(
            Samples.Summary("a", 1, OrderStatus.Paid, "ann", parkedSince: Samples.Noon),
            Samples.Summary("b", 2, OrderStatus.Paid, "ann"),
            Samples.Summary("c", 3, OrderStatus.Placed, "ann", parkedSince: Samples.Noon),
            Samples.Summary("d", 4, OrderStatus.Paid, "bob", parkedSince: Samples.Noon));

        Assert.Equal(["d", "c", "a"], await IdsAsync(orders, new(Parked: true)));
        Assert.Equal(["a"], await IdsAsync(orders, new(OrderStatus.Paid, "ann", Parked: true)));
    }

    [Fact]
    public async Task Orders_are_found_by_a_text_inside_them_in_either_case()
    {
        var orders = await WithAsync(
            Samples.Summary("a1b2", 1),
            Samples.Summary("c", 2, customer: "Shop 1B2"),
            Samples.Summary("d", 3, key: "x-1b2-y"),
            Samples.Summary("e", 4) with { TrackingId = "trk-1B2" },
            Samples.Summary("f", 5) with { Reason = "out of stock: 1b2" },
            Samples.Summary("g", 6, customer: "1b_2"));

        Assert.Equal(["f", "e", "d", "c", "a1b2"], await IdsAsync(orders, new(Contains: "1b2")));
        Assert.Equal(["f", "e"], await AllPagesAsync(orders, new(Contains: "1b2", From: Samples.Noon.AddMinutes(4), Limit: 1)));
        Assert.Equal(["g"], await IdsAsync(orders, new(Contains: "B_")));
        Assert.Empty(await IdsAsync(orders, new(Contains: "%")));
    }

    [Fact]
    public async Task Orders_are_found_by_the_time_at_which_they_were_placed()
    {
        var orders = await WithAsync([.. Enumerable.Range(0, 5).Select(minute => Samples.Summary($"o-{minute}", minute))]);
        var (from, to) = (Samples.Noon.AddMinutes(1), Samples.Noon.AddMinutes(3).ToOffset(TimeSpan.FromHours(2)));

        Assert.Equal(["o-2", "o-1"], await IdsAsync(orders, new(From: from, To: to)));
        Assert.Equal(["o-2", "o-1"], await AllPagesAsync(orders, new(From: from, To: to, Limit: 1)));
        Assert.Equal(["o-4", "o-3"], await IdsAsync(orders, new(OrderStatus.Placed, From: to)));
        Assert.Equal(["o-2", "o-1", "o-0"], await IdsAsync(orders, new(Text: "o-", To: to)));
        Assert.Empty(await IdsAsync(orders, new(From: to, To: from)));
    }

    [Fact]
    public async Task Orders_are_found_by_sku_and_by_tracking_id()
    {
        var (streams, orders) = await StoreAsync();
        await PlaceAsync("a", 1, "85123A", "it is a \"tea\" cosy");
        await PlaceAsync("b", 2, "it is a \"tea\" cosy");
        await PlaceAsync("c", 3, "85123");

        Assert.Equal(["a"], await IdsAsync(orders, new(Sku: "85123A")));
        Assert.Equal(["c"], await IdsAsync(orders, new(Sku: "85123")));
        Assert.Equal(["b", "a"], await AllPagesAsync(orders, new(Sku: "it is a \"tea\" cosy", Limit: 1)));
        Assert.Empty(await IdsAsync(orders, new(Sku: "tea")));
        Assert.Equal(["b"], await IdsAsync(orders, new(TrackingId: "trk-b")));
        Assert.Empty(await IdsAsync(orders, new(TrackingId: "trk")));

        Task PlaceAsync(string id, int minute, params string[] skus)
        {
            var created = new OrderCreated(
                "17850", [.. skus.Select(sku => new OrderLine(sku, "", 1, 2))], Samples.Total, "tok", Samples.Address, "main", null);
            var stream = OrderStream.Empty(id).With(Samples.Entry(id, 1, Via.Http, created));
            return streams.SaveAsync(stream, Samples.Summary(id, minute) with { TrackingId = $"trk-{id}" }, Cancellation);
        }
    }

    [Fact]
    public async Task A_search_that_is_bounded_goes_on_where_it_ended()
    {
        var orders = await WithAsync([.. Enumerable.Range(0, 700).Select(number =>
            Samples.Summary($"o-{number:000}", number / 3, customer: number % 350 == 0 ? "wanted" : "other"))]);
        Assert.Equal(["o-350", "o-000"], await AllPagesAsync(orders, new(Contains: "ante")));
    }

    [Fact]
    public async Task A_resumed_order_is_not_parked()
    {
        var (streams, orders) = await StoreAsync();
        var parked = Samples.Summary("a", 1, parkedSince: Samples.Noon);
        await streams.SaveAsync(parked, Cancellation);
        await streams.SaveAsync(parked with { Parked = parked.Parked.SetItem("payments", new(4)) }, Cancellation);

        Assert.Empty(await IdsAsync(orders, new(Parked: true)));
        var counts = await orders.CountAsync(Cancellation);
        Assert.Equal(0, counts.Parked);
        Assert.Null(counts.ParkedSince);
    }

    [Fact]
    public async Task Counts_by_status_and_finds_the_oldest_open_and_the_longest_parked_order()
    {
        var orders = await WithAsync(
            Samples.Summary("a", 1, OrderStatus.Completed),
            Samples.Summary("b", 5, OrderStatus.Completed),
            Samples.Summary("c", 4, OrderStatus.Booked, parkedSince: Samples.Noon.AddHours(2)),
            Samples.Summary("d", 3, OrderStatus.Placed, parkedSince: Samples.Noon.AddHours(1)),
            Samples.Summary("e", 2, OrderStatus.Cancelled));

        var counts = await orders.CountAsync(Cancellation);

        Assert.Equal(2, counts.ByStatus[OrderStatus.Completed]);
        Assert.Equal(1, counts.ByStatus[OrderStatus.Booked]);
        Assert.Equal(1, counts.ByStatus[OrderStatus.Placed]);
        Assert.Equal(1, counts.ByStatus[OrderStatus.Cancelled]);
        Assert.Equal(5, counts.ByStatus.Values.Sum());
        Assert.Equal(2, counts.Parked);
        Assert.Equal(Samples.Noon.AddMinutes(3), counts.OldestOpen);
        Assert.Equal(Samples.Noon.AddHours(1), counts.ParkedSince);
    }

    [Fact]
    public async Task Each_fact_is_counted_once_per_order_and_follows_the_order()
    {
        var (streams, orders) = await StoreAsync();
        var a = Samples.Summary("a", 1, OrderStatus.Completed) with { Facts = OrderFacts.OrderCreated | OrderFacts.OrderCompleted };
        var b = Samples.Summary("b", 1) with { Facts = OrderFacts.OrderCreated };
        foreach (var order in new[] { a, b, b with { OrderId = "c" } })
            await streams.SaveAsync(order, Cancellation);
        foreach (var order in new[] { a, b })
            await streams.SaveAsync(order with { Facts = order.Facts | OrderFacts.CancellationRefused }, Cancellation);

        var counts = await orders.CountFactsAsync(Cancellation);

        Assert.Equal((3, 1, 2), (counts[OrderFacts.OrderCreated], counts[OrderFacts.OrderCompleted], counts[OrderFacts.CancellationRefused]));
        Assert.Equal(0, counts.GetValueOrDefault(OrderFacts.PaymentFailed));
    }

    async Task<IOrderQueries> WithAsync(params OrderSummary[] summaries)
    {
        var (streams, orders) = await StoreAsync();
        foreach (var summary in summaries)
            await streams.SaveAsync(summary, Cancellation);
        return orders;
    }

    static async Task<List<string>> IdsAsync(IOrderQueries orders, OrderFilter filter) =>
        [.. (await orders.ListAsync(filter, Cancellation)).Orders.Select(order => order.OrderId)];

    static async Task<List<string>> AllPagesAsync(IOrderQueries orders, OrderFilter filter)
    {
        var ids = new List<string>();
        for (var pages = 0; pages < 50; pages++)
        {
            var page = await orders.ListAsync(filter, Cancellation);
            ids.AddRange(page.Orders.Select(order => order.OrderId));
            if (page.Next is null)
                return ids;
            filter = filter with { After = page.Next };
        }
        throw new InvalidOperationException("The list does not end.");
    }
}
