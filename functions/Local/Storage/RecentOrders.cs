using System.Collections.Concurrent;

namespace OrderFunctions.Local.Storage;

/// <summary>
/// What is stored of recently used orders, in memory, always as last queued for the file: so nothing is parsed, and a decision need not
/// wait for the writer. The newest quarter of them is kept whole, and only one part of the others.
/// </summary>
sealed class RecentOrders(int ordersMax)
{
    /// <summary>How many old orders are looked at for each new one, to find some that can be dropped.</summary>
    const int LooksMax = 16;

    readonly int wholeMax = Math.Max(1, ordersMax / 4);
    readonly ConcurrentDictionary<string, RecentOrder> orders = new(StringComparer.Ordinal);

    // Both the oldest first.
    readonly ConcurrentQueue<RecentOrder> whole = new();
    readonly ConcurrentQueue<RecentOrder> thin = new();

    /// <summary>The part that is kept longest.</summary>
    public int KeptPart { get; set; }

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
            whole.Enqueue(order);
            if (whole.Count > wholeMax)
                ThinOne();
            return order;
        }
    }

    /// <summary>
    /// The order's entry, which stays in memory meanwhile. Otherwise, where few orders fit, many callers could drop each other's for ever.
    /// </summary>
    public HeldOrder Hold(string orderId)
    {
        while (true)
        {
            var order = this[orderId];
            lock (order)
            {
                if (order.IsDropped)
                    continue;
                order.Holders++;
                return new(order);
            }
        }
    }

    void ThinOne()
    {
        if (!whole.TryDequeue(out var order))
            return;
        lock (order)
        {
            if (order.Holders == 0)
                order.KeepOnly(KeptPart);
        }
        thin.Enqueue(order);
        DropOldest();
    }

    /// <summary>
    /// Drops the oldest orders that were not used since the last round (the clock algorithm) and that nobody holds, until there are few
    /// enough or it has looked at <see cref="LooksMax"/>. So while many are held, more stay in memory than should.
    /// </summary>
    void DropOldest()
    {
        for (var looks = 0; looks < LooksMax && thin.Count > ordersMax - wholeMax && thin.TryDequeue(out var order); looks++)
        {
            lock (order)
            {
                order.IsDropped = !order.IsUsed && order.Holders == 0;
                order.IsUsed = false;
            }
            if (order.IsDropped)
            {
                orders.TryRemove(order.OrderId, out _);
                continue;
            }
            thin.Enqueue(order);
        }
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

    /// <summary>How many keep it in memory (<see cref="RecentOrders.Hold"/>).</summary>
    public int Holders { get; set; }

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

    /// <summary>Forgets all other parts: they must be read from the file.</summary>
    public void KeepOnly(int part)
    {
        var kept = parts[part];
        Array.Clear(parts);
        parts[part] = kept;
        known &= 1 << part;
    }
}

/// <summary>Keeps an order in memory until it is disposed of.</summary>
readonly struct HeldOrder(RecentOrder order) : IDisposable
{
    public RecentOrder Order => order;

    public void Dispose()
    {
        lock (order)
            order.Holders--;
    }
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
            if (!order.IsDropped && Known(order) is { } known)
                return Task.FromResult(decide(known));
        }
        return ReadAndDecideAsync(orderId, decide);
    }

    async Task<TAnswer> ReadAndDecideAsync<TAnswer>(string orderId, Func<T, TAnswer> decide)
    {
        using var held = database.Recent.Hold(orderId);
        var stored = await database.ReadAtCommitAsync(connection =>
            database.Numbers.Find(connection, orderId) is { } number ? read(connection, number) : new T());
        lock (held.Order)
            return decide(Known(held.Order) ?? Keep(held.Order, stored));
    }

    /// <summary>Null where the part must be read from the file.</summary>
    T? Known(RecentOrder order) => order.Knows(part) ? (T?)order[part] ?? Keep(order, new()) : null;

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
