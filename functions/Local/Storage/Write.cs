namespace OrderFunctions.Local.Storage;

/// <summary>
/// A small change of the database. It may run more than once, each time on the same rows: when another change of its transaction fails, all
/// are rolled back and run again. So it must depend on nothing but its own values and the rows.
/// </summary>
abstract class Write
{
    /// <summary>Whether a caller waits for the commit. A transaction that nobody waits for may stay open for a moment.</summary>
    public virtual bool IsAwaited => false;

    /// <summary>It is queued, for the transaction of this number. Called while the queue is locked: must be quick.</summary>
    public virtual void Queued(long transaction)
    {
    }

    public virtual void Run(Connection connection)
    {
    }

    /// <summary>
    /// The part that is left to the end of the transaction, when all changes have run: by then later ones may have made it unnecessary.
    /// These parts run in the order of the changes, too.
    /// </summary>
    public virtual void RunAtCommit(Connection connection)
    {
    }

    /// <summary>It has run and will be committed with all before it: what it found no longer changes.</summary>
    public virtual void Ran()
    {
    }

    /// <summary>It is on disk. Called on the writer's thread, in the order of the changes: must be quick.</summary>
    public virtual void Committed()
    {
    }

    /// <summary>It threw, and left nothing behind. False if the database cannot do without it and must stop.</summary>
    public virtual bool Failed(Exception exception) => false;
}

/// <summary>Reads the rows as all changes queued before leave them, including what those left to the end of the transaction.</summary>
sealed class ReadAtCommit<T>(Func<Connection, T> read) : Write
{
    readonly TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Answer => answer.Task;

    public override bool IsAwaited => true;

    public override void RunAtCommit(Connection connection) => answer.TrySetResult(read(connection));

    public override bool Failed(Exception exception) => answer.TrySetException(exception) || true;
}

/// <summary>A change with an answer for its caller.</summary>
/// <param name="durable">Whether to answer only once it is on disk.</param>
sealed class Write<T>(Func<Connection, T> change, bool durable) : Write
{
    readonly TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    T found = default!;

    public Task<T> Answer => answer.Task;

    public override bool IsAwaited => durable;

    public override void Run(Connection connection) => found = change(connection);

    public override void Ran()
    {
        if (!durable)
            answer.TrySetResult(found);
    }

    public override void Committed() => answer.TrySetResult(found);

    public override bool Failed(Exception exception) => answer.TrySetException(exception) || true;
}
