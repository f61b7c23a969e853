using System.Globalization;
using System.Text.Json;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Streams;

/// <summary>The lists of orders, by index, so that they stay fast with any number of orders.</summary>
public sealed class OrderLists(Database database) : IOrderQueries
{
    /// <summary>
    /// Up to this many parked or matching orders are sorted to find the newest. If there are more, some are not far from the newest order,
    /// and the search walks down from there.
    /// </summary>
    const int SortedMax = 20_000;

    /// <summary>Orders that one request looks at for what no index holds: a text inside others, a SKU, a tracking id.</summary>
    const int SearchedMax = 20_000;

    // The lines of an order stand in its first entries only: an order may have been heard of before it was placed.
    const string Searched = """
        +placed_at >= ?7
        AND (?8 IS NULL OR customer LIKE ?8 ESCAPE '\' OR idempotency_key LIKE ?8 ESCAPE '\'
            OR CAST(body AS TEXT) ->> '$.trackingId' LIKE ?8 ESCAPE '\' OR CAST(body AS TEXT) ->> '$.reason' LIKE ?8 ESCAPE '\'
            OR CAST(body AS TEXT) ->> '$.orderId' LIKE ?8 ESCAPE '\')
        AND (?9 IS NULL OR EXISTS (SELECT 1 FROM entry
            WHERE place BETWEEN ((number << 20) | (participant << 16)) + 1 AND ((number << 20) | (participant << 16)) + 4
                AND instr(CAST(entry.body AS TEXT), ?9)))
        AND (?10 IS NULL OR CAST(body AS TEXT) ->> '$.trackingId' = ?10)
        """;

    const string MatchesFilter = $"""
        (NOT ?4 OR parked_since IS NOT NULL) AND {Searched}
        AND (?5 IS NULL OR customer >= ?5 AND customer < ?6 OR idempotency_key >= ?5 AND idempotency_key < ?6
            OR EXISTS (SELECT 1 FROM order_number AS id WHERE id.number = summary.number AND id.order_id >= ?5 AND id.order_id < ?6))
        """;

    const string Matches = """
        SELECT number FROM summary WHERE customer >= ?5 AND customer < ?6
        UNION ALL SELECT number FROM summary WHERE idempotency_key >= ?5 AND idempotency_key < ?6
        UNION ALL SELECT number FROM order_number WHERE order_id >= ?5 AND order_id < ?6
        """;

    const string Select = "SELECT placed_at, number, body FROM summary";

    // The + keeps SQLite from walking the index of all orders; and only numbers are sorted, not bodies.
    const string AmongParked = $"""
        {Select} WHERE number IN (
            SELECT number FROM summary INDEXED BY summary_parked
            WHERE parked_since IS NOT NULL AND (?1 IS NULL OR status = ?1) AND (+placed_at, number) < (?2, ?3) AND {MatchesFilter}
            ORDER BY +placed_at DESC, number DESC LIMIT ?11)
        ORDER BY +placed_at DESC, number DESC
        """;

    const string AmongMatches = $"""
        {Select} WHERE number IN (
            SELECT number FROM summary
            WHERE number IN ({Matches}) AND (?1 IS NULL OR +status = ?1) AND (+placed_at, number) < (?2, ?3)
                AND (NOT ?4 OR parked_since IS NOT NULL) AND {Searched}
            ORDER BY +placed_at DESC, number DESC LIMIT ?11)
        ORDER BY +placed_at DESC, number DESC
        """;

    const string StatusIs = "status = ?1 AND placed_at >= ?7 AND (placed_at, number) < (?2, ?3)";
    const string AnyStatus = "?1 IS NULL AND placed_at >= ?7 AND (placed_at, number) < (?2, ?3)";
    const string NewestFirst = "ORDER BY placed_at DESC, number DESC LIMIT ?11";

    const string OfStatus = $"{Select} WHERE {StatusIs} AND {MatchesFilter} {NewestFirst}";
    const string Any = $"{Select} WHERE {AnyStatus} AND {MatchesFilter} {NewestFirst}";

    // Where a bounded search ends.
    const string LastOfStatus = $"SELECT placed_at, number FROM summary WHERE {StatusIs} {NewestFirst} OFFSET ?11 - 1";
    const string LastOfAny = $"SELECT placed_at, number FROM summary WHERE {AnyStatus} {NewestFirst} OFFSET ?11 - 1";

    const string CountParked = "SELECT count(*) FROM (SELECT 1 FROM summary WHERE parked_since IS NOT NULL LIMIT ?)";

    const string CountMatches = $"SELECT count(*) FROM ({Matches} LIMIT ?11)";

    static readonly OrderStatus[] Open =
    [
        .. Enum.GetValues<OrderStatus>()
            .Where(status => !status.IsFinal()),
    ];

    public Task<OrderPage> ListAsync(OrderFilter filter, CancellationToken cancellation) =>
        database.ReadAsync(connection => List(connection, filter));

    public Task<OrderCounts> CountAsync(CancellationToken cancellation) => database.ReadAsync(Count);

    public Task<IReadOnlyDictionary<OrderFacts, long>> CountFactsAsync(CancellationToken cancellation) => database.ReadAsync(CountFacts);

