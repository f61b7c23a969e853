using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using OrderFunctions.Runtime;
using SQLitePCL;

namespace OrderFunctions.Local.Storage;

/// <summary>
/// The one SQLite file of the local host. One thread writes: it takes whatever changes wait, runs them in one transaction and commits them together, so
/// that many share one flush of the disk (group commit). Changes are run, and become durable, strictly in the order in which they were queued. So within
/// this process one may go on as soon as a change has run, or even only queued: nothing that follows from it can be on disk without it. Only what leaves
/// the process has to wait for the commit. What later changes may make needless is left to the end of the transaction (<see cref="Write.RunAtCommit"/>).
/// </summary>
public sealed partial class Database : IAsyncDisposable
{
    public const string InMemory = ":memory:";

    /// <summary>Once a transaction holds so many changes, it takes no more in. More would not be cheaper, and would wait longer.</summary>
    const int BatchMax = 6_000;

    /// <summary>How long a transaction that nobody waits for is kept open for more.</summary>
    static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(10);

    static readonly TimeSpan PauseWhereDiskFails = TimeSpan.FromSeconds(1);

    readonly ILogger log;
    readonly string path;
    readonly FileStream? ownership;
    readonly Connection writer;
    readonly Checkpoints? checkpoints;
    readonly Stack<Connection> readers = new();
    readonly Thread thread;
    readonly TaskCompletionSource broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    readonly object gate = new();
    List<Write> queue = [];
    long transaction;
    volatile bool closed;
    Exception? failure;

    Database(string path, ILogger log)
    {
        this.path = path;
        this.log = log;
        IsDurable = path is not InMemory;
        if (IsDurable)
            ownership = Own(path);
        try
        {
            writer = IsDurable
                ? new(ConnectionString(SqliteOpenMode.ReadWriteCreate), "journal_mode=WAL", "synchronous=FULL", $"wal_autocheckpoint={Checkpoints.LogMax}", "cache_size=-65536")
                : new($"Data Source={InMemory};Pooling=False", "journal_mode=MEMORY", "cache_size=-65536");
            Schema.Apply(writer, path);
            if (IsDurable)
                checkpoints = new(new(ConnectionString(SqliteOpenMode.ReadWrite)), log);
        }
        catch (Exception e) when (e is SqliteException or IOException)
        {
            writer?.Dispose();
            ownership?.Dispose();
            throw e as IOException ?? new IOException($"{path} cannot be opened: {e.Message}", e);
        }
        thread = new(Run) { Name = "SQLite writer", IsBackground = true };
        thread.Start();
    }

    /// <summary>Opens the file, or creates it with its folder; <see cref="InMemory"/> for one that ends with the process.</summary>
    /// <exception cref="IOException">Another process has it open, or it cannot be opened.</exception>
    public static Database Open(string path, ILogger log) => new(path, log);

    /// <summary>Whether anything outlives the process.</summary>
    public bool IsDurable { get; }

    /// <summary>Ends with the reason if the database can no longer be written. The host should end: all that was promised is on disk.</summary>
    public Task Broken => broken.Task;

    /// <summary>Transactions committed so far.</summary>
    public long Commits { get; private set; }

    /// <summary>Changes committed so far.</summary>
    public long Changes { get; private set; }

    /// <summary>The orders' numbers, for changes.</summary>
    internal OrderNumbers Numbers { get; } = new();

    /// <summary>Queues a change that nobody waits for.</summary>
    /// <exception cref="TransientException">The database is closed or broken.</exception>
    internal void Enqueue(Write write)
    {
        lock (gate)
        {
            if (closed)
                throw Unavailable();
            write.Queued(transaction);
            queue.Add(write);
            if (queue.Count == 1)
                Monitor.Pulse(gate);
        }
    }

    /// <summary>
    /// Makes a part needless that was left to the end of this transaction. False where that end has come: then another change must undo it. Whatever was
    /// queued so far is in this transaction or in one before.
    /// </summary>
    internal bool TryWithdraw(long ofTransaction, Action withdraw)
    {
        lock (gate)
        {
            if (ofTransaction != transaction)
                return false;
            withdraw();
            return true;
        }
    }

    /// <summary>Runs a change behind all that were queued before, and answers as soon as it has run. See the class on what that is good for.</summary>
    internal Task<T> RunAsync<T>(Func<Connection, T> change) => QueuedAsync(new Write<T>(change, durable: false));

    /// <summary>Runs a change and answers once it is on disk, with all that were queued before.</summary>
    internal Task<T> CommitAsync<T>(Func<Connection, T> change) => QueuedAsync(new Write<T>(change, durable: IsDurable));

    /// <summary>Ends once everything queued so far is on disk.</summary>
    internal Task CommittedAsync() => CommitAsync(_ => true);

    /// <summary>Reads in the writer, all that was queued so far included.</summary>
    internal Task<T> ReadAtCommitAsync<T>(Func<Connection, T> read)
    {
        var last = new ReadAtCommit<T>(read);
        Enqueue(last);
        return last.Answer;
    }

    /// <summary>Reads beside the writer, all that was queued so far included.</summary>
    internal async Task<T> ReadAsync<T>(Func<Connection, T> read)
    {
        if (!IsDurable)
            return await ReadAtCommitAsync(read);
        await CommittedAsync();
        return await Task.Run(() =>
        {
            var reader = TakeReader();
            try
            {
                return read(reader);
            }
            finally
            {
                lock (readers)
                    readers.Push(reader);
            }
        });
    }

    Connection TakeReader()
    {
        lock (readers)
        {
            if (readers.TryPop(out var idle))
                return idle;
        }
        return new(ConnectionString(SqliteOpenMode.ReadWrite), "query_only=1", "cache_size=-16384");
    }

