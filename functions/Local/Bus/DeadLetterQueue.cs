using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Bus;

/// <summary>
/// A subscription's dead letters. There are no sessions here: whoever receives a message has that one locked for a while.
/// </summary>
sealed class DeadLetterQueue(string subscription, Database database, TimeProvider time) : IDeadLetterQueue
{
    readonly string subscription = subscription;
    readonly Database database = database;
    readonly TimeProvider time = time;
    readonly Lock gate = new();
    readonly SortedDictionary<long, Dead> messages = [];

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

    public Task<IReadOnlyList<DeadMessage>> PeekAsync(long after, int max, CancellationToken cancellation)
    {
        lock (gate)
        {
            return Task.FromResult<IReadOnlyList<DeadMessage>>(
                [.. messages.Values.Where(dead => dead.Message.Sequence > after).Take(max).Select(dead => dead.Letter())]);
        }
    }

    public IDeadLetterReceiver Open() => new Receiver(this);

    long LockEnd() => time.GetTimestamp() + (long)(BusOptions.LockDuration.TotalSeconds * time.TimestampFrequency);

    sealed class Receiver(DeadLetterQueue queue) : IDeadLetterReceiver
    {
        public Task<IReadOnlyList<DeadMessage>> ReceiveAsync(int max, CancellationToken cancellation)
        {
            lock (queue.gate)
            {
                var now = queue.time.GetTimestamp();
                var received = new List<DeadMessage>();
                foreach (var dead in queue.messages.Values)
                {
                    if (received.Count == max)
                        break;
                    if (dead.LockedUntil > now)
                        continue;
                    dead.Lock(this, queue.LockEnd());
                    received.Add(dead.Letter());
                }
                return Task.FromResult<IReadOnlyList<DeadMessage>>(received);
            }
        }

        public Task RenewLockAsync(DeadMessage letter, CancellationToken cancellation) =>
            OnHeld(letter, dead => dead.LockedUntil = queue.LockEnd());

        public Task CompleteAsync(DeadMessage letter, CancellationToken cancellation) => OnHeld(letter, dead =>
        {
            queue.messages.Remove(dead.Message.Sequence);
            queue.database.Enqueue(new CompletedMessage(dead.Message.Sequence));
        });

        public ValueTask DisposeAsync()
        {
            lock (queue.gate)
            {
                foreach (var dead in queue.messages.Values.Where(dead => dead.Holder == this))
                    dead.Unlock();
            }
            return ValueTask.CompletedTask;
        }

        Task OnHeld(DeadMessage letter, Action<Dead> act)
        {
            lock (queue.gate)
            {
                if (!queue.messages.TryGetValue(letter.Sequence, out var dead) || dead.Holder != this
                    || dead.LockedUntil <= queue.time.GetTimestamp())
                {
                    return Task.FromException(new LockLostException(
                        $"The lock on {letter.Message.Id} in the dead-letter queue of {queue.subscription} is lost."));
                }
                act(dead);
                return Task.CompletedTask;
            }
        }
    }

    sealed class Dead(QueuedMessage message)
    {
        public QueuedMessage Message => message;
        public Receiver? Holder { get; private set; }
        public long LockedUntil { get; set; }

        public DeadMessage Letter() => new(message.Sequence, message.Received());

        public void Lock(Receiver holder, long until) => (Holder, LockedUntil) = (holder, until);

        public void Unlock() => (Holder, LockedUntil) = (null, 0);
    }
}
