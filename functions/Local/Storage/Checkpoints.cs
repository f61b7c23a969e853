using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace OrderFunctions.Local.Storage;

/// <summary>
/// Copies committed changes from the log into the file itself, on a thread of its own; otherwise a commit would now and then wait for it.
/// The writer does it only if the log has become much longer than it should.
/// </summary>
sealed partial class Checkpoints : IDisposable
{
    /// <summary>Pages in the log at which the writer does it: 128 MB.</summary>
    public const int LogMax = 32_000;

    /// <summary>Changes between two checkpoints, about 30 MB of log.</summary>
    const int ChangesBetween = 16_000;

    readonly Connection connection;
    readonly ILogger log;
    readonly Thread thread;
    readonly AutoResetEvent due = new(initialState: false);
    volatile bool stopping;
    int changes;

    public Checkpoints(Connection connection, ILogger log)
    {
        this.connection = connection;
        this.log = log;
        thread = new(Run) { Name = "SQLite checkpoints", IsBackground = true };
        thread.Start();
    }

    /// <summary>Counts committed changes. For the writer only.</summary>
    public void Committed(int more)
    {
        changes += more;
        if (changes < ChangesBetween)
            return;
        changes = 0;
        due.Set();
    }

    void Run()
    {
        while (due.WaitOne() && !stopping)
        {
            try
            {
                connection.Script("PRAGMA wal_checkpoint(PASSIVE)");
            }
            catch (SqliteException e)
            {
                LogFailed(e.Message);
            }
        }
    }

    /// <summary>May be called twice.</summary>
    public void Dispose()
    {
        if (stopping)
            return;
        stopping = true;
        due.Set();
        thread.Join();
        due.Dispose();
        connection.Dispose();
    }

    [LoggerMessage(LogLevel.Warning, "The log could not be copied into the file, and grows until it can: {Description}")]
    partial void LogFailed(string description);
}
