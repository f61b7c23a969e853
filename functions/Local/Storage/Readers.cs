using Microsoft.Data.Sqlite;

namespace OrderFunctions.Local.Storage;

/// <summary>Connections that read beside the writer, and see only what it has committed.</summary>
sealed class Readers(string path) : IDisposable
{
    readonly Stack<Connection> idle = new();

    /// <exception cref="SqliteException">The file cannot be read.</exception>
    public Task<T> ReadAsync<T>(Func<Connection, T> read) => Task.Run(() =>
    {
        var reader = Take();
        try
        {
            return read(reader);
        }
        finally
        {
            lock (idle)
                idle.Push(reader);
        }
    });

    Connection Take()
    {
        lock (idle)
        {
            if (idle.TryPop(out var known))
                return known;
        }
        return Connection.To(path, SqliteOpenMode.ReadWrite, "query_only=1", "cache_size=-2048");
    }

    /// <summary>Nobody may be reading.</summary>
    public void Dispose()
    {
        foreach (var reader in idle)
            reader.Dispose();
    }
}
