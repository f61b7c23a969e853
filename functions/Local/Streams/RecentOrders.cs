using System.Collections.Concurrent;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Streams;

/// <summary>A stream as last saved.</summary>
/// <param name="Summary">What lists show of the order; null at every participant but Orders.</param>
/// <param name="Version">Counts the saves; its text is the ETag.</param>
/// <param name="EntriesSize">Bytes of all entries.</param>
sealed record StoredStream(OrderStream Stream, OrderSummary? Summary, long Version, int EntriesSize)
{
    /// <summary>Of the save that produced this; null if it was read.</summary>
    public Listing? Listing { get; init; }
}

/// <summary>
/// The streams of recently used orders, always as last saved: so a load parses nothing, and a conflict is found in memory.
/// </summary>
sealed class RecentOrders(int ordersMax, int participantsMax)
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
            var order = new RecentOrder(orderId, participantsMax);
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

/// <summary>One order's streams, as far as they are known. Callers lock it.</summary>
sealed class RecentOrder(string orderId, int participantsMax)
{
    readonly StoredStream?[] streams = new StoredStream?[participantsMax];
    int known;

    public string OrderId => orderId;

    /// <summary>It has left memory: others may be using a newer copy.</summary>
    public bool IsDropped { get; set; }

    public bool IsUsed { get; set; }

    /// <summary>Null if there is no stream.</summary>
    public StoredStream? this[int participant]
    {
        get => streams[participant];
        set
        {
            streams[participant] = value;
            known |= 1 << participant;
        }
    }

    public bool Knows(int participant)
    {
        IsUsed = true;
        return (known & (1 << participant)) != 0;
    }

    /// <summary>The order is new: a stream that is not known does not exist.</summary>
    public void KnowAll() => known = -1;
}
