using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Microsoft.Azure.Cosmos;
using OrderFunctions.Runtime;

namespace OrderFunctions.CosmosDb;

/// <summary>The operators' lists, from the summaries that are stored with the streams of Orders.</summary>
public sealed class CosmosOrderQueries : IOrderQueries
{
    /// <summary>
    /// Orders that one request looks at for a text inside others. CONTAINS would read the whole index of each field, whatever else limits
    /// the query; the newest orders, by their key, cost what they cost however many are stored.
    /// </summary>
    const int SearchedMax = 300;

    /// <summary>Sorts after every key and every time.</summary>
    const string End = "9999";

    /// <summary>Pages poll the counts, and each poll would cost dozens of queries.</summary>
    static readonly TimeSpan CountsAge = TimeSpan.FromSeconds(1);

    readonly CosmosQueries queries;
    readonly Latest<OrderCounts> counts;
    readonly Latest<IReadOnlyDictionary<OrderFacts, long>> facts;

    public CosmosOrderQueries(Container container, TimeProvider time)
    {
        queries = new(container, time);
        counts = new(() => CountAsync(), CountsAge, time);
        facts = new(() => CountFactsAsync(), CountsAge, time);
    }

    public Task<OrderCounts> CountAsync(CancellationToken cancellation) => counts.GetAsync(cancellation);

    public Task<IReadOnlyDictionary<OrderFacts, long>> CountFactsAsync(CancellationToken cancellation) => facts.GetAsync(cancellation);

    public async Task<OrderPage> ListAsync(OrderFilter filter, CancellationToken cancellation)
    {
        // Deliberately not the SDK's continuation tokens: they are long, hold its internal state and end with its version. The key of the
        // last row is enough.
        var where = new StringBuilder("c.list.key < @after");
        if (filter.Status is not null)
            where.Append(" AND c.list.status = @status");
        if (filter.Text is not null)
        {
            where.Append(" AND (STARTSWITH(c.list.orderId, @text)")
                .Append(" OR STARTSWITH(c.list.customerId, @text) OR STARTSWITH(c.list.idempotencyKey, @text))");
        }
        if (filter.Parked)
            where.Append(" AND c.list.parkedSince < @end");
        if (filter.Sku is not null)
            where.Append(" AND ARRAY_CONTAINS(c.list.skus, @sku)");
        if (filter.TrackingId is not null)
            where.Append(" AND c.list.trackingId = @trackingId");
        if (filter.From is not null)
            where.Append(" AND c.list.key >= @from");
        var query = new QueryDefinition($"SELECT VALUE c.summary FROM c WHERE {where} ORDER BY c.list.key DESC")
            .WithParameter("@after", Earlier(filter.After is null ? End : Decode(filter.After), Time(filter.To) ?? End))
            .WithParameter("@from", Time(filter.From))
            .WithParameter("@sku", filter.Sku)
            .WithParameter("@trackingId", filter.TrackingId)
            .WithParameter("@status", filter.Status?.ToString())
            .WithParameter("@text", filter.Text)
            .WithParameter("@end", End);

        var limit = Math.Clamp(filter.Limit, 1, 200);
        var max = filter.Contains is null ? limit : SearchedMax;
        var read = await queries.RowsAsync(
            "orders.list", query, max + 1, row => row.Deserialize<OrderSummary>(EventJson.Options)!, cancellation);
        var last = read.Count > max ? read[max - 1] : null;
        var orders = read.Take(max).Where(order => Has(order, filter.Contains)).ToList();
        return orders.Count > limit ? new(orders[..limit], TokenOf(orders[limit - 1]))
            : new(orders, last is null ? null : TokenOf(last), filter.Contains is null ? null : last?.PlacedAt);
    }

    static bool Has(OrderSummary order, string? text) =>
        text is null || new[] { order.OrderId, order.CustomerId, order.IdempotencyKey, order.TrackingId, order.Reason }
            .Any(value => value?.Contains(text, StringComparison.OrdinalIgnoreCase) is true);

    static string TokenOf(OrderSummary order) => Encode(StreamDocument.ListKeyOf(order));

    static string Earlier(string one, string other) => string.CompareOrdinal(one, other) < 0 ? one : other;

    static string? Time(DateTimeOffset? time) => time is { } known ? StreamDocument.Time(known) : null;

    /// <summary>A count by one indexed value reads the index alone, whatever the number of orders; GROUP BY reads all orders.</summary>
    async Task<OrderCounts> CountAsync()
    {
        var byStatus = Enum.GetValues<OrderStatus>().ToDictionary(
            status => status, status => CountAsync("c.list.status = @value", status.ToString()));
        var parked = CountAsync("c.list.parkedSince < @value", End);
        var oldestOpen = FirstAsync("openSince");
        var parkedSince = FirstAsync("parkedSince");
        await Task.WhenAll([.. byStatus.Values, parked, oldestOpen, parkedSince]);
        return new(
            byStatus.ToDictionary(status => status.Key, status => status.Value.Result), await parked, await oldestOpen, await parkedSince);
    }

    /// <summary>As for the statuses, one count from the index for each fact: the orders themselves are not read.</summary>
    async Task<IReadOnlyDictionary<OrderFacts, long>> CountFactsAsync()
    {
        var byFact = StreamDocument.Facts.ToDictionary(fact => fact, fact => CountAsync($"c.list.facts.{fact} = @value", 1));
        await Task.WhenAll(byFact.Values);
        return byFact.ToDictionary(count => count.Key, count => count.Value.Result);
    }

    async Task<long> CountAsync(string where, object value)
    {
        var query = new QueryDefinition($"SELECT VALUE COUNT(1) FROM c WHERE {where}").WithParameter("@value", value);
        return (await queries.RowsAsync("orders.count", query, 1, row => row.GetInt64(), CancellationToken.None)).Single();
    }

    async Task<DateTimeOffset?> FirstAsync(string field)
    {
        var query = new QueryDefinition($"SELECT VALUE c.list.{field} FROM c WHERE c.list.{field} < @end ORDER BY c.list.{field}")
            .WithParameter("@end", End);
        var rows = await queries.RowsAsync("orders.first", query, 1, row => row.GetDateTimeOffset(), CancellationToken.None);
        return rows.Count == 0 ? null : rows[0];
    }

    static string Encode(string key) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key));

    /// <exception cref="FormatException">It is not one of our tokens.</exception>
    static string Decode(string token)
    {
        var key = Base64Url.IsValid(token) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token)) : "";
        return StreamDocument.IsListKey(key) ? key : throw new FormatException("This is not a token of an earlier page.");
    }
}
