using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OrderFunctions.Local.Storage;

/// <summary>One connection with its prepared statements, for one thread at a time.</summary>
sealed class Connection : IDisposable
{
    /// <summary>8 MB. SQLite looks through all of it at each commit: a larger one costs more than the reads that it saves.</summary>
    const string WriterCache = "cache_size=-8192";

    readonly SqliteConnection connection;
    readonly sqlite3 handle;

    // By reference: SQL stands in constants.
    readonly Dictionary<string, Statement> statements = new(ReferenceEqualityComparer.Instance);

    public Connection(string connectionString, params IReadOnlyList<string> pragmas)
    {
        connection = new(connectionString);
        connection.Open();
        handle = connection.Handle!;
        foreach (var pragma in pragmas)
            Script($"PRAGMA {pragma}");
    }

    /// <summary>The one that changes the file, or creates it.</summary>
    public static Connection ToWrite(string path) => To(
        path, SqliteOpenMode.ReadWriteCreate,
        "journal_mode=WAL", "synchronous=FULL", $"wal_autocheckpoint={Checkpoints.LogMax}", WriterCache);

    public static Connection InMemory() => new($"Data Source={Database.InMemory};Pooling=False", "journal_mode=MEMORY", WriterCache);

    /// <summary>A connection to a file.</summary>
    public static Connection To(string path, SqliteOpenMode mode, params IReadOnlyList<string> pragmas) =>
        new(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString(), pragmas);

    /// <summary>The statement of a constant text.</summary>
    public Statement Sql(string sql)
    {
        if (statements.TryGetValue(sql, out var known))
            return known;
        SqliteException.ThrowExceptionForRC(
            raw.sqlite3_prepare_v3(handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement), handle);
        return statements[sql] = new(handle, statement);
    }

    public void Script(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public string Pragma(string name)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"PRAGMA {name}";
        return $"{command.ExecuteScalar()}";
    }

    /// <summary>The number of the row that was inserted last. Cheaper than RETURNING, which creates a temporary table each time.</summary>
    public long LastInserted => raw.sqlite3_last_insert_rowid(handle);

    /// <summary>False after an error that made SQLite roll back by itself.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(handle) == 0;

    /// <summary>Whether the file of this connection is no longer the one at its path. On Windows an open file cannot be moved.</summary>
    public bool HasMoved
    {
        get
        {
            var hasMoved = 0;
            return sqlite3_file_control(handle, Main, FileHasMoved, ref hasMoved) == raw.SQLITE_OK && hasMoved != 0;
        }
    }

    /// <summary>SQLITE_FCNTL_HAS_MOVED.</summary>
    const int FileHasMoved = 20;

    static readonly byte[] Main = [.. "main\0"u8];

    // SQLitePCLRaw has no call for it.
    [DllImport("e_sqlite3"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    static extern int sqlite3_file_control(sqlite3 database, byte[] name, int operation, ref int answer);

    public void Dispose()
    {
        foreach (var statement in statements.Values)
            statement.Dispose();
        connection.Dispose();
    }
}
