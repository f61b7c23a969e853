using System.Collections.Frozen;
using OrderFunctions.Kernel;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Bus;

/// <summary>
/// A topic with the subscriptions of topology.json, as in Service Bus: sessions by order, locks, delivery counts, dead letters, scheduled
/// messages, duplicate detection. A message is delivered before it is on disk: nothing that follows from it can be on disk without it
/// (<see cref="Database"/>).
/// </summary>
public sealed class SqliteBus : IEventBus, IDisposable
{
    /// <summary>Service Bus takes no longer id.</summary>
    const int IdLengthMax = 128;

    /// <summary>
    /// With more undelivered messages than this, replies to HTTP are delayed, so that a flood slows down before it becomes an endless
    /// queue.
    /// </summary>
    const int BacklogMax = 1_000;

    /// <summary>Longest delay added to a reply, so that intake never stops, for example while a provider is unavailable.</summary>
    static readonly TimeSpan BackpressureMax = TimeSpan.FromMilliseconds(100);

    static readonly TimeSpan BackpressureStep = TimeSpan.FromMilliseconds(5);

    readonly Database database;
    readonly TimeProvider time;
    readonly FrozenDictionary<string, Subscription> subscriptions;
    readonly FrozenDictionary<string, Subscription[]> subscribersOf;
    readonly AcceptedIds accepted;
    readonly TimerQueue<QueuedMessage> scheduled;
    readonly ITimer expiry;

    readonly Lock gate = new();
    long sequence;

    /// <summary>Reads what is not yet completed.</summary>
    public SqliteBus(Database database, BusOptions options, TimeProvider time)
    {
        this.database = database;
        this.time = time;
        Unawaited = new Turns(this);
        subscriptions = Topology.Current.Subscriptions
            .ToFrozenDictionary(s => s.Name, s => new Subscription(s.Name, database, options, time));
        subscribersOf = Topology.Current.Subscriptions.SelectMany(s => s.Hears).Distinct()
            .ToFrozenDictionary(
                type => type,
                type => Topology.Current.Subscriptions.Where(s => s.Hears.Contains(type)).Select(s => subscriptions[s.Name]).ToArray());
        scheduled = new(time, Activate);
        accepted = new(BusOptions.DuplicateWindow, time, database.RunAsync(AcceptedIds.ReadAll).GetAwaiter().GetResult());
        Read(database.RunAsync(QueuedMessage.ReadAll).GetAwaiter().GetResult());
        expiry = time.CreateTimer(_ => Expire(), null, BusOptions.LockDuration / 12, BusOptions.LockDuration / 12);
    }

    /// <summary>
    /// For turns on messages: nobody outside this process learns of their publications, so they need not wait for the disk.
    /// </summary>
    public IEventBus Unawaited { get; }

    /// <summary>Returns once the messages are on disk, even if all are duplicates: the first copies may not be there yet.</summary>
    /// <exception cref="TransientException">The disk fails, or the database is closed or broken.</exception>
    public async Task PublishAsync(IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation)
    {
        Publish(messages);
        await database.CommittedAsync(unlessDiskFails: true);
        for (var delay = TimeSpan.Zero; delay < BackpressureMax && Waiting > BacklogMax; delay += BackpressureStep)
            await Task.Delay(BackpressureStep, time, cancellation);
    }

    void Publish(IReadOnlyList<OutboundMessage> messages)
    {
        for (var index = 0; index < messages.Count; index++)
        {
            if (messages[index].Id.Length > IdLengthMax)
                throw new ArgumentException($"The message id {messages[index].Id} is longer than {IdLengthMax}.", nameof(messages));
        }
        lock (gate)
        {
            var copies = new List<QueuedMessage>(messages.Count + 1);
            var now = time.GetUtcNow();
            for (var index = 0; index < messages.Count; index++)
            {
                if (accepted.TryAccept(messages[index].Id))
                    AddCopies(copies, messages[index], now);
            }

            database.Enqueue(new Publication(accepted, copies));
            Enqueue(copies);
        }
    }

    /// <summary>Locks an order of the subscription that has a message and no lock; null if there is none.</summary>
    public Delivery? TryReceive(string subscription) => subscriptions[subscription].TryReceive();

    internal Subscription this[string subscription] => subscriptions[subscription];

    public IDeadLetterQueue DeadLetters(string subscription) => subscriptions[subscription].Dead;

    /// <summary>A dead letter, which stays where it is; null if there is none of that id.</summary>
    public DeadLetter? Peek(string subscription, string id) =>
        subscriptions[subscription].Dead.Peek(id) is { } message ? new(message.Type, message.Body) : null;

