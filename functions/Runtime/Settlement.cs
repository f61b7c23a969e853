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
/// The dead-letter queue of a participant's subscription. It knows no sessions; a received message is locked for a while.
/// </summary>
public interface IDeadLetterQueue
{
    /// <summary>Locks up to <paramref name="max"/> messages that are not locked, oldest first; empty where there are none.</summary>
    Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(int max, CancellationToken cancellation);

    /// <exception cref="LockLostException">Another consumer may hold it.</exception>
    Task RenewLockAsync(ReceivedMessage message, CancellationToken cancellation);

    /// <exception cref="LockLostException">Another consumer may hold it.</exception>
    Task CompleteAsync(ReceivedMessage message, CancellationToken cancellation);

    /// <exception cref="LockLostException">Another consumer may hold it.</exception>
    Task AbandonAsync(ReceivedMessage message, CancellationToken cancellation);
}