    Task<T> QueuedAsync<T>(Write<T> write)
    {
        Enqueue(write);
        return write.Answer;
    }

    void Run()
    {
        var batch = new List<Write>();
        var taken = new List<Write>();
        try
        {
            while (Take(ref taken, Timeout.InfiniteTimeSpan, isLast: false))
            {
                writer.Sql("BEGIN IMMEDIATE").Run();
                var isAwaited = false;
                var isLast = false;
                do
                {
                    foreach (var write in taken)
                    {
                        if (!RunOne(batch, write))
                            continue;
                        batch.Add(write);
                        isAwaited |= write.IsAwaited;
                    }
                    if (isLast)
                        break;
                    isLast = batch.Count >= BatchMax;
                }
                while (Take(ref taken, isAwaited ? TimeSpan.Zero : Linger, isLast));
                Commit(batch);
                taken.Clear();
            }
        }
        catch (Exception e)
        {
            LogBroken(e);
            Break(e, [.. batch, .. taken]);
        }
    }

    /// <summary>
    /// Everything that is queued, once there is something; false where nothing came in that time, or nothing will come any more. Then, and after the last
    /// time, whatever is queued belongs to the next transaction.
    /// </summary>
    bool Take(ref List<Write> taken, TimeSpan patience, bool isLast)
    {
        taken.Clear();
        lock (gate)
        {
            while (queue.Count == 0 && !closed && patience != TimeSpan.Zero && Monitor.Wait(gate, patience))
            {
            }
            (queue, taken) = (taken, queue);
            if (isLast || taken.Count == 0)
                transaction++;
            return taken.Count > 0;
        }
    }

    /// <summary>Runs one change after those of the batch. One that fails by itself is left out; what it may have done half is undone with the others, which run again.</summary>
    bool RunOne(List<Write> batch, Write write)
    {
        try
        {
            write.Run(writer);
        }
        catch (Exception e) when (!IsOfTheDisk(e))
        {
            Again(batch);
            if (!write.Failed(e))
                throw;
            return false;
        }
        catch (Exception e)
        {
            Repeat([.. batch, write], e);
        }
        write.Ran();
        if (!IsDurable)
            write.Committed();
        return true;
    }

    void Commit(List<Write> batch)
    {
        try
        {
            End(batch);
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            RepeatAndEnd(batch, e);
        }
        Commits++;
        Changes += batch.Count;
        checkpoints?.Committed(batch.Count);
        if (IsDurable)
        {
            foreach (var write in batch)
                write.Committed();
        }
        batch.Clear();
    }

    void End(List<Write> batch)
    {
        foreach (var write in batch)
        {
            try
            {
                write.RunAtCommit(writer);
            }
            catch (Exception e) when (!IsOfTheDisk(e) && write.Failed(e))
            {
                // It only read, and whoever asked has been told.
            }
        }
        writer.Sql("COMMIT").Run();
    }

    void RepeatAndEnd(List<Write> batch, Exception exception)
    {
        while (true)
        {
            Repeat(batch, exception);
            try
            {
                End(batch);
                return;
            }
            catch (Exception e) when (IsOfTheDisk(e))
            {
                exception = e;
            }
        }
    }

    /// <summary>
    /// The disk is full or away. Changes that have run are believed to be done, so they are run again, with the same outcome, until there is room. Nothing
    /// is answered to the outside meanwhile.
    /// </summary>
    void Repeat(List<Write> batch, Exception exception)
    {
        while (true)
        {
            LogDisk(path, exception.Message);
            if (closed)
                throw exception;
            Thread.Sleep(PauseWhereDiskFails);
            try
            {
                Undo();
                foreach (var write in batch)
                    write.Run(writer);
                return;
            }
            catch (Exception e) when (IsOfTheDisk(e))
            {
                exception = e;
            }
        }
    }

    void Again(List<Write> batch)
    {
        try
        {
            Undo();
            foreach (var write in batch)
                write.Run(writer);
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            Repeat(batch, e);
        }
    }

    void Undo()
    {
        if (writer.InTransaction)
            writer.Sql("ROLLBACK").Run();
        Numbers.Forget();
        writer.Sql("BEGIN IMMEDIATE").Run();
    }

    static bool IsOfTheDisk(Exception exception) => exception is SqliteException
    {
        SqliteErrorCode: raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_NOMEM or raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY,
    };

    void Break(Exception exception, List<Write> unfinished)
    {
        lock (gate)
        {
            failure = exception;
            closed = true;
            unfinished.AddRange(queue);
            queue = [];
        }
        foreach (var write in unfinished)
            write.Failed(Unavailable());
        broken.TrySetException(exception);
    }

    TransientException Unavailable() => new(failure is null ? "The database is closed." : $"The database is broken: {failure.Message}", failure);

    string ConnectionString(SqliteOpenMode mode) =>
        new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString();

    /// <summary>Two hosts on one file would each believe their own memory. The system gives the lock back when a process dies.</summary>
    static FileStream Own(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            Directory.CreateDirectory(folder);
        try
        {
            return new(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException($"{path} is in use by another process.", e);
        }
    }

    /// <summary>Writes what is queued and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            closed = true;
            Monitor.PulseAll(gate);
        }
        await Task.Run(thread.Join);
        checkpoints?.Dispose();
        foreach (var reader in readers)
            reader.Dispose();
        writer.Dispose();
        if (ownership is not null)
            await ownership.DisposeAsync();
    }

    [LoggerMessage(LogLevel.Error, "{Path} cannot be written, everything waits: {Description}")]
    partial void LogDisk(string path, string description);

    [LoggerMessage(LogLevel.Critical, "The database is broken.")]
    partial void LogBroken(Exception exception);
}
