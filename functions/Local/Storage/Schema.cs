using System.Globalization;
using Microsoft.Data.Sqlite;

namespace OrderFunctions.Local.Storage;

/// <summary>The tables of <c>Schema.sql</c>.</summary>
static class Schema
{
    /// <summary>
    /// Raised with every change of the tables, except for an added column that may be null: every INSERT names its columns, so an earlier
    /// version leaves it alone.
    /// </summary>
    public const long Version = 2;

    /// <summary>Version 1 was never released, and its files have two forms. Whoever raises the version adds a migration from 2.</summary>
    const long Oldest = 2;

    /// <summary>Refuses a file that is not this program's, or not of this version, before anything in it is changed.</summary>
    /// <exception cref="IOException">It is refused; the message says what to do.</exception>
    /// <exception cref="SqliteException">It is no database, or cannot be read.</exception>
    public static void Check(string path)
    {
        if (new FileInfo(path) is not { Exists: true, Length: > 0 })
            return;
        var (version, tables) = Read(path);
        if (version == 0 && tables.Count == 0)
            return;
        if (!tables.IsSupersetOf(["order_number", "entry", "message"]))
            throw new IOException($"{path} is a database of another program, and was left alone. Name another file with --data.");
        if (version is >= Oldest and <= Version)
            return;
        var files = string.Join(", ", ((string[])[path, path + "-wal", path + "-shm", path + ".open"]).Where(File.Exists));
        throw new IOException(
            $"{path} was written by {(version > Version ? "a newer" : "an earlier")} version of this program: its tables are version "
            + $"{version}, these are {Version}. Go on with the program that wrote it; or name another file with --data; or, to begin anew, "
            + $"move these away: {files}.");
    }

    /// <summary>Creates the tables where there are none.</summary>
    public static void Apply(Connection connection)
    {
        if (connection.Pragma("user_version") == $"{Version}")
            return;
        using var script = new StreamReader(typeof(Schema).Assembly.GetManifestResourceStream("Schema.sql")!);
        connection.Script($"BEGIN; {script.ReadToEnd()} PRAGMA user_version = {Version}; COMMIT;");
    }

    static (long Version, HashSet<string> Tables) Read(string path)
    {
        using var file = Connection.To(path, SqliteOpenMode.ReadOnly);
        return (
            long.Parse(file.Pragma("user_version"), CultureInfo.InvariantCulture),
            [.. file.Sql("SELECT name FROM sqlite_master WHERE type = 'table'").Rows(row => row.Text(0))]);
    }
}
