using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace OrderFunctions.Local.Storage;

/// <summary>
/// A prepared statement; parameters are bound by position, in the order of the calls. Deliberately not SqliteCommand, which costs more than
/// the statements that run here.
/// </summary>
sealed class Statement(sqlite3 database, sqlite3_stmt statement) : IDisposable
{
    const int TextOnStackMax = 256;
    int bound;

    public Statement Bind(long value)
    {
        Check(raw.sqlite3_bind_int64(statement, ++bound, value));
        return this;
    }

    public Statement Bind(long? value) => value is { } known ? Bind(known) : BindNull();

    public Statement Bind(string? value)
    {
        if (value is null)
            return BindNull();
        if (value.Length > TextOnStackMax)
        {
            Check(raw.sqlite3_bind_text(statement, ++bound, Encoding.UTF8.GetBytes(value)));
            return this;
        }
        Span<byte> text = stackalloc byte[TextOnStackMax * 3];
        var length = Encoding.UTF8.GetBytes(value, text);
        Check(raw.sqlite3_bind_text(statement, ++bound, text[..length]));
        return this;
    }

    public Statement Bind(ReadOnlySpan<byte> value)
    {
        Check(raw.sqlite3_bind_blob(statement, ++bound, value));
        return this;
    }

    public Statement Bind(byte[]? value) => value is null ? BindNull() : Bind(value.AsSpan());

    Statement BindNull()
    {
        Check(raw.sqlite3_bind_null(statement, ++bound));
        return this;
    }

    /// <summary>Runs it to its end and returns the number of rows changed.</summary>
    public int Run()
    {
        try
        {
            while (Step())
            {
            }
            return raw.sqlite3_changes(database);
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Returns what <paramref name="read"/> makes of each row.</summary>
    public List<T> Rows<T>(Func<Statement, T> read)
    {
        try
        {
            var rows = new List<T>();
            while (Step())
                rows.Add(read(this));
            return rows;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Returns what <paramref name="read"/> makes of the first row; the default if there is none.</summary>
    public T? First<T>(Func<Statement, T> read)
    {
        try
        {
            return Step() ? read(this) : default;
        }
        finally
        {
            Reset();
        }
    }

    public long Long(int column) => raw.sqlite3_column_int64(statement, column);

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string() ?? "";

    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(statement, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public long? LongOrNull(int column) => IsNull(column) ? null : Long(column);

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public byte[]? BytesOrNull(int column) => IsNull(column) ? null : Bytes(column).ToArray();

    bool Step()
    {
        var result = raw.sqlite3_step(statement);
        if (result is raw.SQLITE_ROW)
            return true;
        if (result is not raw.SQLITE_DONE)
            Check(result);
        return false;
    }

    /// <summary>An error of the run has been thrown already, so the result is ignored.</summary>
    void Reset()
    {
        bound = 0;
        _ = raw.sqlite3_reset(statement);
    }

    void Check(int result)
    {
        if (result is not raw.SQLITE_OK)
            SqliteException.ThrowExceptionForRC(result, database);
    }

    public void Dispose() => statement.Dispose();
}
