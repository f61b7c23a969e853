using OrderFunctions.Kernel;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Outside;

/// <summary>
/// Stock in the same file. All of it is also in memory, where one change at a time is decided on, so nothing is ever sold twice; the rows
/// follow behind.
/// </summary>
public sealed class SqliteStock : IStock
{
    readonly Database database;
    readonly OrderPart<Reservations> orders;
    readonly Lock gate = new();
    readonly Dictionary<(string Warehouse, string Sku), StockRow> rows;
    readonly Ids ids;

    public SqliteStock(Database database)
    {
        this.database = database;
        orders = new(database, OrderParts.Reservations, Reservations.Read);
        rows = database.RunAsync(StockRow.ReadAll).GetAwaiter().GetResult().ToDictionary(row => (row.Warehouse, row.Sku));
        ids = new(database, "SELECT max(id) FROM stock");
    }

    public Task<Answer> ReserveAsync(string orderId, string warehouse, IReadOnlyList<StockLine> lines, CancellationToken cancellation) =>
        orders.DecideAsync<Answer>(orderId, reservations =>
        {
            if (reservations[warehouse] is { } known)
                return known.State is ReservationState.Refused ? new StockShort(known.Short) : new StockReserved();
            lock (gate)
            {
                // Checked before anything is taken, so that a refusal has nothing to undo.
                var @short = lines.Where(line => !(rows.GetValueOrDefault((warehouse, line.Sku))?.Available >= line.Quantity))
                    .Select(line => line.Sku).ToList();
                var isReserved = @short.Count == 0;
                Change(
                    orderId, reservations,
                    new(warehouse, isReserved ? ReservationState.Reserved : ReservationState.Refused, lines, @short),
                    isReserved ? static quantity => new(Available: -quantity, Reserved: quantity) : null);
                return isReserved ? new StockReserved() : new StockShort(@short);
            }
        });

    public Task<StockReleased> ReleaseAsync(string orderId, string warehouse, CancellationToken cancellation) =>
        orders.DecideAsync(orderId, reservations =>
        {
            if (reservations[warehouse] is { State: ReservationState.Reserved } reserved)
            {
                Change(orderId, reservations, reserved with { State = ReservationState.Released },
                    static quantity => new(Available: quantity, Reserved: -quantity));
            }

            // A reservation that arrives later must not take stock that nobody would release.
            else if (reservations[warehouse] is null)
                Change(orderId, reservations, new(warehouse, ReservationState.Refused, [], []), null);
            return new StockReleased();
        });

    public Task<StockConsumed> ConsumeAsync(string orderId, string warehouse, CancellationToken cancellation) =>
        orders.DecideAsync(orderId, reservations =>
        {
            if (reservations[warehouse] is { State: ReservationState.Reserved } reserved)
            {
                Change(orderId, reservations, reserved with { State = ReservationState.Consumed },
                    static quantity => new(Reserved: -quantity, Consumed: quantity));
            }
            return new StockConsumed();
        });

    /// <summary>Answers once it is on disk: the caller is outside this process.</summary>
    public async Task<StockLevel?> SetReceivedAsync(
        string warehouse, string sku, long received, CancellationToken cancellation, Caller? by = null)
    {
        if (database.DiskFails)
            throw new TransientException("The disk fails.");
        StockLevel? level = null;
        lock (gate)
        {
            var row = rows.GetValueOrDefault((warehouse, sku)) ?? new(ids.Next(), new(sku, warehouse, 0, 0, 0, 0));
            var more = received - row.Level.Received;
            if (row.Available + more >= 0)
            {
                database.Enqueue(new StockChange([(row, new(Received: more, Available: more))]));
                rows[(warehouse, sku)] = row;
                level = row.Level;
            }
        }
        await database.CommittedAsync(unlessDiskFails: true);
        return level;
    }

    public Task<StockLevel?> LevelAsync(string warehouse, string sku, CancellationToken cancellation) =>
        database.ReadAsync(connection => connection
            .Sql($"SELECT {StockRow.Columns} FROM stock WHERE warehouse = ? AND sku = ?")
            .Bind(warehouse).Bind(sku).First(StockRow.Read));

    /// <summary>The SKUs with the most pieces reserved or consumed.</summary>
    /// <param name="text">What they contain, in either case; empty for all.</param>
    public Task<IReadOnlyList<StockLevel>> HottestAsync(string text, int max, CancellationToken cancellation) =>
        database.ReadAsync<IReadOnlyList<StockLevel>>(connection =>
            connection.Sql($"""
                SELECT {StockRow.Columns} FROM stock
                WHERE ?1 = '' OR instr(upper(sku), upper(?1))
                ORDER BY reserved + consumed DESC, warehouse, sku LIMIT ?2
                """)
                .Bind(text).Bind(max).Rows(StockRow.Read));

    /// <summary>Keeps a reservation as it is now, and moves its pieces.</summary>
    /// <param name="move">What a quantity moves; null where nothing does.</param>
    void Change(string orderId, Reservations reservations, Reservation after, Func<int, Move>? move)
    {
        lock (gate)
        {
            (StockRow, Move)[] moves = move is null ? []
                : [.. after.Lines.Select(line => (rows[(after.Warehouse, line.Sku)], move(line.Quantity)))];
            database.Enqueue(new ReservationChange(database.Numbers, orderId, after, moves));
            reservations[after.Warehouse] = after;
        }
    }
}
