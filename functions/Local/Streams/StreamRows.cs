using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using OrderFunctions.Kernel;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Streams;

/// <summary>The rows of one stream, read but not parsed: the writer's thread does not parse.</summary>
/// <param name="IsNewOrder">No participant has a stream of this order.</param>
sealed record StreamRows(bool IsNewOrder, IReadOnlyList<StreamRow> Rows, byte[]? Summary)
{
    public static readonly StreamRows OfNewOrder = new(true, [], null);

    /// <param name="connection">What to read.</param>
    /// <param name="order">The order's number; null if it has none.</param>
    /// <param name="participant">The participant's number.</param>
    public static StreamRows Read(Connection connection, long? order, int participant)
    {
        if (order is not { } number)
            return OfNewOrder;
        var first = Place(number, participant, 0);
        var rows = connection.Sql("SELECT version, size, body, parked FROM entry WHERE place BETWEEN ? AND ? ORDER BY place")
            .Bind(first).Bind(first + EntriesMax)
            .Rows(row => new StreamRow(row.Long(0), (int)row.Long(1), row.BytesOrNull(2), row.BytesOrNull(3)));
        var summary = connection.Sql("SELECT body FROM summary WHERE number = ? AND participant = ?")
            .Bind(number).Bind(participant).First(row => row.BytesOrNull(0));
        return new(false, rows, summary);
    }

    public const int EntriesMax = 0xFFFF;

    public static long Place(long number, int participant, int entries) => (number << 20) | ((long)participant << 16) | (uint)entries;

    public StoredStream? Parsed(string orderId)
    {
        if (Rows is not [.., var last])
            return null;
        var entries = Rows
            .Where(row => row.Body is not null).Select(row => StoredJson.Parse(row.Body!, StreamJson.Entry)).ToImmutableList();
        var parked = last.Parked is null ? [] : StoredJson.Parse(last.Parked, StreamJson.Parked);
        var stream = new OrderStream(orderId, entries, parked, last.Version.ToString(CultureInfo.InvariantCulture))
        {
            Size = last.Size,
        };
        var summary = Summary is null ? null : StoredJson.Parse(Summary, StreamJson.Summary);
        return new(stream, summary, last.Version, last.Size - (last.Parked?.Length ?? 0));
    }
}

/// <summary>A stream as last saved.</summary>
/// <param name="Summary">What lists show of the order; null at every participant but Orders.</param>
/// <param name="Version">Counts the saves; its text is the ETag.</param>
/// <param name="EntriesSize">Bytes of all entries.</param>
sealed record StoredStream(OrderStream Stream, OrderSummary? Summary, long Version, int EntriesSize)
{
    /// <summary>Of the transaction that writes this; null if it was read.</summary>
    public Listing? Listing { get; set; }
}

sealed record StreamRow(long Version, int Size, byte[]? Body, byte[]? Parked);

static class StreamJson
{
    public static readonly JsonTypeInfo<Entry> Entry = TypeInfo<Entry>();
    public static readonly JsonTypeInfo<ImmutableList<ParkedMessage>> Parked = TypeInfo<ImmutableList<ParkedMessage>>();
    public static readonly JsonTypeInfo<OrderSummary> Summary = TypeInfo<OrderSummary>();

    static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)EventJson.Options.GetTypeInfo(typeof(T));
}

/// <summary>
/// What the lists show of a stream before a transaction, and which save shows what they show after it. Several saves usually change it; the
/// last of them writes it.
/// </summary>
sealed class Listing
{
    readonly long transaction;

    Listing(StoredStream? before, long transaction)
    {
        this.transaction = transaction;
        SummaryBefore = before?.Summary;
        PendingBefore = before?.Stream.PendingSince;
    }

    public static Listing Of(StoredStream? before, long transaction) =>
        before?.Listing is { } same && same.transaction == transaction ? same : new(before, transaction);

