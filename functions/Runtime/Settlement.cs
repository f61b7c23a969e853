using OrderFunctions.Kernel;

namespace OrderFunctions.Runtime;

/// <summary>What a consumer may do with the message it holds. One of the first three once, then the release.</summary>
public interface ISettlement
{
    /// <exception cref="LockLostException">It is delivered again.</exception>
    Task CompleteAsync(CancellationToken cancellation);

    /// <summary>Gives the message back, to be delivered again with a higher delivery count.</summary>
    /// <exception cref="LockLostException">It is delivered again anyway.</exception>
    Task AbandonAsync(CancellationToken cancellation);

    /// <exception cref="LockLostException">It is delivered again.</exception>
    Task DeadLetterAsync(string reason, string description, CancellationToken cancellation);

    /// <summary>Lets the session go to whoever is next. Never before the message is settled: such a delivery is not counted.</summary>
    Task ReleaseSessionAsync(CancellationToken cancellation);
}

/// <summary>The dead-letter queue of a participant's subscription. It knows no sessions; a received message is locked for a while.</summary>
public interface IDeadLetterQueue
{
    /// <summary>Locks up to <paramref name="max"/> messages that are not locked, oldest first; none where there is none.</summary>
    Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(int max, CancellationToken cancellation);

    /// <exception cref="LockLostException">Somebody else may have it.</exception>
    Task RenewLockAsync(ReceivedMessage message, CancellationToken cancellation);

    /// <exception cref="LockLostException">Somebody else may have it.</exception>
    Task CompleteAsync(ReceivedMessage message, CancellationToken cancellation);

    /// <exception cref="LockLostException">Somebody else may have it.</exception>
    Task AbandonAsync(ReceivedMessage message, CancellationToken cancellation);
}
