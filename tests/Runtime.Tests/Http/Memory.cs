using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http.Tests;

/// <summary>Streams in a dictionary, with the conflicts of a real store.</summary>
sealed class MemoryStreams : IStreamStore, IOrderQueries
{
    readonly Lock gate = new();
    readonly Dictionary<string, OrderStream> streams = [];
    readonly Dictionary<string, OrderSummary?> summaries = [];
    int version;

    public int Count => streams.Count;

    public int Writes => version;

    public bool IsUnavailable { get; set; }

    /// <summary>How the store changes a stream by storing it, such as its numbers.</summary>
    public Func<OrderStream, OrderStream> AsStored { get; set; } = stream => stream;

    /// <summary>Loads take until then.</summary>
    public Task Pause { get; set; } = Task.CompletedTask;

    public OrderStream? this[string orderId] => streams.GetValueOrDefault(orderId);

    public async Task<OrderStream?> LoadAsync(string orderId, CancellationToken cancellation)
    {
        await Task.Yield();
        await Pause.WaitAsync(cancellation);
        lock (gate)
        {
            ThrowIfUnavailable();
            return streams.GetValueOrDefault(orderId);
        }
    }

    public async Task SaveAsync(OrderStream stream, OrderSummary? summary, CancellationToken cancellation)
    {
        await Task.Yield();
        lock (gate)
        {
            ThrowIfUnavailable();
            if (streams.GetValueOrDefault(stream.OrderId)?.ETag != stream.ETag)
                throw new StreamConflictException(stream.OrderId);
            summaries[stream.OrderId] = summary;
            streams[stream.OrderId] = AsStored(stream) with { ETag = (++version).ToString(CultureInfo.InvariantCulture) };
        }
    }

    public Task<IReadOnlyList<string>> PendingAsync(DateTimeOffset before, int max, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<OrderPage> ListAsync(OrderFilter filter, CancellationToken cancellation)
    {
        lock (gate)
        {
            ThrowIfUnavailable();
            var first = filter.After is null ? 0 : int.Parse(filter.After, NumberStyles.None, CultureInfo.InvariantCulture);
            var found = summaries.Values.OfType<OrderSummary>()
                .Where(order => filter.Status is null || order.Status == filter.Status)
                .Where(order => !filter.Parked || order.ParkedNow.Any())
                .Where(order => new[] { order.OrderId, order.CustomerId, order.IdempotencyKey ?? "" }
                    .Any(text => text.StartsWith(filter.Text ?? "", StringComparison.Ordinal)))
                .Where(order => filter.From is not { } from || order.PlacedAt >= from)
                .Where(order => filter.To is not { } to || order.PlacedAt < to)
                .Where(order => filter.Sku is null || Placed(order).Lines.Any(line => line.Sku == filter.Sku))
                .Where(order => filter.TrackingId is null || order.TrackingId == filter.TrackingId)
                .Where(order => filter.Contains is null || order.CustomerId.Contains(filter.Contains, StringComparison.OrdinalIgnoreCase))
                .OrderByDescending(order => order.PlacedAt).ThenBy(order => order.OrderId)
                .Skip(first).Take(filter.Limit + 1).ToList();
            var more = found.Count > filter.Limit;
            return Task.FromResult(new OrderPage(
                [.. found.Take(filter.Limit)], more ? (first + filter.Limit).ToString(CultureInfo.InvariantCulture) : null));
        }
    }

    OrderCreated Placed(OrderSummary order) => streams[order.OrderId].History.OfType<OrderCreated>().First();

    public Task<OrderCounts> CountAsync(CancellationToken cancellation)
    {
        lock (gate)
        {
            ThrowIfUnavailable();
            var orders = summaries.Values.OfType<OrderSummary>().ToList();
            var parked = orders.SelectMany(order => order.ParkedNow).ToList();
            return Task.FromResult(new OrderCounts(
                orders.CountBy(order => order.Status).ToDictionary(count => count.Key, count => (long)count.Value),
                orders.Count(order => order.ParkedNow.Any()),
                orders.Where(order => !order.IsFinal).Min(order => (DateTimeOffset?)order.PlacedAt),
                parked.Min(place => place.Value.Since)));
        }
    }

    public Task<IReadOnlyDictionary<OrderFacts, long>> CountFactsAsync(CancellationToken cancellation)
    {
        lock (gate)
        {
            ThrowIfUnavailable();
            return Task.FromResult<IReadOnlyDictionary<OrderFacts, long>>(
                Enum.GetValues<OrderFacts>().Where(fact => fact is not OrderFacts.None).ToDictionary(
                    fact => fact, fact => summaries.Values.LongCount(summary => summary?.Facts.HasFlag(fact) is true)));
        }
    }

    void ThrowIfUnavailable()
    {
        if (IsUnavailable)
            throw new TransientException("The store is unavailable.");
    }
}

sealed class MemoryBus : IEventBus
{
    public ConcurrentQueue<OutboundMessage> Published { get; } = new();

    public bool IsUnavailable { get; set; }

    public Task PublishAsync(IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation)
    {
        // In the task, as a real bus fails: a caller that does not wait for it would not notice.
        if (IsUnavailable)
            return Task.FromException(new TransientException("The bus is unavailable."));
        foreach (var message in messages)
            Published.Enqueue(message);
        return Task.CompletedTask;
    }
}

/// <summary>Stock whose levels tests set as they need.</summary>
sealed class MemoryStock : IStock
{
    public ConcurrentDictionary<(string Warehouse, string Sku), StockLevel> Levels { get; } = new();

    public bool IsUnavailable { get; set; }

    public Task<StockLevel?> SetReceivedAsync(
        string warehouse, string sku, long received, CancellationToken cancellation, Caller? by = null)
    {
        ThrowIfUnavailable();
        var level = Levels.GetValueOrDefault((warehouse, sku)) ?? new StockLevel(sku, warehouse, 0, 0, 0, 0);
        if (received < level.Reserved + level.Consumed)
            return Task.FromResult<StockLevel?>(null);
        Levels[(warehouse, sku)] = level = level with { Received = received, Available = received - level.Reserved - level.Consumed };
        return Task.FromResult<StockLevel?>(level);
    }

    public Task<StockLevel?> LevelAsync(string warehouse, string sku, CancellationToken cancellation)
    {
        ThrowIfUnavailable();
        return Task.FromResult(Levels.GetValueOrDefault((warehouse, sku)));
    }

    public Task<Answer> ReserveAsync(string orderId, string warehouse, IReadOnlyList<StockLine> lines, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<StockReleased> ReleaseAsync(string orderId, string warehouse, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<StockConsumed> ConsumeAsync(string orderId, string warehouse, CancellationToken cancellation) =>
        throw new NotSupportedException();

    void ThrowIfUnavailable()
    {
        if (IsUnavailable)
            throw new TransientException("The stock is unavailable.");
    }
}
