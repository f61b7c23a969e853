using System.Globalization;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>
/// One participant's streams with ETags. Others may write too, and a document may be broken or full until somebody fixes it.
/// </summary>
sealed class SimulatedStore(World world, string participant)
{
    readonly Dictionary<string, OrderStream> streams = [];
    readonly Dictionary<string, OrderSummary?> summaries = [];
    readonly Dictionary<string, DateTimeOffset> pending = [];
    readonly HashSet<string> unreadable = [];
    readonly HashSet<string> tooLarge = [];
    readonly HashSet<string> wereTooLarge = [];
    long version;

    public Service Service { get; } = new("store", Fault.StoreBusy, Fault.StoreAnswerLost, Fault.StoreDown);

    /// <summary>Until then every save conflicts with another writer.</summary>
    public DateTimeOffset ContendedUntil { get; set; }

    public string Participant => participant;

    public OrderStream? this[string orderId] => streams.GetValueOrDefault(orderId);

    /// <summary>The order's summary, which lists show.</summary>
    public OrderSummary? Summary(string orderId) => summaries.GetValueOrDefault(orderId);

    public IReadOnlyCollection<OrderStream> Streams => streams.Values;

    /// <summary>Orders with events that a crash may have left unpublished.</summary>
    public IReadOnlyCollection<string> PendingOrders => pending.Keys;

    /// <summary>How often an order came to have, or ceased to have, such events.</summary>
    public long PendingChanges { get; private set; }

    public OrderStream? Load(string orderId, Host reader)
    {
        if (!streams.TryGetValue(orderId, out var stream))
            return null;
        if (world.Faults.Strike(Fault.StreamUnreadable))
            unreadable.Add(orderId);
        if (unreadable.Contains(orderId))
            throw new InvalidDataException("The document cannot be read.");
        if (!world.Versions.CanRead(reader, stream))
        {
            world.Reach.Saw(Branch.StreamOfNextVersionRefused);
            throw new InvalidDataException("There is no event named OfALaterVersion.");
        }
        if (world.Faults.Strike(Fault.StreamTooLarge))
        {
            tooLarge.Add(orderId);
            wereTooLarge.Add(orderId);
        }
        return tooLarge.Contains(orderId) ? stream with { Size = OrderStream.SizeMax + 1 } : stream;
    }

    public void Save(OrderStream stream, OrderSummary? summary, Host writer)
    {
        var before = this[stream.OrderId];
        if (before is not null && world.Scheduler.Now < ContendedUntil)
        {
            world.Faults.Happened(Fault.StoreContended);
            streams[stream.OrderId] = before with { ETag = NextETag() };
            throw Conflict(stream);
        }
        if (stream.ETag != before?.ETag)
            throw Conflict(stream);

        var known = before ?? OrderStream.Empty(stream.OrderId);
        world.Invariants.Saving(participant, known with { Size = stream.Size }, stream);
        var stored = world.Wire.Stored(stream, known, byNext: writer.IsNext);
        world.Versions.Saved(writer, known, stored);
        streams[stream.OrderId] = stored with { ETag = NextETag(), Size = 0 };
        summaries[stream.OrderId] = summary;
        if (stream.PendingSince is { } since)
        {
            PendingChanges += pending.TryAdd(stream.OrderId, since) ? 1 : 0;
            pending[stream.OrderId] = since;
        }
        else
            PendingChanges += pending.Remove(stream.OrderId) ? 1 : 0;
        if (participant is not Participants.Orders || pending.Count == 0)
            return;
        if (stream.PendingSince is not null)
            world.Upkeep(participant).Wake();
        if (pending.Count > 1)
            world.Operations.BreakStream(this, pending.MinBy(order => order.Value).Key);
    }

    public IReadOnlyList<string> Pending(DateTimeOffset before, int max) =>
        [.. pending.Where(order => order.Value < before).OrderBy(order => order.Value).Take(max).Select(order => order.Key)];

    /// <summary>Whether it was too large once. If so, an operator must confirm that there is room again.</summary>
    public bool WasTooLarge(string orderId) => wereTooLarge.Contains(orderId);

    public bool IsReadable(string orderId) => !unreadable.Contains(orderId);

    public void MakeReadable() => unreadable.Clear();

    public void MakeUnreadable(string orderId) => unreadable.Add(orderId);

    public void MakeRoom() => tooLarge.Clear();

    StreamConflictException Conflict(OrderStream stream)
    {
        world.Reach.Saw(stream.Entries is [.., { Via: Via.Republished }] ? Branch.RepublishedMarkLostRace : Branch.Conflict);
        return new(stream.OrderId);
    }

    string NextETag() => (++version).ToString(CultureInfo.InvariantCulture);
}

sealed class StorePort(Host host, SimulatedStore store) : IStreamStore
{
    public Task<OrderStream?> LoadAsync(string orderId, CancellationToken cancellation) =>
        host.CallAsync(store.Service, "loads", orderId, () => store.Load(orderId, host), cancellation);

    public Task SaveAsync(OrderStream stream, OrderSummary? summary, CancellationToken cancellation) =>
        host.CallAsync(store.Service, "saves", stream.OrderId, () => store.Save(stream, summary, host), cancellation);

    public Task<IReadOnlyList<string>> PendingAsync(DateTimeOffset before, int max, CancellationToken cancellation) =>
        host.CallAsync(store.Service, "looks for unpublished", store.Participant, () => store.Pending(before, max), cancellation);
}
