namespace OrderFunctions.Local;

/// <summary>The tables of <c>Schema.sql</c>.</summary>
static class Schema
{
    const long Version = 1;

    /// <exception cref="IOException">The file is of another version of this program.</exception>
    public static void Apply(Connection connection)
    {
        var version = connection.Pragma("user_version");
        if (version == $"{Version}")
            return;
        if (version != "0")
            throw new IOException($"The data file has version {version}, and this program needs version {Version}.");
        using var script = new StreamReader(typeof(Schema).Assembly.GetManifestResourceStream("Schema.sql")!);
        connection.Script($"BEGIN; {script.ReadToEnd()} PRAGMA user_version = {Version}; COMMIT;");
    }
}
