using System.Collections.Concurrent;

namespace OrderFunctions.Local.Storage;

/// <summary>
/// What is stored of recently used orders, in memory, always as last queued for the file: so nothing is parsed, and a decision need not
/// wait for the writer.
/// </summary>
sealed class RecentOrders(int ordersMax)
{
    readonly ConcurrentDictionary<string, RecentOrder> orders = new(StringComparer.Ordinal);
    readonly ConcurrentQueue<RecentOrder> oldestFirst = new();

    /// <summary>The order's entry in memory; what it does not know must be read from the file.</summary>
    public RecentOrder this[string orderId]
    {
        get
        {
            if (orders.TryGetValue(orderId, out var known))
                return known;
            var order = new RecentOrder(orderId);
            if (!orders.TryAdd(orderId, order))
                return this[orderId];
            oldestFirst.Enqueue(order);
            if (oldestFirst.Count > ordersMax && oldestFirst.TryDequeue(out var oldest))
                Drop(oldest);
            return order;
        }
    }

    /// <summary>Drops the oldest order that was not used since the last round (the clock algorithm).</summary>
    void Drop(RecentOrder order)
    {
        while (order.IsUsed)
        {
            order.IsUsed = false;
            oldestFirst.Enqueue(order);
            if (!oldestFirst.TryDequeue(out order!))
                return;
        }
        lock (order)
            order.IsDropped = true;
        orders.TryRemove(order.OrderId, out _);
    }
}

/// <summary>One order, as far as it is known, in parts: the participants' streams, and what each provider did. Callers lock it.</summary>
sealed class RecentOrder(string orderId)
{
    readonly object?[] parts = new object?[OrderParts.Max];
    int known;

    public string OrderId => orderId;

    /// <summary>It has left memory: others may be using a newer copy.</summary>
    public bool IsDropped { get; set; }

    public bool IsUsed { get; set; }

    /// <summary>Null where nothing is stored of that part.</summary>
    public object? this[int part]
    {
        get => parts[part];
        set
        {
            parts[part] = value;
            known |= 1 << part;
        }
    }

    public bool Knows(int part)
    {
        IsUsed = true;
        return (known & (1 << part)) != 0;
    }

    /// <summary>The order is new: a part that is not known does not exist.</summary>
    public void KnowAll() => known = -1;
}

/// <summary>The numbers of the parts. A participant's stream has the participant's number, which <c>entry.place</c> limits to 15.</summary>
static class OrderParts
{
    public const int Reservations = 16;
    public const int Charges = 17;
    public const int Bookings = 18;
    public const int Notices = 19;
    public const int Max = 20;
}

/// <summary>One part of each order that is decided on in memory; the rows follow behind.</summary>
/// <param name="read">Reads the part's rows of the order with this number.</param>
sealed class OrderPart<T>(Database database, int part, Func<Connection, long, T> read) where T : class, new()
{
    /// <summary>
    /// Calls <paramref name="decide"/> with the part, alone for the order. It changes the part and queues the same change.
    /// </summary>
    public Task<TAnswer> DecideAsync<TAnswer>(string orderId, Func<T, TAnswer> decide)
    {
        var order = database.Recent[orderId];
        lock (order)
        {
            if (Known(order) is { } known)
                return Task.FromResult(decide(known));
        }
        return ReadAndDecideAsync(orderId, decide);
    }

    async Task<TAnswer> ReadAndDecideAsync<TAnswer>(string orderId, Func<T, TAnswer> decide)
    {
        while (true)
        {
            var order = database.Recent[orderId];
            var stored = await database.ReadAtCommitAsync(connection =>
                database.Numbers.Find(connection, orderId) is { } number ? read(connection, number) : new T());
            lock (order)
            {
                if (order.IsDropped)
                    continue;
                return decide(Known(order) ?? Keep(order, stored));
            }
        }
    }

    /// <summary>Null where the part must be read from the file.</summary>
    T? Known(RecentOrder order) =>
        order.IsDropped || !order.Knows(part) ? null : (T?)order[part] ?? Keep(order, new());

    T Keep(RecentOrder order, T value)
    {
        order[part] = value;
        return value;
    }
}

/// <summary>Ids of rows, given in memory.</summary>
/// <param name="newest">Reads the newest one in the file.</param>
sealed class Ids(Database database, string newest)
{
    long last = database.RunAsync(connection => connection.Sql(newest).First(row => row.Long(0))).GetAwaiter().GetResult();

    public long Next() => Interlocked.Increment(ref last);
}
