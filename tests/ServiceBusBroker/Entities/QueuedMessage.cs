namespace OrderFunctions.ServiceBusBroker.Entities;

/// <summary>A message in one subscription or its dead-letter queue.</summary>
sealed class QueuedMessage(BrokerMessage message, long sequenceNumber, DateTimeOffset enqueuedAt)
{
    public BrokerMessage Message => message;
    public long SequenceNumber => sequenceNumber;
    public DateTimeOffset EnqueuedAt => enqueuedAt;

    /// <summary>Failed deliveries: the message was abandoned or its lock was lost.</summary>
    public int DeliveryCount { get; set; }

    /// <summary>Null while nobody holds the message.</summary>
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

/// <summary>How a held message is settled.</summary>
abstract record Settlement(string Operation)
{
    public sealed record Complete() : Settlement("complete");

    public sealed record Abandon() : Settlement("abandon");

    public sealed record DeadLetter(string? Reason, string? Description) : Settlement("dead-letter");

    /// <summary>The client itself returns the message unseen, so the delivery does not count.</summary>
    public sealed record Release() : Settlement("give-back");
}

/// <summary>The source of the messages that a link delivers.</summary>
interface IDeliverySource
{
    /// <summary>Locks the next message. Returns null if there is none now.</summary>
    QueuedMessage? Next();

    /// <summary>Returns the message held under the token, or null if it is no longer held.</summary>
    QueuedMessage? Held(Guid lockToken);

    /// <exception cref="BrokerException">The lock is lost.</exception>
    void Settle(Guid lockToken, Settlement settlement);

    /// <summary>The link has ended.</summary>
    /// <param name="isLost">Whether it was lost with its connection instead of closed.</param>
    void End(bool isLost);
}
