using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Outside;

enum ReservationState
{
    Reserved,
    Refused,
    Released,
    Consumed,
}

/// <param name="Short">The SKUs for which it was refused.</param>
sealed record Reservation(string Warehouse, ReservationState State, IReadOnlyList<StockLine> Lines, IReadOnlyList<string> Short);

/// <summary>An order's reservations, one a warehouse. Never deleted: the first answer is the answer for ever.</summary>
sealed class Reservations
{
    readonly List<Reservation> all = new(1);

    /// <summary>Null where the order has none at the warehouse.</summary>
    public Reservation? this[string warehouse]
    {
        get => all.Find(reservation => reservation.Warehouse == warehouse);
        set
        {
            all.RemoveAll(reservation => reservation.Warehouse == warehouse);
            all.Add(value!);
        }
    }

    public static Reservations Read(Connection connection, long number)
    {
        var read = new Reservations();
        read.all.AddRange(connection.Sql("SELECT warehouse, state, lines, short FROM reservation WHERE number = ?").Bind(number)
            .Rows(row => new Reservation(
                row.Text(0), Enum.Parse<ReservationState>(row.Text(1), ignoreCase: true),
                StoredJson.Parse(row.Bytes(2), ReservationJson.Default.IReadOnlyListStockLine),
                row.IsNull(3) ? [] : StoredJson.Parse(row.Bytes(3), ReservationJson.Default.IReadOnlyListString))));
        return read;
    }
}

/// <summary>What is added to a SKU's numbers.</summary>
[StructLayout(LayoutKind.Auto)]
readonly record struct Move(long Received = 0, long Available = 0, long Reserved = 0, long Consumed = 0);

/// <summary>A SKU in a warehouse, in memory as in its row. Changed while the queue is locked, so both go through the same states.</summary>
sealed class StockRow(long id, StockLevel level)
{
    Stored? newest;

    public string Warehouse => Level.Warehouse;
    public string Sku => Level.Sku;
    public long Available => Level.Available;
    public StockLevel Level { get; private set; } = level;

    /// <summary>What to write at the end of the transaction; null where an earlier change of the same one writes this too.</summary>
    public Stored? Add(Move move, long transaction)
    {
        Level = Level with
        {
            Received = Level.Received + move.Received,
            Available = Level.Available + move.Available,
            Reserved = Level.Reserved + move.Reserved,
            Consumed = Level.Consumed + move.Consumed,
        };
        if (newest?.Transaction == transaction)
        {
            newest.Level = Level;
            return null;
        }
        return newest = new(id, transaction, Level);
    }

    public const string Columns = "sku, warehouse, received, available, reserved, consumed";

    /// <summary>Reads <see cref="Columns"/>.</summary>
    public static StockLevel Read(Statement row) =>
        new(row.Text(0), row.Text(1), row.Long(2), row.Long(3), row.Long(4), row.Long(5));

    public static List<StockRow> ReadAll(Connection connection) =>
        connection.Sql($"SELECT {Columns}, id FROM stock").Rows(row => new StockRow(row.Long(6), Read(row)));

    /// <summary>The row as a transaction leaves it.</summary>
    internal sealed class Stored(long id, long transaction, StockLevel level)
    {
        public long Transaction => transaction;
        public StockLevel Level { get; set; } = level;

        public void Write(Connection connection)
        {
            var changed = connection.Sql("UPDATE stock SET received = ?, available = ?, reserved = ?, consumed = ? WHERE id = ?")
                .Bind(Level.Received).Bind(Level.Available).Bind(Level.Reserved).Bind(Level.Consumed).Bind(id).Run();
            if (changed == 0)
            {
                connection
                    .Sql("INSERT INTO stock (id, warehouse, sku, received, available, reserved, consumed) VALUES (?, ?, ?, ?, ?, ?, ?)")
                    .Bind(id).Bind(Level.Warehouse).Bind(Level.Sku)
                    .Bind(Level.Received).Bind(Level.Available).Bind(Level.Reserved).Bind(Level.Consumed).Run();
            }
        }
    }
}

/// <summary>Moves pieces. A flash sale changes the same few rows over and over: a transaction writes each of them once.</summary>
class StockChange(IReadOnlyList<(StockRow Row, Move Move)> moves) : Write
{
    readonly List<StockRow.Stored> rows = new(moves.Count);

    public override void Queued(long transaction)
    {
        foreach (var (row, move) in moves)
        {
            if (row.Add(move, transaction) is { } stored)
                rows.Add(stored);
        }
    }

    public override void RunAtCommit(Connection connection)
    {
        foreach (var row in rows)
            row.Write(connection);
    }
}

/// <summary>Keeps a reservation, and moves its pieces.</summary>
sealed class ReservationChange(
    OrderNumbers numbers, string orderId, Reservation reservation, IReadOnlyList<(StockRow Row, Move Move)> moves) : StockChange(moves)
{
    readonly byte[] lines = JsonSerializer.SerializeToUtf8Bytes(reservation.Lines, ReservationJson.Default.IReadOnlyListStockLine);

    public override void Run(Connection connection)
    {
        var number = numbers.FindOrGive(connection, orderId);
        var isRefused = reservation.State is ReservationState.Refused;
        connection
            .Sql("""
                INSERT INTO reservation (number, warehouse, state, lines, short) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET state = excluded.state
                """)
            .Bind(number).Bind(reservation.Warehouse).Bind(Text(reservation.State)).Bind(lines)
            .Bind(isRefused ? JsonSerializer.SerializeToUtf8Bytes(reservation.Short, ReservationJson.Default.IReadOnlyListString) : null)
            .Run();
    }

    static string Text(ReservationState state) => state switch
    {
        ReservationState.Reserved => "reserved",
        ReservationState.Refused => "refused",
        ReservationState.Released => "released",
        _ => "consumed",
    };
}

[JsonSerializable(typeof(IReadOnlyList<StockLine>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
sealed partial class ReservationJson : JsonSerializerContext;
