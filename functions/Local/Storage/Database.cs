using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Storage;

/// <summary>
/// The one SQLite file of the local host. One thread writes: it takes all queued changes, runs them in one transaction and commits them
/// together, so that many share one flush of the disk (group commit). Changes run, and become durable, strictly in the order in which they
/// were queued. So code in this process may go on as soon as a change has run, or is even only queued: nothing that follows from it can be
/// on disk without it. Only what leaves the process must wait for the commit. What later changes may make unnecessary is left to the end of
/// the transaction (<see cref="Write.RunAtCommit"/>).
/// </summary>
public sealed partial class Database : IAsyncDisposable
{
    public const string InMemory = ":memory:";

    /// <summary>
    /// A transaction with this many changes takes in no more: a larger one would be no cheaper per change, and callers would wait longer.
    /// </summary>
    const int ChangesMax = 6_000;

    /// <summary>How long a transaction stays open for more changes while nobody waits for it.</summary>
    static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(10);

    readonly ILogger log;
    readonly string path;
    readonly Ownership? ownership;
    readonly Connection writer;
    readonly Checkpoints? checkpoints;
    readonly Stack<Connection> readers = new();
    readonly Thread thread;
    readonly TaskCompletionSource broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    readonly object gate = new();
    List<Write> queue = [];
    long transactionNumber;
    bool isIdle;
    volatile bool closed;
    Exception? failure;

    Database(string path, ILogger log)
    {
        this.path = path;
        this.log = log;
        IsDurable = path is not InMemory;
        if (IsDurable)
            ownership = new(path);
        try
        {
            if (IsDurable)
                PrivateFile.Keep(path);
            writer = IsDurable
                ? new(
                    ConnectionString(SqliteOpenMode.ReadWriteCreate),
                    "journal_mode=WAL", "synchronous=FULL", $"wal_autocheckpoint={Checkpoints.LogMax}", "cache_size=-65536")
                : new($"Data Source={InMemory};Pooling=False", "journal_mode=MEMORY", "cache_size=-65536");
            Schema.Apply(writer, path);
            if (IsDurable)
                checkpoints = new(new(ConnectionString(SqliteOpenMode.ReadWrite)), log);
            ownership?.Opened();
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
    /// <exception cref="IOException">Another process has it open, its log is gone, or it cannot be opened.</exception>
    public static Database Open(string path, ILogger log) => new(path, log);

    /// <summary>Whether anything outlives the process.</summary>
    public bool IsDurable { get; }

    /// <summary>
    /// Fails with the reason once the database can no longer be written. The host should end: everything that it has promised is on disk.
    /// </summary>
    public Task Broken => broken.Task;

    /// <summary>Transactions committed so far.</summary>
    public long Commits { get; private set; }

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
            write.Queued(transactionNumber);
            queue.Add(write);
            if (queue.Count == 1)
                Monitor.Pulse(gate);
        }
    }

    /// <summary>
    /// Withdraws a part that was left to the end of its transaction. False if that end has come: then another change must undo it.
    /// Everything queued so far is in the present transaction or in an earlier one.
    /// </summary>
    internal bool TryWithdraw(long ofTransaction, Action withdraw)
    {
        lock (gate)
        {
            if (ofTransaction != transactionNumber)
                return false;
            withdraw();
            return true;
        }
    }

    /// <summary>
    /// Runs a change behind all that were queued before, and answers as soon as it has run: enough within this process, see above.
    /// </summary>
    internal Task<T> RunAsync<T>(Func<Connection, T> change) => QueuedAsync(new Write<T>(change, durable: false));

    /// <summary>Runs a change and answers once it is on disk, with all changes queued before it.</summary>
    internal Task<T> CommitAsync<T>(Func<Connection, T> change) => QueuedAsync(new Write<T>(change, durable: IsDurable));

    /// <summary>Completes once everything queued so far is on disk: at once, where nothing is queued or being written.</summary>
    /// <exception cref="TransientException">The database is closed or broken.</exception>
    internal Task CommittedAsync()
    {
        lock (gate)
        {
            if (isIdle && queue.Count == 0)
                return Task.CompletedTask;
        }
        return CommitAsync(_ => true);
    }

    /// <summary>Reads on the writer's thread, at the end of the transaction, and sees everything queued so far.</summary>
    internal Task<T> ReadAtCommitAsync<T>(Func<Connection, T> read)
    {
        var write = new ReadAtCommit<T>(read);
        Enqueue(write);
        return write.Answer;
    }

    /// <summary>Reads on a connection of its own, beside the writer, and sees everything queued so far.</summary>
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
        var taken = new List<Write>();
        var transaction = new Transaction(writer, Numbers, path, () => closed, log);
        try
        {
            while (Take(ref taken, Timeout.InfiniteTimeSpan, isLast: false))
            {
                transaction.Begin();
                var isAwaited = false;
                var isLast = false;
                do
                {
                    foreach (var write in taken)
                        isAwaited |= RunOne(transaction, write) && write.IsAwaited;
                    if (isLast)
                        break;
                    isLast = transaction.Changes.Count >= ChangesMax;
                }
                while (Take(ref taken, isAwaited ? TimeSpan.Zero : Linger, isLast));
                Commit(transaction);
                taken.Clear();
            }
        }
        catch (Exception e)
        {
            LogBroken(e);
            Break(e, [.. transaction.Changes, .. taken]);
        }
    }

    /// <summary>
    /// Takes everything that is queued, once there is something. False if nothing came in time, or nothing will come any more. Then, and
    /// after the last call of a transaction, whatever is queued belongs to the next one.
    /// </summary>
    bool Take(ref List<Write> taken, TimeSpan timeout, bool isLast)
    {
        taken.Clear();
        lock (gate)
        {
            // Nothing of an earlier transaction is left where the wait for a new one begins.
            isIdle = timeout == Timeout.InfiniteTimeSpan;
            while (queue.Count == 0 && !closed && timeout != TimeSpan.Zero && Monitor.Wait(gate, timeout))
            {
            }
            isIdle = false;
            (queue, taken) = (taken, queue);
            if (isLast || taken.Count == 0)
                transactionNumber++;
            return taken.Count > 0;
        }
    }

    bool RunOne(Transaction transaction, Write write)
    {
        if (!transaction.Run(write))
            return false;
        write.Ran();
        if (!IsDurable)
            write.Committed();
        return true;
    }

    void Commit(Transaction transaction)
    {
        transaction.Commit();
        Commits++;
        checkpoints?.Committed(transaction.Changes.Count);
        if (!IsDurable)
            return;
        foreach (var write in transaction.Changes)
            write.Committed();
    }

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

    TransientException Unavailable() =>
        new(failure is null ? "The database is closed." : $"The database is broken: {failure.Message}", failure);

    string ConnectionString(SqliteOpenMode mode) =>
        new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString();

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
        ownership?.Closing(writer);
        writer.Dispose();
        ownership?.Dispose();
    }

    [LoggerMessage(LogLevel.Critical, "The database is broken.")]
    partial void LogBroken(Exception exception);
}
