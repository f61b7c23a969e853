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
    readonly Readers readers;
    readonly Thread thread;
    readonly TaskCompletionSource broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    readonly object gate = new();
    List<Write> queue = [];
    long transactionNumber;
    bool isIdle;
    volatile bool closed;
    volatile bool diskFails;
    Exception? failure;

    Database(string path, ILogger log, int ordersMax)
    {
        Recent = new(ordersMax);
        this.path = path;
        this.log = log;
        IsDurable = path is not InMemory;
        readers = new(path);
        ownership = IsDurable ? new(path) : null;
        try
        {
            ownership?.Prepare();
            writer = IsDurable ? Connection.ToWrite(path) : Connection.InMemory();
            Schema.Apply(writer);
            if (IsDurable)
                checkpoints = new(Connection.To(path, SqliteOpenMode.ReadWrite), log);
            ownership?.Opened();
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            writer?.Dispose();
            ownership?.Dispose();
            throw e as IOException ?? Ownership.CannotOpen(path, e);
        }
        thread = new(Run) { Name = "SQLite writer", IsBackground = true };
        thread.Start();
    }

    /// <summary>Opens the file, or creates it with its folder; <see cref="InMemory"/> for one that ends with the process.</summary>
    /// <param name="path">Of the file.</param>
    /// <param name="log">For what the disk does.</param>
    /// <param name="ordersMax">Orders kept in memory.</param>
    /// <exception cref="IOException">It cannot be opened; the message says why, and what to do.</exception>
    public static Database Open(string path, ILogger log, int ordersMax = 12_000) => new(path, log, ordersMax);

    public bool IsDurable { get; }

    /// <summary>Fails once the database can no longer be written. The host should end: all that it has promised is on disk.</summary>
    public Task Broken => broken.Task;

    /// <summary>Whether the disk takes nothing, for example because it is full: changes wait, and reads see what is on it.</summary>
    public bool DiskFails => diskFails;

    /// <summary>Transactions committed so far.</summary>
    public long Commits { get; private set; }

    /// <summary>The orders' numbers, for changes.</summary>
    internal OrderNumbers Numbers { get; } = new();

    /// <summary>What is stored of recent orders.</summary>
    internal RecentOrders Recent { get; }

    /// <summary>Queues a change that nobody waits for.</summary>
    /// <exception cref="TransientException">The database is closed or broken, or the disk fails and the change must not wait.</exception>
    internal void Enqueue(Write write)
    {
        lock (gate)
        {
            if (closed || (diskFails && write.IsImpatient))
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
    internal bool TryWithdraw<T>(long ofTransaction, T part, Action<T> withdraw)
    {
        lock (gate)
        {
            if (ofTransaction != transactionNumber)
                return false;
            withdraw(part);
            return true;
        }
    }

    /// <summary>Runs a change behind all that were queued before, and answers once it has run: enough within this process.</summary>
    internal Task<T> RunAsync<T>(Func<Connection, T> change, bool unlessDiskFails = false) =>
        QueuedAsync(new Write<T>(change, durable: false, unlessDiskFails));

    /// <summary>Runs a change and answers once it is on disk, with all changes queued before it.</summary>
    /// <param name="change">The change.</param>
    /// <param name="unlessDiskFails">See <see cref="Write.IsImpatient"/>: the caller gets a <see cref="TransientException"/>.</param>
    internal Task<T> CommitAsync<T>(Func<Connection, T> change, bool unlessDiskFails = false) =>
        QueuedAsync(new Write<T>(change, durable: IsDurable, unlessDiskFails));

    /// <summary>Completes once everything queued so far is on disk: at once, where nothing is queued or being written.</summary>
    /// <exception cref="TransientException">The database is closed or broken, or the disk fails.</exception>
    internal Task CommittedAsync(bool unlessDiskFails = false)
    {
        lock (gate)
        {
            if (isIdle && queue.Count == 0)
                return Task.CompletedTask;
        }
        return CommitAsync(_ => true, unlessDiskFails);
    }

    /// <summary>Reads on the writer's thread, at the end of the transaction, and sees everything queued so far.</summary>
    internal Task<T> ReadAtCommitAsync<T>(Func<Connection, T> read, bool unlessDiskFails = false) =>
        QueuedAsync(new ReadAtCommit<T>(read, unlessDiskFails));

    Task<T> QueuedAsync<T>(AnsweredWrite<T> write)
    {
        Enqueue(write);
        return write.Answer;
    }

    /// <summary>Reads beside the writer, and sees everything queued so far; while the disk fails, what is on it.</summary>
    internal async Task<T> ReadAsync<T>(Func<Connection, T> read)
    {
        if (!IsDurable)
            return await ReadAtCommitAsync(read);
        try
        {
            await CommittedAsync(unlessDiskFails: true);
        }
        catch (TransientException) when (diskFails)
        {
            // Then what is on disk is all that is certain.
        }
        return await readers.ReadAsync(read);
    }

    void Run()
    {
        var taken = new List<Write>();
        Transaction transaction = null!;
        transaction = new(writer, Numbers, path, () => closed, fails => NoteDisk(fails, [.. transaction.Changes, .. taken]), log);
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
            LogBroken(e is IOException || diskFails ? null : e, e.Message);
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

    void NoteDisk(bool fails, List<Write> unfinished)
    {
        lock (gate)
        {
            diskFails = fails;
            unfinished.AddRange(queue);
        }
        foreach (var write in unfinished.Where(write => fails && write.IsImpatient))
            write.Failed(Unavailable());
    }

    TransientException Unavailable() => new(
        failure is not null ? $"The database is broken: {failure.Message}" : diskFails ? "The disk fails." : "The database is closed.",
        failure);

    /// <summary>Takes no more. What is queued is still written, but where the disk fails nothing waits for it any longer.</summary>
    internal void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Writes what is queued and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        Close();
        await Task.Run(thread.Join);
        checkpoints?.Dispose();
        readers.Dispose();
        ownership?.Closing(writer);
        writer.Dispose();
        ownership?.Dispose();
    }

    [LoggerMessage(LogLevel.Critical, "The database is broken: {Description}")]
    partial void LogBroken(Exception? exception, string description);
}
