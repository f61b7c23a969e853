using System.Diagnostics;
using OrderFunctions.Local.Storage;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>
/// The upper limit of SQLite and the disk: a plain loop writes the rows of orders and never reads, decides or deletes anything.
/// </summary>
static class RawSqlite
{
    public const string RowsPerOrder = "rows/order";
    public const string SyncsPerSecond = "syncs/s";

    const int OrdersPerTransaction = 200;
    const int WarmUp = 2_000;
    static readonly TimeSpan SyncingTime = TimeSpan.FromSeconds(1);

    public static async Task<Dictionary<string, double>> MeasureAsync(string folder, int orders)
    {
        var stored = await StoredOrders.ReadAsync(folder, withMessages: true);

        // Opened with the same settings as the host's own.
        using var connection = new Connection(StoredOrders.ConnectionString(Path.Combine(folder, "limit.db")),
            "journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=8000", "cache_size=-65536");
        Schema.Apply(connection);
        Write(connection, stored, 1, WarmUp);
        var started = Stopwatch.GetTimestamp();
        Write(connection, stored, WarmUp + 1, orders);
        var time = Stopwatch.GetElapsedTime(started);
        return new()
        {
            [Throughput.OrdersPerSecond] = orders / time.TotalSeconds,
            [RowsPerOrder] = stored.RowsPerOrder,
            [SyncsPerSecond] = Syncs(Path.Combine(folder, "syncs")),
        };
    }

    static void Write(Connection connection, StoredOrders stored, int first, int count)
    {
        for (var done = 0; done < count; done += OrdersPerTransaction)
        {
            connection.Sql("BEGIN IMMEDIATE").Run();
            for (var number = done; number < Math.Min(done + OrdersPerTransaction, count); number++)
                stored.Write(connection, first + number);
            connection.Sql("COMMIT").Run();
        }
    }

    /// <summary>Appends pages and syncs each one separately.</summary>
    static double Syncs(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var page = new byte[4096];
        var started = Stopwatch.GetTimestamp();
        var syncs = 0;
        for (; Stopwatch.GetElapsedTime(started) < SyncingTime; syncs++)
        {
            file.Write(page);
            file.Flush(flushToDisk: true);
        }
        return syncs / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
