namespace OrderFunctions.ServiceBusBroker.Entities;

/// <summary>
/// Accepts messages, each id once within the duplicate window, and copies them to the subscriptions that accept their label, immediately or
/// at their scheduled time.
/// </summary>
sealed class Topic
{
    readonly BrokerOptions options;
    readonly Dictionary<string, DateTimeOffset> acceptedIds = [];
    readonly SortedDictionary<(DateTimeOffset At, long Number), BrokerMessage> scheduled = [];
    readonly List<BrokerMessage> accepted = [];
    long lastNumber;

    public Topic(BrokerOptions options, Action<SessionUse> used)
    {
        this.options = options;
        Subscriptions = options.Subscriptions.ToDictionary(
            subscription => subscription.Key,
            subscription => new Subscription(subscription.Key, subscription.Value, options, used),
            StringComparer.OrdinalIgnoreCase);
    }

    public IReadOnlyDictionary<string, Subscription> Subscriptions { get; }

    /// <summary>The accepted messages, without duplicates.</summary>
    public IReadOnlyList<BrokerMessage> Accepted => accepted;

    public int Scheduled => scheduled.Count;

    /// <summary>Returns the number of each message. Duplicates get one as well.</summary>
    public IReadOnlyList<long> Accept(IReadOnlyList<BrokerMessage> messages)
    {
        Tick();
        return [.. messages.Select(Accept)];
    }

    /// <exception cref="BrokerException">No such message is scheduled.</exception>
    public void Cancel(long number)
    {
        if (scheduled.Keys.FirstOrDefault(key => key.Number == number) is not { Number: > 0 } key)
            throw new BrokerException(Conditions.MessageNotFound, $"No message {number} is scheduled.");
        scheduled.Remove(key);
    }

    public void Tick()
    {
        var now = options.Time.GetUtcNow();
        while (scheduled.Count > 0 && scheduled.First() is var (key, message) && key.At <= now)
        {
            scheduled.Remove(key);
            Enqueue(message, key.At);
        }
        foreach (var subscription in Subscriptions.Values)
            subscription.ExpireLocks(now);
    }

    long Accept(BrokerMessage message)
    {
        var now = options.Time.GetUtcNow();
        message.Number = ++lastNumber;
        if (message.Id is { } id)
        {
            if (acceptedIds.TryGetValue(id, out var at) && now - at < options.DuplicateWindow)
                return message.Number;
            acceptedIds[id] = now;
        }
        accepted.Add(message);
        if (message.ScheduledAt > now)
            scheduled.Add((message.ScheduledAt.Value, message.Number), message);
        else
            Enqueue(message, now);
        return message.Number;
    }

    void Enqueue(BrokerMessage message, DateTimeOffset at)
    {
        foreach (var subscription in Subscriptions.Values.Where(subscription => subscription.Hears(message)))
            subscription.Enqueue(message, at);
    }
}