    public QueueDepth Depth(string subscription) => new(subscriptions[subscription].Count, subscriptions[subscription].Dead.Count);

    int Waiting => subscriptions.Values.Sum(subscription => subscription.Count);

    /// <summary>Scheduled messages of all subscriptions.</summary>
    public int Scheduled => scheduled.Count;

    void AddCopies(List<QueuedMessage> copies, OutboundMessage message, DateTimeOffset now)
    {
        var type = message.Event.GetType().Name;
        if (!subscribersOf.TryGetValue(type, out var subscribers))
            return;
        foreach (var subscription in subscribers)
        {
            copies.Add(new()
            {
                Sequence = ++sequence,
                Subscription = subscription.Name,
                Id = message.Id,
                OrderId = message.OrderId,
                Type = type,
                CausationId = message.CausationId,
                TraceParent = message.TraceParent,
                EnqueuedAt = now,
                RecordedAt = message.RecordedAt,
                Due = message.EnqueueAt > now ? message.EnqueueAt : null,
                Event = message.Event,
            });
        }
    }

    void Enqueue(List<QueuedMessage> messages)
    {
        foreach (var message in messages)
        {
            if (message.Due is { } due)
                scheduled.Add(message, due);
            else
                subscriptions[message.Subscription].Add(message);
        }
    }

    /// <summary>Scheduled messages are due: they go behind everything published meanwhile.</summary>
    void Activate(IReadOnlyList<QueuedMessage> messages)
    {
        lock (gate)
        {
            var moves = new List<(long From, QueuedMessage Message)>(messages.Count);
            foreach (var message in messages)
            {
                moves.Add((message.Sequence, message));
                message.Sequence = ++sequence;
            }
            try
            {
                database.Enqueue(new Activation(moves));
                foreach (var message in messages)
                    subscriptions[message.Subscription].Add(message);
            }
            catch (TransientException)
            {
                // The database is closed: they are due after the restart.
            }
        }
    }

    /// <summary>
    /// Under the lock, so that no overdue scheduled message becomes active before all others are read: it would take the place of another.
    /// </summary>
    void Read(List<(QueuedMessage Message, bool IsDead)> messages)
    {
        lock (gate)
        {
            sequence = messages.Count == 0 ? 0 : messages[^1].Message.Sequence;
            Queue(messages);
        }
    }

    void Queue(List<(QueuedMessage Message, bool IsDead)> messages)
    {
        foreach (var (message, isDead) in messages)
        {
            // A subscription that is no longer in topology.json leaves its messages behind.
            if (!subscriptions.TryGetValue(message.Subscription, out var subscription))
                continue;
            if (isDead)
                subscription.Dead.Add(message);
            else
                Enqueue([message]);
        }
    }

    void Expire()
    {
        try
        {
            foreach (var subscription in subscriptions.Values)
                subscription.ExpireLocks();
            lock (gate)
            {
                if (accepted.Purge() is { } purge)
                    database.Enqueue(purge);
            }
        }
        catch (TransientException)
        {
            // The database is closed.
        }
    }

    public void Dispose()
    {
        expiry.Dispose();
        scheduled.Dispose();
    }

    sealed class Turns(SqliteBus bus) : IEventBus
    {
        public Task PublishAsync(IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation)
        {
            bus.Publish(messages);
            return Task.CompletedTask;
        }
    }

    /// <summary>
    /// In memory its ids are accepted already, so the database stops if it fails. A message that is completed within the same transaction
    /// is never written.
    /// </summary>
    sealed class Publication(AcceptedIds accepted, List<QueuedMessage> copies) : Write
    {
        AcceptedIds.Row? row;

        public override void Queued(long transaction)
        {
            row = accepted.Keep(transaction);
            foreach (var copy in copies)
                copy.Transaction = transaction;
        }

        public override void RunAtCommit(Connection connection)
        {
            row?.Insert(connection);
            foreach (var copy in copies)
            {
                if (!copy.IsWithdrawn)
                    copy.Insert(connection);
            }
        }
    }

    sealed class Activation(List<(long From, QueuedMessage Message)> moves) : Write
    {
        public override void RunAtCommit(Connection connection)
        {
            foreach (var (from, message) in moves)
                connection.Sql("UPDATE message SET sequence = ?, due = NULL WHERE sequence = ?").Bind(message.Sequence).Bind(from).Run();
        }
    }
}

/// <param name="Waiting">Waiting or being handled; scheduled ones not included.</param>
/// <param name="Dead">In the dead-letter queue.</param>
public sealed record QueueDepth(int Waiting, int Dead);
