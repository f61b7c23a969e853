namespace OrderFunctions.ServiceBusBroker.Entities;

/// <summary>A subscription with sessions. Free sessions with messages are handed out in the order in which they became available.</summary>
sealed class Subscription(string name, IReadOnlySet<string> labels, BrokerOptions options, Action<SessionUse> used)
{
    readonly Dictionary<string, Session> sessions = [];
    readonly LinkedList<Session> ready = [];
    readonly LinkedList<SessionRequest> waiting = [];
    long lastSequenceNumber;

    public string Name => name;
    public TimeSpan LockDuration => options.LockDuration;
    public DeadLetterQueue DeadLetters { get; } = new(name, options);

    /// <summary>All messages that are not dead-lettered, in order.</summary>
    public IEnumerable<QueuedMessage> Messages =>
        sessions.Values.SelectMany(session => session.Messages).OrderBy(message => message.SequenceNumber);

    public IReadOnlyList<string> HeldSessions =>
        [.. sessions.Values.Where(session => session.Hold is not null).Select(session => session.Id)];

    public bool Hears(BrokerMessage message) => message.Label is { } label && labels.Contains(label);

    public void Enqueue(BrokerMessage message, DateTimeOffset at)
    {
        var queued = new QueuedMessage(message, ++lastSequenceNumber, at);
        if (message.SessionId is null)
        {
            DeadLetters.Add(queued, "Session ID is null",
                "Session-enabled entity doesn't allow a message whose session identifier is null.");
            return;
        }
        var session = SessionOf(message.SessionId);
        session.Messages.AddLast(queued);
        session.Hold?.Changed();
        Offer(session);
    }

    /// <summary>Locks the requested session, or the next one, now or as soon as there is one.</summary>
    /// <exception cref="BrokerException">The session is locked.</exception>
    public void Accept(SessionRequest request)
    {
        if (request.SessionId is { } id)
        {
            var session = SessionOf(id);
            if (session.Hold is not null)
                throw new BrokerException(Conditions.SessionCannotBeLocked, $"Session {id} in {name} is locked by another receiver.");
            ready.Remove(session);
            Grant(session, request);
        }
        else if (ready.First is { } first)
        {
            ready.RemoveFirst();
            Grant(first.Value, request);
        }
        else
        {
            waiting.AddLast(request);
        }
    }

    public void GiveUp(SessionRequest request) => waiting.Remove(request);

    /// <summary>Returns the lock of a session.</summary>
    /// <exception cref="BrokerException">Nobody holds it.</exception>
    public (Session Session, SessionHold Hold) Held(string id) => sessions.GetValueOrDefault(id) is { Hold: { } hold } session
        ? (session, hold)
        : throw new BrokerException(Conditions.SessionLockLost, $"Session {id} in {name} is not locked.");

    public void DeadLetterIfDeliveredTooOften(Session session, QueuedMessage message)
    {
        if (message.DeliveryCount < options.DeliveriesMax)
            return;
        session.Messages.Remove(message);
        DeadLetters.Add(message, "MaxDeliveryCountExceeded",
            $"Message could not be consumed after {options.DeliveriesMax} delivery attempts.");
    }

    /// <summary>Dead-letters all messages of sessions that nobody holds.</summary>
    public void Expire()
    {
        var free = sessions.Values.Where(session => session.Hold is null).ToList();
        foreach (var message in free.SelectMany(session => session.Messages).OrderBy(message => message.SequenceNumber))
            DeadLetters.Add(message, "TTLExpiredException", "The message expired and was dead lettered.");
        foreach (var session in free)
        {
            session.Messages.Clear();
            ready.Remove(session);
        }
    }

    public void Ended(Session session, SessionUse use)
    {
        used(use);
        Offer(session);
    }

    public void ExpireLocks(DateTimeOffset now)
    {
        var ended = sessions.Values.Select(session => session.Hold).OfType<SessionHold>().Where(hold => hold.Until <= now);
        foreach (var hold in ended.ToList())
            hold.Expire();
        DeadLetters.ExpireLocks(now);
    }

    void Offer(Session session)
    {
        if (session.Hold is not null || session.Messages.Count == 0 || ready.Contains(session))
            return;
        if (waiting.First is not { } next)
        {
            ready.AddLast(session);
            return;
        }
        waiting.RemoveFirst();
        Grant(session, next.Value);
    }

    void Grant(Session session, SessionRequest request) => request.Granted(new(this, session, options.Time, request.Changed));

    Session SessionOf(string id) => sessions.TryGetValue(id, out var session) ? session : sessions[id] = new(id);
}

/// <param name="SessionId">Null for the next available session.</param>
/// <param name="Granted">Called once, with the lock.</param>
/// <param name="Changed">See <see cref="SessionHold"/>.</param>
sealed record SessionRequest(string? SessionId, Action<SessionHold> Granted, Action<BrokerException?> Changed);
