using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OrderFunctions.Local.Storage;

/// <summary>One connection with its prepared statements, for one thread at a time.</summary>
sealed class Connection : IDisposable
{
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

    /// <summary>False after an error that made SQLite roll back by itself.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(handle) == 0;

    public void Dispose()
    {
        foreach (var statement in statements.Values)
            statement.Dispose();
        connection.Dispose();
    }
}
