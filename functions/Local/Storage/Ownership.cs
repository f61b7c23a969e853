using Microsoft.Data.Sqlite;

namespace OrderFunctions.Local.Storage;

/// <summary>
/// One process's hold on a database file: two hosts on one file would each trust their own memory. While the file is open, a marker beside
/// it says that its log must be there as well. The log holds what was committed last, often everything, and SQLite takes a file without a
/// log for one that was closed.
/// </summary>
sealed class Ownership : IDisposable
{
    // EAGAIN, EWOULDBLOCK and ERROR_SHARING_VIOLATION: .NET has no exception of its own for a file that another process holds.
    const int UsedOnLinux = 11, UsedOnMac = 35, UsedOnWindows = unchecked((int)0x80070020);

    readonly FileStream held;
    readonly string path, log, marker;
    bool isClosed;

    /// <summary>Takes the file, which need not exist yet. The system releases it when the process dies.</summary>
    /// <exception cref="IOException">Another process has it, its log is gone, or its folder does not let us.</exception>
    public Ownership(string path)
    {
        (this.path, log, marker) = (path, path + "-wal", path + ".open");
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
                Directory.CreateDirectory(folder);
            held = PrivateFile.Open(path + ".lock");
        }
        catch (IOException e) when (e.HResult is UsedOnLinux or UsedOnMac or UsedOnWindows)
        {
            throw new IOException($"{path} is in use by another process. Stop that one, or name another file with --data.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotOpen(path, e);
        }
        if (File.Exists(marker) && File.Exists(path) && !File.Exists(log))
        {
            held.Dispose();
            throw new IOException(
                $"{path} was not closed when its last host ended, and its log {log} is gone, with the orders that were accepted last. "
                + $"Put the log back, or delete {marker} to go on without them, or name another file with --data.");
        }
    }

    public static IOException CannotOpen(string path, Exception why) =>
        new($"{path} cannot be opened: {why.Message.TrimEnd('.')}. Name another file with --data.", why);

    /// <summary>Before the file is opened: it must be this program's, and nobody else may read it.</summary>
    /// <exception cref="IOException">It is not; it is left alone.</exception>
    public void Prepare()
    {
        Schema.Check(path);
        PrivateFile.Keep(path);
    }

    /// <summary>The file is open and has its log.</summary>
    public void Opened() => PrivateFile.Write(marker, "This database is open, or was not closed: its log belongs to it.\n");

    /// <summary>
    /// The last connection is about to be closed. The mark ends before SQLite deletes the log, so that a kill between the two leaves no
    /// mark without a log. May be called twice.
    /// </summary>
    public void Closing(Connection last)
    {
        if (isClosed)
            return;
        try
        {
            // Of a database that broke. SQLite would wait half a minute for it to end.
            if (last.InTransaction)
                last.Script("ROLLBACK");
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
        if (new FileInfo(log) is not { Exists: true, Length: > 0 } && File.Exists(marker))
            File.Delete(marker);
    }
}
