using OrderFunctions.Kernel;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Bus;

/// <summary>
/// A subscription's dead letters. There are no sessions here: whoever receives a message has that one locked for a while.
/// </summary>
sealed class DeadLetterQueue(string subscription, Database database, TimeProvider time) : IDeadLetterQueue
{
    readonly Lock gate = new();
    readonly SortedDictionary<long, Dead> messages = [];

    // By reference: the received message is the receipt for its lock.
    readonly Dictionary<ReceivedMessage, Dead> held = new(ReferenceEqualityComparer.Instance);

    public int Count
    {
        get
        {
            lock (gate)
                return messages.Count;
        }
    }

    public void Add(QueuedMessage message)
    {
        lock (gate)
            messages.Add(message.Sequence, new(message));
    }

    /// <summary>A message, which stays where it is; null if it is not here.</summary>
    public QueuedMessage? Peek(string id)
    {
        lock (gate)
            return messages.Values.FirstOrDefault(dead => dead.Message.Id == id)?.Message;
    }

    public Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(int max, CancellationToken cancellation)
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            var received = new List<ReceivedMessage>();
            foreach (var dead in messages.Values)
            {
                if (received.Count == max)
                    break;
                if (dead.LockedUntil > now)
                    continue;
                Unlock(dead);
                dead.LockedUntil = LockEnd();
                dead.Held = dead.Message.Received();
                held[dead.Held] = dead;
                received.Add(dead.Held);
            }
            return Task.FromResult<IReadOnlyList<ReceivedMessage>>(received);
        }
    }

    public Task RenewLockAsync(ReceivedMessage message, CancellationToken cancellation) =>
        OnHeld(message, dead => dead.LockedUntil = LockEnd());

    public Task CompleteAsync(ReceivedMessage message, CancellationToken cancellation) => OnHeld(message, dead =>
    {
        Unlock(dead);
        messages.Remove(dead.Message.Sequence);
        database.Enqueue(new CompletedMessage(dead.Message.Sequence));
    });

    public Task AbandonAsync(ReceivedMessage message, CancellationToken cancellation) => OnHeld(message, Unlock);

    void Unlock(Dead dead)
    {
        if (dead.Held is not null)
            held.Remove(dead.Held);
        dead.Held = null;
        dead.LockedUntil = 0;
    }

    Task OnHeld(ReceivedMessage message, Action<Dead> act)
    {
        lock (gate)
        {
            if (!held.TryGetValue(message, out var dead) || dead.LockedUntil <= time.GetTimestamp())
            {
                return Task.FromException(
                    new LockLostException($"The lock on {message.Id} in the dead-letter queue of {subscription} is lost."));
            }
            act(dead);
            return Task.CompletedTask;
        }
    }

    long LockEnd() => time.GetTimestamp() + (long)(BusOptions.LockDuration.TotalSeconds * time.TimestampFrequency);

    sealed class Dead(QueuedMessage message)
    {
        public QueuedMessage Message => message;
        public ReceivedMessage? Held { get; set; }
        public long LockedUntil { get; set; }
    }
}
