namespace OrderFunctions.Local.Storage;

/// <summary>The tables of <c>Schema.sql</c>.</summary>
static class Schema
{
    /// <summary>
    /// Raised with every change of the tables, except for an added column that may be null: every INSERT names its columns, so an earlier
    /// version leaves it alone. Files are not migrated: their data is for trials and tests.
    /// </summary>
    public const long Version = 2;

    /// <exception cref="IOException">The file is of another version of this program.</exception>
    public static void Apply(Connection connection, string path)
    {
        var version = connection.Pragma("user_version");
        if (version == $"{Version}")
            return;
        if (version != "0")
        {
            throw new IOException(
                $"{path} was written by another version of this program: its tables are version {version}, these are {Version}. "
                + "Go on with the program that wrote it, name another file with --data, or delete its folder to begin anew.");
        }
        using var script = new StreamReader(typeof(Schema).Assembly.GetManifestResourceStream("Schema.sql")!);
        connection.Script($"BEGIN; {script.ReadToEnd()} PRAGMA user_version = {Version}; COMMIT;");
    }
}
