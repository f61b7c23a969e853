using OrderFunctions.Kernel;

namespace OrderFunctions.Runtime;

/// <summary>How a consumer settles the message it holds: one of the first three calls, once, and then the release of the session.</summary>
public interface ISettlement
{
    /// <exception cref="LockLostException">It is delivered again.</exception>
    Task CompleteAsync(CancellationToken cancellation);

    /// <summary>Gives the message back, to be delivered again with a higher delivery count.</summary>
    /// <exception cref="LockLostException">It is delivered again anyway.</exception>
    Task AbandonAsync(CancellationToken cancellation);

    /// <exception cref="LockLostException">It is delivered again.</exception>
    Task DeadLetterAsync(string reason, string description, CancellationToken cancellation);

    /// <summary>Lets the next consumer have the session. Never before the message is settled: such a delivery is not counted.</summary>
    Task ReleaseSessionAsync(CancellationToken cancellation);
}

/// <summary>
/// The dead-letter queue of a participant's subscription. It knows no sessions. Peeking changes nothing; receiving locks, and counts as a
/// delivery.
/// </summary>
public interface IDeadLetterQueue
{
    /// <summary>
    /// Up to <paramref name="max"/> messages behind a sequence number, in the order of those numbers, locked or not; empty only at the end.
    /// </summary>
    /// <param name="after">-1 for the first messages.</param>
    /// <exception cref="TransientException">The queue is unavailable.</exception>
    Task<IReadOnlyList<DeadMessage>> PeekAsync(long after, int max, CancellationToken cancellation);

    /// <summary>
    /// A receiver for one walk through the queue. Disposing of it gives back all that it holds; where that fails, and where the process
    /// dies, the locks end by themselves.
    /// </summary>
    IDeadLetterReceiver Open();
}

/// <summary>Takes messages out of a dead-letter queue. What it has received and not completed is locked for others.</summary>
public interface IDeadLetterReceiver : IAsyncDisposable
{
    /// <summary>Locks up to <paramref name="max"/> messages that are not locked, oldest first; empty where there are none.</summary>
    /// <exception cref="TransientException">The queue is unavailable.</exception>
    Task<IReadOnlyList<DeadMessage>> ReceiveAsync(int max, CancellationToken cancellation);

    /// <exception cref="LockLostException">Another consumer may hold it.</exception>
    /// <exception cref="TransientException">The outcome is unknown.</exception>
    Task RenewLockAsync(DeadMessage letter, CancellationToken cancellation);

    /// <exception cref="LockLostException">Another consumer may hold it.</exception>
    /// <exception cref="TransientException">The outcome is unknown.</exception>
    Task CompleteAsync(DeadMessage letter, CancellationToken cancellation);
}

/// <summary>A message in a dead-letter queue.</summary>
/// <param name="Sequence">Its number, which no other message of the queue has.</param>
/// <param name="Bytes">The memory that keeping it takes; 0 where it is in memory anyway.</param>
public sealed record DeadMessage(long Sequence, ReceivedMessage Message, int Bytes = 0);
