using System.Collections.Concurrent;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Streams;

/// <summary>A stream as it was saved last.</summary>
/// <param name="Summary">What lists show of the order; null at every participant but Orders.</param>
/// <param name="Version">Counts the saves; its text is the ETag.</param>
/// <param name="EntriesSize">Bytes of all entries.</param>
sealed record StoredStream(OrderStream Stream, OrderSummary? Summary, long Version, int EntriesSize)
{
    /// <summary>Of the save that this came of; null where it was read.</summary>
    public Listing? Listing { get; init; }
}

/// <summary>
/// The streams of the orders that were used last, always as they were saved last: so a load parses nothing, and who saves first is decided in memory.
/// </summary>
sealed class RecentOrders(int ordersMax, int participantsMax)
{
    readonly ConcurrentDictionary<string, RecentOrder> orders = new(StringComparer.Ordinal);
    readonly ConcurrentQueue<RecentOrder> oldestFirst = new();

    /// <summary>The order's place in memory; what is not known there is to be read from the file.</summary>
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

    /// <summary>One that was used since it was looked at last gets another round.</summary>
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

/// <summary>One order's streams, as far as they are known. Lock it to use it.</summary>
sealed class RecentOrder(string orderId, int participantsMax)
{
    readonly StoredStream?[] streams = new StoredStream?[participantsMax];
    int known;

    public string OrderId => orderId;

    /// <summary>It is no longer in memory: others may have gone on with another copy.</summary>
    public bool IsDropped { get; set; }

    public bool IsUsed { get; set; }

    /// <summary>Null where there is none.</summary>
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

    /// <summary>The order is new: whatever is not known of it does not exist.</summary>
    public void KnowAll() => known = -1;
}
