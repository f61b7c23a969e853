namespace OrderFunctions.ServiceBusBroker.Entities;

/// <summary>The messages of one session in one subscription, oldest first, and its state.</summary>
sealed class Session(string id)
{
    public string Id => id;
    public LinkedList<QueuedMessage> Messages { get; } = [];
    public byte[]? State { get; set; }
    public SessionHold? Hold { get; set; }
}

/// <summary>A session's lock. Its messages stay locked as long as the session does.</summary>
sealed class SessionHold : IDeliverySource
{
    readonly Subscription subscription;
    readonly Session session;
    readonly TimeProvider time;
    readonly Action<BrokerException?> changed;
    DateTimeOffset lastAction;
    int settled;

    /// <param name="changed">Called when there may be something to deliver, or with the reason when the lock is lost.</param>
    public SessionHold(Subscription subscription, Session session, TimeProvider time, Action<BrokerException?> changed)
    {
        this.subscription = subscription;
        this.session = session;
        this.time = time;
        this.changed = changed;
        session.Hold = this;
        lastAction = time.GetUtcNow();
        Renew();
    }

    public string SessionId => session.Id;
    public DateTimeOffset Until { get; private set; }
    bool IsHeld => session.Hold == this;

    public void Changed() => changed(null);

    /// <exception cref="BrokerException">The lock is lost.</exception>
    public DateTimeOffset Renew()
    {
        if (!IsHeld)
            throw Lost();
        Until = time.GetUtcNow() + subscription.LockDuration;
        return Until;
    }

    public QueuedMessage? Next()
    {
        if (!IsHeld || session.Messages.FirstOrDefault(message => message.LockToken is null) is not { } next)
            return null;
        next.Lock(Until);
        return next;
    }

    public QueuedMessage? Held(Guid lockToken) =>
        IsHeld ? session.Messages.FirstOrDefault(message => message.LockToken == lockToken) : null;

    public void Settle(Guid lockToken, Settlement settlement)
    {
        var message = Held(lockToken) ?? throw Lost();
        message.Unlock();
        switch (settlement)
        {
            case Settlement.Complete:
                session.Messages.Remove(message);
                break;
            case Settlement.DeadLetter(var reason, var description):
                session.Messages.Remove(message);
                subscription.DeadLetters.Add(message, reason, description);
                break;
            case Settlement.Abandon:
                message.DeliveryCount++;
                subscription.DeadLetterIfDeliveredTooOften(session, message);
                break;
        }
        settled++;
        lastAction = time.GetUtcNow();
        Changed();
    }

    /// <summary>The lock has expired: its held messages count as delivered.</summary>
    public void Expire()
    {
        End(isLost: true);
        changed(Lost());
    }

    /// <summary>
    /// Deliveries count if the lock or the connection is lost, but not if the session is closed. Service Bus keeps the lock of a lost
    /// connection until it expires. Here it ends immediately, so that tests need not wait.
    /// </summary>
    public void End(bool isLost)
    {
        if (!IsHeld)
            return;
        session.Hold = null;
        foreach (var message in session.Messages.Where(message => message.LockToken is not null).ToList())
        {
            message.Unlock();
            if (!isLost)
                continue;
            message.DeliveryCount++;
            subscription.DeadLetterIfDeliveredTooOften(session, message);
        }
        subscription.Ended(session, new(subscription.Name, session.Id, settled, time.GetUtcNow() - lastAction));
    }

    BrokerException Lost() => new(Conditions.SessionLockLost, $"The lock of session {session.Id} in {subscription.Name} is lost.");
}