    static OrderPage List(Connection connection, OrderFilter filter)
    {
        var after = Token.Parse(filter.After).OrBefore(filter.To);
        var limit = Math.Clamp(filter.Limit, 1, 200);
        var plan = PlanFor(connection, filter);
        var last = plan is Any or OfStatus && filter is not { Contains: null, Sku: null, TrackingId: null }
            ? Bound(connection.Sql(plan is Any ? LastOfAny : LastOfStatus), filter, after, SearchedMax)
                .First(row => new Token(row.Long(0), row.Long(1)))
            : null;
        var rows = Bound(connection.Sql(plan), filter, after, limit + 1, last)
            .Rows(Row.Read).Where(row => last is null || row.At.IsNotOlderThan(last)).ToList();
        var orders = rows.Take(limit).Select(row => StoredJson.Parse(row.Body, StreamJson.Summary)).ToList();
        return rows.Count > limit ? new(orders, rows[limit - 1].At.ToString()) : new(orders, last?.ToString(), Moment(last?.PlacedAt));
    }

    /// <summary>The cheapest way to a page's orders.</summary>
    static string PlanFor(Connection connection, OrderFilter filter)
    {
        if (filter.Parked && connection.Sql(CountParked).Bind(SortedMax + 1).First(Counted) <= SortedMax)
            return AmongParked;
        if (!string.IsNullOrEmpty(filter.Text)
            && Bound(connection.Sql(CountMatches), filter, Token.Newest, SortedMax + 1).First(Counted) <= SortedMax)
            return AmongMatches;
        return filter.Status is null ? Any : OfStatus;

        static long Counted(Statement row) => row.Long(0);
    }

    /// <summary>All statements take the same parameters.</summary>
    /// <param name="last">Where a bounded search ends.</param>
    static Statement Bound(Statement statement, OrderFilter filter, Token after, int limit, Token? last = null)
    {
        var text = string.IsNullOrEmpty(filter.Text) ? null : filter.Text;

        // Texts with this prefix lie between these two: no character sorts behind the largest one.
        return statement
            .Bind(filter.Status?.ToString()).Bind(after.PlacedAt).Bind(after.Number).Bind(filter.Parked ? 1 : 0)
            .Bind(text).Bind(text is null ? null : text + "\U0010FFFF")
            .Bind(Math.Max(filter.From?.UtcTicks ?? 0, last?.PlacedAt ?? 0)).Bind(Like(filter.Contains))
            .Bind(filter.Sku is { } sku ? $"\"sku\":{JsonSerializer.Serialize(sku, EventJson.Options)}" : null).Bind(filter.TrackingId)
            .Bind(limit);
    }

    /// <summary>A pattern in which the text stands for itself.</summary>
    static string? Like(string? text) =>
        text is null ? null : $"%{string.Concat(text.Select(one => one is '%' or '_' or '\\' ? $"\\{one}" : $"{one}"))}%";

    static OrderCounts Count(Connection connection)
    {
        var counts = connection.Sql("SELECT status, sum(orders) FROM final_count GROUP BY status")
            .Rows(Counted).ToDictionary(c => c.Status, c => c.Orders);
        long? oldest = null;
        foreach (var status in Open)
        {
            var (orders, first) = connection.Sql("SELECT count(*), min(placed_at) FROM summary WHERE status = ?").Bind(status.ToString())
                .First(row => (row.Long(0), row.LongOrNull(1)));
            counts[status] = orders;
            oldest = first < oldest || oldest is null ? first ?? oldest : oldest;
        }
        var (parked, since) = connection.Sql("SELECT count(*), min(parked_since) FROM summary WHERE parked_since IS NOT NULL")
            .First(row => (row.Long(0), row.LongOrNull(1)));
        return new(counts, parked, Moment(oldest), Moment(since));
    }

    /// <summary>Orders are counted by combination of facts: there are only some dozens.</summary>
    static IReadOnlyDictionary<OrderFacts, long> CountFacts(Connection connection)
    {
        var together = connection.Sql("SELECT facts, orders FROM final_count").Rows(FactsCounted);
        foreach (var status in Open)
        {
            together.AddRange(connection.Sql("SELECT facts, count(*) FROM summary WHERE status = ? GROUP BY facts")
                .Bind(status.ToString()).Rows(FactsCounted));
        }
        return Enum.GetValues<OrderFacts>().Where(fact => fact is not OrderFacts.None)
            .ToDictionary(fact => fact, fact => together.Where(orders => orders.Facts.HasFlag(fact)).Sum(orders => orders.Orders));
    }

    static (OrderFacts Facts, long Orders) FactsCounted(Statement row) => ((OrderFacts)row.Long(0), row.Long(1));

    static (OrderStatus Status, long Orders) Counted(Statement row) => (Enum.Parse<OrderStatus>(row.Text(0)), row.Long(1));

    static DateTimeOffset? Moment(long? ticks) => ticks is { } known ? new(known, TimeSpan.Zero) : null;

    sealed record Row(Token At, byte[] Body)
    {
        public static Row Read(Statement row) => new(new(row.Long(0), row.Long(1)), row.Bytes(2).ToArray());
    }

    /// <summary>Where a page ended: the next one begins behind it.</summary>
    sealed record Token(long PlacedAt, long Number)
    {
        public static readonly Token Newest = new(long.MaxValue, long.MaxValue);

        public Token OrBefore(DateTimeOffset? end) => end?.UtcTicks <= PlacedAt ? new(end.Value.UtcTicks, 0) : this;

        public bool IsNotOlderThan(Token other) => (PlacedAt, Number).CompareTo((other.PlacedAt, other.Number)) >= 0;

        public static Token Parse(string? text) =>
            text is null ? Newest
            : text.Split('-') is [var placedAt, var number]
                && long.TryParse(placedAt, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var ticks)
                && long.TryParse(number, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var order)
                ? new(ticks, order)
                : throw new FormatException($"\"{text}\" is not where a page ended.");

        public override string ToString() => $"{PlacedAt:x}-{Number:x}";
    }
}
