namespace OrderFunctions.Local.Storage;

/// <summary>
/// A small change of the database. It may be run more than once, each time on the same rows, because whatever was undone with a neighbour's failure is
/// run again: so it must depend on nothing but its own values and the rows.
/// </summary>
abstract class Write
{
    /// <summary>Whether somebody waits for the end of its transaction. One that nobody waits for may stay open for a moment.</summary>
    public virtual bool IsAwaited => false;

    /// <summary>It is queued, for the transaction of this number. Called before anything else is queued: must be quick.</summary>
    public virtual void Queued(long transaction)
    {
    }

    public virtual void Run(Connection connection)
    {
    }

    /// <summary>
    /// Its part that is left to the end of the transaction, once all changes have run: by then later ones may have made it needless. The parts are run in
    /// the order of the changes, too.
    /// </summary>
    public virtual void RunAtCommit(Connection connection)
    {
    }

    /// <summary>It will be committed, with all before it; what it found cannot change any more.</summary>
    public virtual void Ran()
    {
    }

    /// <summary>It is on disk. Called by the writer itself, in the order of the writes: must be quick.</summary>
    public virtual void Committed()
    {
    }

    /// <summary>It threw, and left nothing behind. False where it cannot do without: the database then stops.</summary>
    public virtual bool Failed(Exception exception) => false;
}

/// <summary>A look at the rows as all changes queued before leave them, and at those that are left to the end of the transaction too.</summary>
sealed class ReadAtCommit<T>(Func<Connection, T> read) : Write
{
    readonly TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Answer => answer.Task;

    public override bool IsAwaited => true;

    public override void RunAtCommit(Connection connection) => answer.TrySetResult(read(connection));

    public override bool Failed(Exception exception) => answer.TrySetException(exception) || true;
}

/// <summary>A change with an answer for whoever asked.</summary>
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
