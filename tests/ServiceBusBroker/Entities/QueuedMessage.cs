namespace OrderFunctions.ServiceBusBroker.Entities;

/// <summary>A message in one subscription or its dead-letter queue.</summary>
sealed class QueuedMessage(BrokerMessage message, long sequenceNumber, DateTimeOffset enqueuedAt)
{
    public BrokerMessage Message => message;
    public long SequenceNumber => sequenceNumber;
    public DateTimeOffset EnqueuedAt => enqueuedAt;

    /// <summary>Deliveries that came to nothing.</summary>
    public int DeliveryCount { get; set; }

    /// <summary>Null while nobody holds it.</summary>
    public Guid? LockToken { get; private set; }

    public DateTimeOffset LockedUntil { get; set; }
    public string? DeadLetterReason { get; set; }
    public string? DeadLetterDescription { get; set; }

    public void Lock(DateTimeOffset until)
    {
        LockToken = Guid.NewGuid();
        LockedUntil = until;
    }

    public void Unlock() => LockToken = null;
}

/// <summary>What becomes of a message that is held.</summary>
abstract record Settlement(string Operation)
{
    public sealed record Complete() : Settlement("complete");

    public sealed record Abandon() : Settlement("abandon");

    public sealed record DeadLetter(string? Reason, string? Description) : Settlement("dead-letter");

    /// <summary>Given back unseen, by the client itself: the delivery does not count.</summary>
    public sealed record Release() : Settlement("give-back");
}

/// <summary>What a link is given messages from.</summary>
interface IDeliverySource
{
    /// <summary>Locks the next message; null where there is none now.</summary>
    QueuedMessage? Next();

    /// <summary>The message that is held under the token; null where it is no longer.</summary>
    QueuedMessage? Held(Guid lockToken);

    /// <exception cref="BrokerException">The lock is lost.</exception>
    void Settle(Guid lockToken, Settlement settlement);

    /// <summary>The link is gone.</summary>
    /// <param name="isLost">With its connection; not in order.</param>
    void End(bool isLost);
}
