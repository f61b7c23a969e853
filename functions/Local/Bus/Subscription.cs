using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Bus;

/// <summary>
/// One subscription's messages: a queue per order, which one consumer at a time has locked, and a dead-letter queue. An index in memory
/// over the rows of <c>message</c>; every change of it is queued for the file before the gate opens, so that both go through the same
/// states.
/// </summary>
sealed class Subscription(string name, Database database, BusOptions options, TimeProvider time)
{
    readonly Lock gate = new();
    readonly Dictionary<string, OrderQueue> orders = new(StringComparer.Ordinal);
    readonly HashSet<OrderQueue> locked = [];

    // Orders that have a message and no holder, the longest waiting first. Where somebody takes them as they become free, it is empty.
    readonly Queue<OrderQueue> free = new();
    Action<OrderQueue>? taker;

    public string Name => name;
    public DeadLetterQueue Dead { get; } = new(name, database, time);

    /// <summary>Messages not yet completed, including those being handled.</summary>
    public int Count { get; private set; }

    /// <summary>Enqueues a message behind the others of its order.</summary>
    public void Add(QueuedMessage message)
    {
        lock (gate)
        {
            Count++;
            if (orders.TryGetValue(message.OrderId, out var order))
            {
                order.Enqueue(message);
                if (order.Holder is null && order.Head == message)
                    Offer(order);
                return;
            }
            order = orders[message.OrderId] = new(message.OrderId);
            order.Enqueue(message);
            Offer(order);
        }
    }

    /// <summary>
    /// From now on calls <paramref name="taker"/> with each order that is free and has a message. It must be quick, and lock the order some
    /// time, from another call.
    /// </summary>
    public void Attach(Action<OrderQueue> taker)
    {
        lock (gate)
        {
            this.taker = taker;
            while (free.TryDequeue(out var order))
                taker(order);
        }
    }

    void Offer(OrderQueue order)
    {
        if (taker is not null)
            taker(order);
        else
            free.Enqueue(order);
    }

    /// <summary>Locks the order that has waited longest, and delivers its next message; null if there is none.</summary>
    public Delivery? TryReceive()
    {
        lock (gate)
            return free.TryDequeue(out var order) ? Lock(order) : null;
    }

    /// <summary>Locks an order that is free, and delivers its next message.</summary>
    public Delivery Lock(OrderQueue order)
    {
        lock (gate)
        {
            var message = order.Head!;
            message.Deliveries++;
            order.Holder = new(this, order, message);
            order.LockedUntil = LockEnd();
            locked.Add(order);

            // Queued before anything that the consumer can cause, so that the count is on disk first. A first delivery need not be written:
            // every message that is read from the file counts as delivered once.
            if (message.Deliveries > 1)
                database.Enqueue(new Delivered(message.Sequence, message.Deliveries));
            return order.Holder;
        }
    }

    public void Complete(Delivery delivery)
    {
        lock (gate)
            Remove(Settled(delivery));
    }

    public void Abandon(Delivery delivery)
    {
        lock (gate)
            AbandonOrDeadLetter(Settled(delivery));
    }

    public void DeadLetter(Delivery delivery, string reason, string description)
    {
        lock (gate)
            DeadLetter(Settled(delivery), reason, description);
    }

    public void Release(Delivery delivery)
    {
        lock (gate)
            Unlock(Held(delivery));
    }

    public void Renew(Delivery delivery)
    {
        lock (gate)
            Held(delivery).LockedUntil = LockEnd();
    }

    /// <summary>Ends the locks that have expired.</summary>
    public void ExpireLocks()
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            foreach (var order in locked.Where(order => order.LockedUntil <= now).ToList())
            {
                if (!order.Holder!.IsSettled)
                    AbandonOrDeadLetter(order);
                Unlock(order);
            }
        }
    }

    OrderQueue Held(Delivery delivery) =>
        delivery.Order.Holder == delivery && delivery.Order.LockedUntil > time.GetTimestamp()
            ? delivery.Order
            : throw new LockLostException($"The lock on {delivery.Message.Id} at {name} is lost.");

    OrderQueue Settled(Delivery delivery)
    {
        var order = Held(delivery);
        if (delivery.IsSettled)
            throw new LockLostException($"{delivery.Message.Id} at {name} is settled already.");
        delivery.IsSettled = true;
        return order;
    }

    void Unlock(OrderQueue order)
    {
        order.Holder = null;
        locked.Remove(order);
        if (order.Head is not null)
            Offer(order);
        else
            orders.Remove(order.OrderId);
    }

    void AbandonOrDeadLetter(OrderQueue order)
    {
        if (order.Head!.Deliveries >= options.DeliveriesMax)
            DeadLetter(order, "MaxDeliveryCountExceeded", $"Delivered {options.DeliveriesMax} times.");
    }

    void Remove(OrderQueue order)
    {
        Count--;
        var message = order.Dequeue();
        if (!database.TryWithdraw(message.Transaction, message, static message => message.IsWithdrawn = true))
            database.Enqueue(new CompletedMessage(message.Sequence));
    }

    void DeadLetter(OrderQueue order, string reason, string description)
    {
        Count--;
        var message = order.Dequeue();
        database.Enqueue(new DeadLettered(message.Sequence, reason, description));
        Dead.Add(message);
    }

    long LockEnd() => time.GetTimestamp() + (long)(BusOptions.LockDuration.TotalSeconds * time.TimestampFrequency);

    sealed class Delivered(long sequence, int deliveries) : Write
    {
        public override void RunAtCommit(Connection connection) =>
            connection.Sql("UPDATE message SET deliveries = ? WHERE sequence = ?").Bind(deliveries).Bind(sequence).Run();
    }

    sealed class DeadLettered(long sequence, string reason, string description) : Write
    {
        public override void RunAtCommit(Connection connection) => connection
            .Sql("UPDATE message SET dead_reason = ?, dead_description = ? WHERE sequence = ?")
            .Bind(reason).Bind(description).Bind(sequence).Run();
    }
}

/// <summary>Deletes a message that is completed.</summary>
sealed class CompletedMessage(long sequence) : Write
{
    public override void RunAtCommit(Connection connection) =>
        connection.Sql("DELETE FROM message WHERE sequence = ?").Bind(sequence).Run();
}

/// <summary>A subscription's messages of one order. Queued on the thread pool, it has its pump handle the next one.</summary>
sealed class OrderQueue(string orderId) : IThreadPoolWorkItem
{
    QueuedMessage? last;

    public string OrderId => orderId;

    /// <summary>Who handles its messages.</summary>
    public Pump? Pump { get; set; }

    public void Execute() => _ = Pump!.RunAsync(this);

    /// <summary>The message that is next; null where there is none.</summary>
    public QueuedMessage? Head { get; private set; }

    /// <summary>The delivery that holds the lock: only the latest one may settle its message.</summary>
    public Delivery? Holder { get; set; }

    public long LockedUntil { get; set; }

    public void Enqueue(QueuedMessage message)
    {
        if (Head is null)
            Head = message;
        else
            last!.Next = message;
        last = message;
    }

    public QueuedMessage Dequeue()
    {
        var head = Head!;
        (Head, head.Next) = (head.Next, null);
        return head;
    }
}