    public OrderSummary? SummaryBefore { get; }
    public DateTimeOffset? PendingBefore { get; }

    /// <summary>Version of the last save.</summary>
    public long Last { get; set; }
}

/// <summary>One save: writes only what is new in the stream.</summary>
sealed class StreamWrite : Write
{
    readonly OrderNumbers numbers;
    readonly int participant;
    readonly StoredStream? before;
    readonly byte[][] entries;
    readonly byte[]? parked;
    long number;

    /// <exception cref="ArgumentException">Stored entries are missing, or there are too many entries.</exception>
    public StreamWrite(OrderNumbers numbers, int participant, StoredStream? before, OrderStream stream, OrderSummary? summary)
    {
        this.numbers = numbers;
        this.participant = participant;
        this.before = before;
        var first = EntriesBefore;
        if (stream.Entries.Count < first || stream.Entries.Count > StreamRows.EntriesMax)
        {
            throw new ArgumentException(
                $"The stream of order {stream.OrderId} cannot go from {first} to {stream.Entries.Count} entries.", nameof(stream));
        }

        entries = new byte[stream.Entries.Count - first][];
        var size = before?.EntriesSize ?? 0;
        for (var index = 0; index < entries.Length; index++)
        {
            entries[index] = JsonSerializer.SerializeToUtf8Bytes(stream.Entries[first + index], StreamJson.Entry);
            size += entries[index].Length;
        }
        parked = stream.Parked.IsEmpty ? null : JsonSerializer.SerializeToUtf8Bytes(stream.Parked, StreamJson.Parked);
        var version = (before?.Version ?? 0) + 1;
        var saved = stream with { ETag = version.ToString(CultureInfo.InvariantCulture), Size = size + (parked?.Length ?? 0) };
        After = new(saved, summary, version, size);
    }

    public StoredStream After { get; }

    int EntriesBefore => before?.Stream.Entries.Count ?? 0;

    public override void Queued(long transaction)
    {
        After.Listing = Listing.Of(before, transaction);
        After.Listing.Last = After.Version;
    }

    public override void Run(Connection connection)
    {
        number = numbers.FindOrGive(connection, After.Stream.OrderId);
        if (entries.Length == 0 && before is not null)
        {
            connection.Sql("UPDATE entry SET version = ?, size = ?, parked = ? WHERE place = ?")
                .Bind(After.Version).Bind(After.Stream.Size).Bind(parked).Bind(StreamRows.Place(number, participant, EntriesBefore)).Run();
            return;
        }
        for (var index = 0; index < Math.Max(entries.Length, 1); index++)
        {
            // A stream without entries still has one row.
            var body = index < entries.Length ? entries[index] : null;
            connection.Sql("INSERT INTO entry (place, version, size, body, parked) VALUES (?, ?, ?, ?, ?)")
                .Bind(StreamRows.Place(number, participant, EntriesBefore + (body is null ? 0 : index + 1)))
                .Bind(After.Version).Bind(After.Stream.Size).Bind(body).Bind(parked).Run();
        }
    }

    public override void RunAtCommit(Connection connection)
    {
        var listing = After.Listing!;
        if (listing.Last != After.Version)
            return;
        var (pendingBefore, pending) = (listing.PendingBefore, After.Stream.PendingSince);
        if (pendingBefore != pending)
        {
            WritePending(connection, "DELETE FROM unconfirmed WHERE participant = ? AND since = ? AND number = ?", pendingBefore);
            WritePending(connection, "INSERT INTO unconfirmed (participant, since, number) VALUES (?, ?, ?)", pending);
        }
        if (After.Summary is { } summary)
            SummaryRow.Write(connection, number, participant, listing.SummaryBefore, summary);
    }

    void WritePending(Connection connection, string sql, DateTimeOffset? since)
    {
        if (since is { } moment)
            connection.Sql(sql).Bind(participant).Bind(moment.UtcTicks).Bind(number).Run();
    }
}
