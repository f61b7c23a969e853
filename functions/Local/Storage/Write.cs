namespace OrderFunctions.Local.Storage;

/// <summary>
/// A small change of the database. It may run more than once, each time on the same rows: when another change of its transaction fails, all
/// are rolled back and run again. So it must depend on nothing but its own values and the rows.
/// </summary>
abstract class Write
{
    /// <summary>Whether a caller waits for the commit. A transaction that nobody waits for may stay open for a moment.</summary>
    public virtual bool IsAwaited => false;

    /// <summary>
    /// Whether a caller must not wait for as long as the disk fails: it is told at once, and the change is written later.
    /// </summary>
    public virtual bool IsImpatient => false;

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

    /// <summary>
    /// It threw, and left nothing behind; or it is impatient and the disk fails. False if the database cannot do without it and must stop.
    /// </summary>
    public virtual bool Failed(Exception exception) => false;
}

/// <summary>A change with an answer for its caller.</summary>
/// <param name="unlessDiskFails">See <see cref="Write.IsImpatient"/>.</param>
abstract class AnsweredWrite<T>(bool unlessDiskFails) : Write
{
    readonly TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Answer => answer.Task;

    public override bool IsImpatient => unlessDiskFails;

    public override bool Failed(Exception exception) => answer.TrySetException(exception) || true;

    protected void SetAnswer(T found) => answer.TrySetResult(found);
}

/// <summary>Reads the rows as all changes queued before leave them, including what those left to the end of the transaction.</summary>
sealed class ReadAtCommit<T>(Func<Connection, T> read, bool unlessDiskFails) : AnsweredWrite<T>(unlessDiskFails)
{
    public override bool IsAwaited => true;

    public override void RunAtCommit(Connection connection) => SetAnswer(read(connection));
}

/// <summary>A change whose caller gets what it returns.</summary>
/// <param name="durable">Whether to answer only once it is on disk.</param>
sealed class Write<T>(Func<Connection, T> change, bool durable, bool unlessDiskFails) : AnsweredWrite<T>(unlessDiskFails)
{
    T found = default!;

    public override bool IsAwaited => durable;

    public override void Run(Connection connection) => found = change(connection);

    public override void Ran()
    {
        if (!durable)
            SetAnswer(found);
    }

    public override void Committed() => SetAnswer(found);
}
