using System.Globalization;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local;

/// <summary>The lists of orders, by indexes: quick however many orders there are.</summary>
public sealed class OrderLists(Database database) : IOrderQueries
{
    /// <summary>Of orders whose text matches, so many are fetched and sorted; where there are more, the newest are not far and are looked for from the newest on.</summary>
    const int MatchesSortedMax = 2_000;

    static readonly OrderStatus[] Open =
        [.. Enum.GetValues<OrderStatus>().Where(status => status is not (OrderStatus.Completed or OrderStatus.Rejected or OrderStatus.Cancelled))];

    public Task<OrderPage> ListAsync(OrderFilter filter, CancellationToken cancellation) =>
        database.ReadAsync(connection => List(connection, filter));

    public Task<OrderCounts> CountAsync(CancellationToken cancellation) => database.ReadAsync(Count);

    public Task<IReadOnlyDictionary<OrderFacts, long>> CountFactsAsync(CancellationToken cancellation) => database.ReadAsync(CountFacts);

    static OrderPage List(Connection connection, OrderFilter filter)
    {
        var after = Token.Parse(filter.After);
        var limit = Math.Clamp(filter.Limit, 1, 200);
        var rows = filter.Text is { Length: > 0 } text && Matching(connection, text) is { Count: <= MatchesSortedMax } numbers
            ? Sorted(connection, numbers, filter, after)
            : Scanned(connection, filter, after, limit + 1);
        var orders = rows.Take(limit).Select(row => StreamJson.Parse(row.Body, StreamJson.Summary)).ToList();
        return new(orders, rows.Count > limit ? new Token(rows[limit - 1].PlacedAt, rows[limit - 1].Number).ToString() : null);
    }

    static List<Row> Scanned(Connection connection, OrderFilter filter, Token after, int limit)
    {
        var (_, end) = Prefix(filter.Text);
        var statement = connection.Sql(filter switch
        {
            { Status: not null } => """
                SELECT placed_at, number, body, status, parked_since FROM summary JOIN order_number USING (number)
                WHERE status = ?1 AND (placed_at, number) < (?2, ?3) AND (NOT ?4 OR parked_since IS NOT NULL)
                    AND (?5 IS NULL OR order_id >= ?5 AND order_id < ?6 OR customer >= ?5 AND customer < ?6 OR idempotency_key >= ?5 AND idempotency_key < ?6)
                ORDER BY placed_at DESC, number DESC LIMIT ?7
                """,
            { Parked: true } => """
                SELECT placed_at, number, body, status, parked_since FROM summary JOIN order_number USING (number)
                WHERE ?1 IS NULL AND (placed_at, number) < (?2, ?3) AND ?4 AND parked_since IS NOT NULL
                    AND (?5 IS NULL OR order_id >= ?5 AND order_id < ?6 OR customer >= ?5 AND customer < ?6 OR idempotency_key >= ?5 AND idempotency_key < ?6)
                ORDER BY +placed_at DESC, number DESC LIMIT ?7
                """,
            _ => """
                SELECT placed_at, number, body, status, parked_since FROM summary JOIN order_number USING (number)
                WHERE ?1 IS NULL AND (placed_at, number) < (?2, ?3) AND NOT ?4
                    AND (?5 IS NULL OR order_id >= ?5 AND order_id < ?6 OR customer >= ?5 AND customer < ?6 OR idempotency_key >= ?5 AND idempotency_key < ?6)
                ORDER BY placed_at DESC, number DESC LIMIT ?7
                """,
        });
        return statement
            .Bind(filter.Status?.ToString()).Bind(after.PlacedAt).Bind(after.Number).Bind(filter.Parked ? 1 : 0)
            .Bind(filter.Text is { Length: > 0 } ? filter.Text : null).Bind(end).Bind(limit)
            .Rows(Row.Read);
    }

    static List<Row> Sorted(Connection connection, List<long> numbers, OrderFilter filter, Token after) =>
    [
        .. numbers.Distinct()
            .Select(number => connection.Sql("SELECT placed_at, number, body, status, parked_since FROM summary WHERE number = ?").Bind(number).First(Row.Read)!)
            .Where(row => (filter.Status is null || row.Status == filter.Status.ToString()) && (!filter.Parked || row.IsParked) && after.IsBefore(row))
            .OrderByDescending(row => row.PlacedAt).ThenByDescending(row => row.Number)
            .Take(Math.Clamp(filter.Limit, 1, 200) + 1),
    ];

    /// <summary>Some may stand there twice.</summary>
    static List<long> Matching(Connection connection, string text)
    {
        var (begin, end) = Prefix(text);
        return connection.Sql("""
            SELECT number FROM summary WHERE customer >= ?1 AND customer < ?2
            UNION ALL SELECT number FROM summary WHERE idempotency_key >= ?1 AND idempotency_key < ?2
            UNION ALL SELECT number FROM order_number JOIN summary USING (number) WHERE order_id >= ?1 AND order_id < ?2
            LIMIT ?3
            """)
            .Bind(begin).Bind(end).Bind(MatchesSortedMax + 1).Rows(row => row.Long(0));
    }

    /// <summary>The texts that begin so lie between these two: nothing sorts behind the largest character.</summary>
    static (string? Begin, string? End) Prefix(string? text) => string.IsNullOrEmpty(text) ? (null, null) : (text, text + "\U0010FFFF");

    static OrderCounts Count(Connection connection)
    {
        var counts = connection.Sql("SELECT status, sum(orders) FROM final_count GROUP BY status").Rows(Counted).ToDictionary(c => c.Status, c => c.Orders);
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

    /// <summary>Orders of the same facts are counted together: there are some dozens of such combinations.</summary>
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

    sealed record Row(long PlacedAt, long Number, byte[] Body, string Status, bool IsParked)
    {
        public static Row Read(Statement row) => new(row.Long(0), row.Long(1), row.Bytes(2).ToArray(), row.Text(3), !row.IsNull(4));
    }

    /// <summary>Where a page ended.</summary>
    sealed record Token(long PlacedAt, long Number)
    {
        static readonly Token Newest = new(long.MaxValue, long.MaxValue);

        public static Token Parse(string? text) =>
            text is null ? Newest
            : text.Split('-') is [var placedAt, var number]
                && long.TryParse(placedAt, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var ticks)
                && long.TryParse(number, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var order)
                ? new(ticks, order)
                : throw new FormatException($"\"{text}\" is not where a page ended.");

        public bool IsBefore(Row row) => (row.PlacedAt, row.Number).CompareTo((PlacedAt, Number)) < 0;

        public override string ToString() => $"{PlacedAt:x}-{Number:x}";
    }
}
