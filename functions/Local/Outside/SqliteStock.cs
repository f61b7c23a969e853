using System.Text.Json;
using System.Text.Json.Serialization;
using OrderFunctions.Kernel;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Outside;

/// <summary>Stock in the same file. All reservations go through the one writer, so nothing is ever sold twice.</summary>
public sealed class SqliteStock(Database database) : IStock
{
    public Task<Answer> ReserveAsync(string orderId, string warehouse, IReadOnlyList<StockLine> lines, CancellationToken cancellation)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(lines, SqliteStockJson.Default.IReadOnlyListStockLine);
        return database.RunAsync(connection => Reserve(connection, orderId, warehouse, lines, json));
    }

    public Task<StockReleased> ReleaseAsync(string orderId, string warehouse, CancellationToken cancellation) =>
        database.RunAsync(connection =>
        {
            // A reservation that arrives later must not take stock that nobody would release.
            connection.Sql("INSERT INTO reservation (number, warehouse, state, lines, short) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
                .Bind(database.Numbers.FindOrGive(connection, orderId)).Bind(warehouse)
                .Bind(Reservation.Refused).Bind(None).Bind(None).Run();
            Close(connection, orderId, warehouse, Reservation.Released,
                "UPDATE stock SET reserved = reserved - ?, available = available + ? WHERE warehouse = ? AND sku = ?");
            return new StockReleased();
        });

    public Task<StockConsumed> ConsumeAsync(string orderId, string warehouse, CancellationToken cancellation) =>
        database.RunAsync(connection =>
        {
            Close(connection, orderId, warehouse, Reservation.Consumed,
                "UPDATE stock SET reserved = reserved - ?, consumed = consumed + ? WHERE warehouse = ? AND sku = ?");
            return new StockConsumed();
        });

    /// <summary>Answers once it is on disk: the caller is outside this process.</summary>
    public Task<StockLevel?> SetReceivedAsync(
        string warehouse, string sku, long received, CancellationToken cancellation, Caller? by = null) =>
        database.CommitAsync(connection =>
        {
            connection
                .Sql("""
                    INSERT INTO stock (warehouse, sku, received, available, reserved, consumed) VALUES (?, ?, 0, 0, 0, 0)
                    ON CONFLICT DO NOTHING
                    """)
                .Bind(warehouse).Bind(sku).Run();
            var changed = connection.Sql("""
                UPDATE stock SET received = ?1, available = ?1 - reserved - consumed
                WHERE warehouse = ?2 AND sku = ?3 AND ?1 >= reserved + consumed
                """)
                .Bind(received).Bind(warehouse).Bind(sku).Run();
            return changed == 0 ? null : Level(connection, warehouse, sku);
        }, unlessDiskFails: true);

    public Task<StockLevel?> LevelAsync(string warehouse, string sku, CancellationToken cancellation) =>
        database.ReadAsync(connection => Level(connection, warehouse, sku));

    /// <summary>The SKUs with the most pieces reserved or consumed.</summary>
    /// <param name="text">What they contain, in either case; empty for all.</param>
    public Task<IReadOnlyList<StockLevel>> HottestAsync(string text, int max, CancellationToken cancellation) =>
        database.ReadAsync<IReadOnlyList<StockLevel>>(connection =>
            connection.Sql("""
                SELECT sku, warehouse, received, available, reserved, consumed FROM stock
                WHERE ?1 = '' OR instr(upper(sku), upper(?1))
                ORDER BY reserved + consumed DESC, warehouse, sku LIMIT ?2
                """)
                .Bind(text).Bind(max).Rows(Level));

    Answer Reserve(Connection connection, string orderId, string warehouse, IReadOnlyList<StockLine> lines, byte[] json)
    {
        var number = database.Numbers.FindOrGive(connection, orderId);
        if (connection.Sql("SELECT state, short FROM reservation WHERE number = ? AND warehouse = ?").Bind(number).Bind(warehouse)
            .First(row => new { State = row.Text(0), Short = row.BytesOrNull(1) }) is { } known)
        {
            return known.State == Reservation.Refused
                ? new StockShort(StoredJson.Parse(known.Short!, SqliteStockJson.Default.IReadOnlyListString))
                : new StockReserved();
        }

        // Checked before anything is taken, so that a refusal has nothing to undo.
        var @short = lines
            .Where(line => Level(connection, warehouse, line.Sku) is not { } level || level.Available < line.Quantity)
            .Select(line => line.Sku).ToList();
        if (@short.Count == 0)
        {
            foreach (var line in lines)
                Move(connection, Take, warehouse, line);
        }
        connection.Sql("INSERT INTO reservation (number, warehouse, state, lines, short) VALUES (?, ?, ?, ?, ?)")
            .Bind(number).Bind(warehouse).Bind(@short.Count == 0 ? Reservation.Reserved : Reservation.Refused).Bind(json)
            .Bind(@short.Count == 0 ? null : JsonSerializer.SerializeToUtf8Bytes(@short, SqliteStockJson.Default.IReadOnlyListString))
            .Run();
        return @short.Count == 0 ? new StockReserved() : new StockShort(@short);
    }

    const string Take = "UPDATE stock SET available = available - ?, reserved = reserved + ? WHERE warehouse = ? AND sku = ?";

    /// <summary>Releases or consumes the pieces of a reservation, once.</summary>
    void Close(Connection connection, string orderId, string warehouse, string state, string sql)
    {
        if (database.Numbers.Find(connection, orderId) is not { } number)
            return;
        var lines = connection.Sql("SELECT lines FROM reservation WHERE number = ? AND warehouse = ? AND state = 'reserved'")
            .Bind(number).Bind(warehouse).First(row => row.BytesOrNull(0));
        if (lines is null)
            return;
        connection.Sql("UPDATE reservation SET state = ? WHERE number = ? AND warehouse = ?")
            .Bind(state).Bind(number).Bind(warehouse).Run();
        foreach (var line in StoredJson.Parse(lines, SqliteStockJson.Default.IReadOnlyListStockLine))
            Move(connection, sql, warehouse, line);
    }

    static void Move(Connection connection, string sql, string warehouse, StockLine line) =>
        connection.Sql(sql).Bind(line.Quantity).Bind(line.Quantity).Bind(warehouse).Bind(line.Sku).Run();

    static StockLevel? Level(Connection connection, string warehouse, string sku) =>
        connection.Sql("SELECT sku, warehouse, received, available, reserved, consumed FROM stock WHERE warehouse = ? AND sku = ?")
            .Bind(warehouse).Bind(sku).First(Level);

    static StockLevel Level(Statement row) => new(row.Text(0), row.Text(1), row.Long(2), row.Long(3), row.Long(4), row.Long(5));

    static readonly byte[] None = "[]"u8.ToArray();

    static class Reservation
    {
        public const string Reserved = "reserved";
        public const string Refused = "refused";
        public const string Released = "released";
        public const string Consumed = "consumed";
    }
}

[JsonSerializable(typeof(IReadOnlyList<StockLine>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
sealed partial class SqliteStockJson : JsonSerializerContext;
