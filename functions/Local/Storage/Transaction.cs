using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SQLitePCL;

namespace OrderFunctions.Local.Storage;

/// <summary>
/// The writer's transaction: the changes that it holds so far, and how they survive a failure. A change that fails by itself is left out.
/// If the disk fails, for example because it is full, all changes run again until it recovers: callers were told that they have run. For
/// the writer's thread only.
/// </summary>
/// <param name="noteDisk">Called with true once the disk has failed for longer than a moment, and with false once it has recovered.</param>
sealed partial class Transaction(
    Connection connection, OrderNumbers numbers, string path, Func<bool> isClosed, Action<bool> noteDisk, ILogger log)
{
    static readonly TimeSpan PauseWhileDiskFails = TimeSpan.FromSeconds(1);

    readonly List<Write> changes = [];
    int diskFailures;

    /// <summary>Run and not yet committed.</summary>
    public IReadOnlyList<Write> Changes => changes;

    /// <summary>Waits where another program has locked the file for a moment.</summary>
    public void Begin()
    {
        changes.Clear();
        Try(Start);
    }

    /// <summary>
    /// Runs a change behind the others. False where it failed by itself: whatever it had done is rolled back, and the others run again.
    /// </summary>
    /// <exception cref="Exception">It failed, and the database cannot do without it.</exception>
    public bool Run(Write write)
    {
        try
        {
            write.Run(connection);
        }
        catch (Exception e) when (!IsDiskFailure(e))
        {
            Try(Replay);
            if (!write.Failed(e))
                throw;
            return false;
        }
        catch (Exception e)
        {
            changes.Add(write);
            ReplayUntilDiskRecovers(e);
            return true;
        }
        changes.Add(write);
        return true;
    }

    /// <summary>Commits all changes; if the disk fails, once it has recovered.</summary>
    /// <exception cref="IOException">The file is no longer the one at its path: what is written there is lost.</exception>
    public void Commit()
    {
        while (true)
        {
            try
            {
                RunRestAndCommit();
                if (connection.HasMoved)
                    throw new IOException($"{path} was deleted or replaced under this host, which therefore stops.");
                NoteRecovered();
                return;
            }
            catch (Exception e) when (IsDiskFailure(e))
            {
                ReplayUntilDiskRecovers(e);
            }
        }
    }

    void RunRestAndCommit()
    {
        foreach (var write in changes)
        {
            try
            {
                write.RunAtCommit(connection);
            }
            catch (Exception e) when (!IsDiskFailure(e) && write.Failed(e))
            {
                // It only read, and its caller has the exception.
            }
        }
        connection.Sql("COMMIT").Run();
    }

    void Try(Action start)
    {
        try
        {
            start();
        }
        catch (Exception e) when (IsDiskFailure(e))
        {
            ReplayUntilDiskRecovers(e);
        }
    }

    /// <summary>Nothing is answered to the outside meanwhile. Once the database is being closed it gives up.</summary>
    void ReplayUntilDiskRecovers(Exception exception)
    {
        while (true)
        {
            // Another program may only have locked the file for a moment: the first failure is not told.
            if (++diskFailures == 2)
            {
                LogDiskFails(path, exception.Message.TrimEnd('.'));
                noteDisk(true);
            }
            if (isClosed())
                throw exception;
            Thread.Sleep(PauseWhileDiskFails);
            try
            {
                Replay();
                return;
            }
            catch (Exception e) when (IsDiskFailure(e))
            {
                exception = e;
            }
        }
    }

    void NoteRecovered()
    {
        if (diskFailures > 1)
        {
            LogDiskRecovered(path);
            noteDisk(false);
        }
        diskFailures = 0;
    }

    /// <summary>Rolls back and runs all changes again, with the same outcome.</summary>
    void Replay()
    {
        if (connection.InTransaction)
            connection.Sql("ROLLBACK").Run();
        numbers.Forget();
        Start();
        foreach (var write in changes)
            write.Run(connection);
    }

    void Start() => connection.Sql("BEGIN IMMEDIATE").Run();

    static bool IsDiskFailure(Exception exception) => exception is SqliteException
    {
        SqliteErrorCode: raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_NOMEM or raw.SQLITE_BUSY or raw.SQLITE_LOCKED
            or raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY,
    };

    [LoggerMessage(LogLevel.Error,
        "{Path} cannot be written: {Description}. Reads go on; everything else waits, and new requests are answered 503, until it can.")]
    partial void LogDiskFails(string path, string description);

    [LoggerMessage(LogLevel.Warning, "{Path} can be written again; everything goes on.")]
    partial void LogDiskRecovered(string path);
}
