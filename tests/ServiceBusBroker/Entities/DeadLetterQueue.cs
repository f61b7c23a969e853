namespace OrderFunctions.ServiceBusBroker.Entities;

/// <summary>
/// A subscription's dead-letter queue. It has no sessions: each message has its own lock, and the number of deliveries is unlimited.
/// </summary>
sealed class DeadLetterQueue(string name, BrokerOptions options)
{
    readonly LinkedList<QueuedMessage> messages = [];
    readonly List<DeadLetterReader> readers = [];

    public IReadOnlyCollection<QueuedMessage> Messages => messages;

    public void Add(QueuedMessage message, string? reason, string? description)
    {
        (message.DeadLetterReason, message.DeadLetterDescription) = (reason, description);
        messages.AddLast(message);
        Changed();
    }

    /// <param name="changed">Called when there may be something to deliver.</param>
    public IDeliverySource Read(Action changed)
    {
        var reader = new DeadLetterReader(this, changed);
        readers.Add(reader);
        return reader;
    }

    QueuedMessage? Next()
    {
        var next = messages.FirstOrDefault(message => message.LockToken is null);
        next?.Lock(options.Time.GetUtcNow() + options.LockDuration);
        return next;
    }

    /// <exception cref="BrokerException">The lock is lost.</exception>
    public DateTimeOffset Renew(Guid lockToken)
    {
        var message = Held(lockToken) ?? throw Lost(lockToken);
        return message.LockedUntil = options.Time.GetUtcNow() + options.LockDuration;
    }

    public QueuedMessage? Held(Guid lockToken) => messages.FirstOrDefault(message => message.LockToken == lockToken);

    /// <exception cref="BrokerException">The lock is lost.</exception>
    public void Settle(Guid lockToken, Settlement settlement)
    {
        var message = Held(lockToken) ?? throw Lost(lockToken);
        if (settlement is Settlement.DeadLetter)
            throw new BrokerException(Microsoft.Azure.Amqp.AmqpErrorCode.NotAllowed, "A dead letter cannot be dead-lettered.");
        message.Unlock();
        if (settlement is Settlement.Complete)
            messages.Remove(message);
        if (settlement is Settlement.Abandon)
            message.DeliveryCount++;
        Changed();
    }

    public void ExpireLocks(DateTimeOffset now)
    {
        foreach (var message in messages.Where(message => message.LockToken is not null && message.LockedUntil <= now))
        {
            message.Unlock();
            message.DeliveryCount++;
        }
        Changed();
    }

    void Changed() => readers.ToList().ForEach(reader => reader.Changed());

    BrokerException Lost(Guid lockToken) =>
        new(Conditions.MessageLockLost, $"Nothing in the dead-letter queue of {name} is held under {lockToken}.");

    /// <summary>Locks outlive their link: whoever has the token may still settle, over the management link.</summary>
    sealed class DeadLetterReader(DeadLetterQueue queue, Action changed) : IDeliverySource
    {
        public void Changed() => changed();

        public QueuedMessage? Next() => queue.Next();

        public QueuedMessage? Held(Guid lockToken) => queue.Held(lockToken);

        public void Settle(Guid lockToken, Settlement settlement) => queue.Settle(lockToken, settlement);

        public void End(bool isLost) => queue.readers.Remove(this);
    }
}
