using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SQLitePCL;

namespace OrderFunctions.Local.Storage;

/// <summary>
/// The writer's transaction: the changes that it holds so far, and how they survive a failure. A change that fails by itself is left out.
/// If the disk fails, for example because it is full, all changes run again until it recovers: callers were told that they have run. For
/// the writer's thread only.
/// </summary>
sealed partial class Transaction(Connection connection, OrderNumbers numbers, string path, Func<bool> isClosed, ILogger log)
{
    static readonly TimeSpan PauseWhileDiskFails = TimeSpan.FromSeconds(1);

    readonly List<Write> changes = [];

    /// <summary>Run and not yet committed.</summary>
    public IReadOnlyList<Write> Changes => changes;

    /// <summary>Waits where another program has locked the file for a moment.</summary>
    public void Begin()
    {
        changes.Clear();
        ReplayChanges();
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
            ReplayChanges();
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
    public void Commit()
    {
        while (true)
        {
            try
            {
                RunRestAndCommit();
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

    void ReplayChanges()
    {
        try
        {
            Replay();
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
            LogDisk(path, exception.Message);
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

    /// <summary>Rolls back and runs all changes again, with the same outcome.</summary>
    void Replay()
    {
        if (connection.InTransaction)
            connection.Sql("ROLLBACK").Run();
        numbers.Forget();
        connection.Sql("BEGIN IMMEDIATE").Run();
        foreach (var write in changes)
            write.Run(connection);
    }

    static bool IsDiskFailure(Exception exception) => exception is SqliteException
    {
        SqliteErrorCode: raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_NOMEM or raw.SQLITE_BUSY or raw.SQLITE_LOCKED
            or raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY,
    };

    [LoggerMessage(LogLevel.Error, "{Path} cannot be written, everything waits: {Description}")]
    partial void LogDisk(string path, string description);
}
