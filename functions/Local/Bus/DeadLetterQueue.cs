using OrderFunctions.Kernel;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Bus;

/// <summary>A subscription's messages that were set aside. It knows no orders; whoever receives a message has it locked for a while.</summary>
sealed class DeadLetterQueue(string subscription, Database database, BusOptions options, TimeProvider time) : IDeadLetterQueue
{
    readonly Lock gate = new();
    readonly SortedDictionary<long, Dead> messages = [];

    // By reference: what was received is the receipt of one receiving.
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

    /// <summary>A look at a message, which stays as it is; null where it does not lie here.</summary>
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
                GiveUp(dead);
                dead.LockedUntil = LockEnd();
                dead.Held = dead.Message.Received();
                held[dead.Held] = dead;
                received.Add(dead.Held);
            }
            return Task.FromResult<IReadOnlyList<ReceivedMessage>>(received);
        }
    }

    public Task RenewLockAsync(ReceivedMessage message, CancellationToken cancellation) => OnHeld(message, dead => dead.LockedUntil = LockEnd());

    public Task CompleteAsync(ReceivedMessage message, CancellationToken cancellation) => OnHeld(message, dead =>
    {
        GiveUp(dead);
        messages.Remove(dead.Message.Sequence);
        database.Enqueue(new Completed(dead.Message.Sequence));
    });

    public Task AbandonAsync(ReceivedMessage message, CancellationToken cancellation) => OnHeld(message, GiveUp);

    void GiveUp(Dead dead)
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
                return Task.FromException(new LockLostException($"The lock on {message.Id} in the dead-letter queue of {subscription} is lost."));
            act(dead);
            return Task.CompletedTask;
        }
    }

    long LockEnd() => time.GetTimestamp() + (long)(options.LockDuration.TotalSeconds * time.TimestampFrequency);

    sealed class Dead(QueuedMessage message)
    {
        public QueuedMessage Message => message;
        public ReceivedMessage? Held { get; set; }
        public long LockedUntil { get; set; }
    }
}
