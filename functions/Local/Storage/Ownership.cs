using Microsoft.Data.Sqlite;

namespace OrderFunctions.Local.Storage;

/// <summary>
/// One process's hold on a database file: two hosts on one file would each trust their own memory. While the file is open, a marker beside
/// it says that its log must be there as well. The log holds what was committed last, often everything, and SQLite takes a file without a
/// log for one that was closed.
/// </summary>
sealed class Ownership : IDisposable
{
    readonly FileStream held;
    readonly string log, marker;
    bool isClosed;

    /// <summary>Takes the file, which need not exist yet. The system releases it when the process dies.</summary>
    /// <exception cref="IOException">Another process has it, or its log is gone.</exception>
    public Ownership(string path)
    {
        (log, marker) = (path + "-wal", path + ".open");
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            Directory.CreateDirectory(folder);
        try
        {
            held = PrivateFile.Open(path + ".lock");
        }
        catch (IOException e)
        {
            throw new IOException($"{path} is in use by another process.", e);
        }
        if (File.Exists(marker) && File.Exists(path) && !File.Exists(log))
        {
            held.Dispose();
            throw new IOException(
                $"{path} was not closed when its last host ended, and its log {log} is gone, with the orders that were accepted last. "
                + $"Put the log back, or delete {marker} to go on without them, or name another file with --data.");
        }
    }

    /// <summary>The file is open and has its log.</summary>
    public void Opened() => PrivateFile.Write(marker, "This database is open, or was not closed: its log belongs to it.\n");

    /// <summary>
    /// The last connection is about to be closed. The mark ends before SQLite deletes the log, so that a kill between the two leaves no mark
    /// without a log. May be called twice.
    /// </summary>
    public void Closing(Connection last)
    {
        if (isClosed)
            return;
        try
        {
            last.Script("PRAGMA wal_checkpoint(TRUNCATE)");
            Unmark();
        }
        catch (SqliteException)
        {
            // The disk fails: the next start finds everything in the log.
        }
    }

    /// <summary>Lets the next process have the file, which is closed. May be called twice.</summary>
    public void Dispose()
    {
        if (isClosed)
            return;
        isClosed = true;
        Unmark();
        held.Dispose();
    }

    /// <summary>Ends the mark unless the log holds something.</summary>
    void Unmark()
    {
        if (new FileInfo(log) is not { Exists: true, Length: > 0 })
            File.Delete(marker);
    }
}
