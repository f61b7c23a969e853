using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using OrderFunctions.Local.Storage;

namespace OrderFunctions.Local.Bus;

/// <summary>
/// The ids accepted within the duplicate window, in memory and, one row per transaction, in the file. Hashed, because there are
/// up to 200,000 of them. Not thread-safe.
/// </summary>
sealed class AcceptedIds
{
    /// <summary>
    /// More are not kept, so the window is shorter from about forty orders a second on. A duplicate that comes later is delivered, and
    /// the stream finds that it was handled.
    /// </summary>
    internal const int IdsMax = 200_000;

    const int ManyIds = 10_000;

    readonly TimeSpan window;
    readonly TimeProvider time;
    readonly HashSet<UInt128> ids = [];
    readonly List<UInt128> unkept = [];
    readonly Queue<Row> rows = new();
    Row? newest;
    long newestTransaction;
    long lastRow;
    long? forgotten;

    public AcceptedIds(TimeSpan window, TimeProvider time, IEnumerable<Row> stored)
    {
        this.window = window;
        this.time = time;
        foreach (var row in stored)
        {
            lastRow = row.Number;
            rows.Enqueue(row);
            ids.UnionWith(row.Ids);
        }
        Forget();
    }

    /// <summary>Whether a message is new. Then <see cref="Keep"/> must follow.</summary>
    public bool TryAccept(string messageId)
    {
        Forget();
        var id = Hash(messageId);
        if (!ids.Add(id))
            return false;
        unkept.Add(id);

        // Once there are many, room for all of them: growing step by step would copy them again and again.
        if (ids.Count == ManyIds)
            ids.EnsureCapacity(IdsMax);
        return true;
    }

    /// <summary>
    /// Returns the row to insert for the ids accepted since the last call; null if there are none, or if a row of the same transaction,
    /// which is still to be written, takes them in.
    /// </summary>
    public Row? Keep(long transaction)
    {
        if (unkept.Count == 0)
            return null;
        var isNew = newest is null || newestTransaction != transaction;
        if (isNew)
        {
            newest = new Row(++lastRow, []);
            newestTransaction = transaction;
            rows.Enqueue(newest);
        }
        newest!.Ids.AddRange(unkept);
        newest.At = time.GetUtcNow();
        unkept.Clear();
        return isNew ? newest : null;
    }

    /// <summary>Returns the change that deletes what was forgotten since the last call; null if nothing was.</summary>
    public Write? Purge()
    {
        Forget();
        var purge = forgotten is { } row ? new Deletion(row) : null;
        forgotten = null;
        return purge;
    }

    /// <summary>Forgets what is older than the window, and what memory has no room for.</summary>
    void Forget()
    {
        var start = time.GetUtcNow() - window;
        while (rows.TryPeek(out var oldest) && (oldest.At <= start || (ids.Count > IdsMax && rows.Count > 1)))
        {
            rows.Dequeue();
            ids.ExceptWith(oldest.Ids);
            forgotten = oldest.Number;
        }
    }

    public static List<Row> ReadAll(Connection connection) =>
        connection.Sql("SELECT row, at, ids FROM accepted ORDER BY row")
            .Rows(row => new Row(row.Long(0), Row.Parse(row.Bytes(2))) { At = new(row.Long(1), TimeSpan.Zero) });

    static UInt128 Hash(string id)
    {
        Span<byte> text = stackalloc byte[Encoding.UTF8.GetMaxByteCount(id.Length)];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text[..Encoding.UTF8.GetBytes(id, text)], hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    /// <summary>The ids published in one transaction.</summary>
    internal sealed class Row(long number, List<UInt128> ids)
    {
        const int IdSize = 16;

        public long Number => number;
        public List<UInt128> Ids => ids;

        /// <summary>When the last of them was accepted.</summary>
        public DateTimeOffset At { get; set; }

        public void Insert(Connection connection)
        {
            var bytes = new byte[Ids.Count * IdSize];
            for (var index = 0; index < Ids.Count; index++)
                BinaryPrimitives.WriteUInt128LittleEndian(bytes.AsSpan(index * IdSize), Ids[index]);
            connection.Sql("INSERT INTO accepted (row, at, ids) VALUES (?, ?, ?)").Bind(Number).Bind(At.UtcTicks).Bind(bytes).Run();
        }

        public static List<UInt128> Parse(ReadOnlySpan<byte> bytes)
        {
            var ids = new List<UInt128>(bytes.Length / IdSize);
            for (; !bytes.IsEmpty; bytes = bytes[IdSize..])
                ids.Add(BinaryPrimitives.ReadUInt128LittleEndian(bytes));
            return ids;
        }
    }

    sealed class Deletion(long row) : Write
    {
        public override void Run(Connection connection) => connection.Sql("DELETE FROM accepted WHERE row <= ?").Bind(row).Run();
    }
}
