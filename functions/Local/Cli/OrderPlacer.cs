using System.Collections.Concurrent;

namespace OrderFunctions.Local.Cli;

/// <summary>What the placing of a file came to.</summary>
public sealed class Placed
{
    /// <summary>When each order was offered, by its id.</summary>
    public ConcurrentDictionary<string, DateTimeOffset> OfferedAt { get; } = [];

    /// <summary>Orders whose cancellation the API refused, because they were final or could not be called off any more.</summary>
    public ConcurrentDictionary<string, bool> CancellationRefused { get; } = [];

    public ConcurrentQueue<string> Errors { get; } = [];
    int placedBefore;

    /// <summary>Orders that an earlier run had placed.</summary>
    public int PlacedBefore => placedBefore;

    public void CountPlacedBefore() => Interlocked.Increment(ref placedBefore);
}

/// <summary>
/// Places a file's orders through the public API, several at once, each cancellation after the answer to its order. An error names its line and stops
/// nothing else.
/// </summary>
public sealed class OrderPlacer(SagaClient client, OrdersFile file, int concurrency)
{
    /// <summary>Receives <paramref name="received"/> pieces of each SKU that the file names.</summary>
    public async Task ReceiveStockAsync(long received, Placed placed, Action<int, int> progress, CancellationToken cancellation)
    {
        var skus = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var line in file.ReadAsync(cancellation))
            skus.UnionWith(line.Skus);
        var done = 0;
        await Parallel.ForEachAsync(skus, Options(cancellation), async (sku, c) =>
        {
            try
            {
                await client.ReceiveStockAsync(sku, received, c);
            }
            catch (RefusedByApiException e)
            {
                placed.Errors.Enqueue($"stock of {sku}: {e.Message}");
            }
            progress(Interlocked.Increment(ref done), skus.Count);
        });
    }

    /// <summary>How many lines there are to place.</summary>
    public async Task<int> LinesAsync(CancellationToken cancellation) => await file.ReadAsync(cancellation).CountAsync(cancellation);

    public async Task PlaceAsync(Placed placed, Action<int> progress, CancellationToken cancellation)
    {
        // By key: the order's id once it is placed, null where it was refused.
        var placing = new ConcurrentDictionary<string, TaskCompletionSource<string?>>();
        var done = 0;
        await Parallel.ForEachAsync(Registered(placing, cancellation), Options(cancellation), async (line, c) =>
        {
            try
            {
                await PlaceAsync(line, placing, placed, c);
            }
            catch (Exception e) when (e is RefusedByApiException or HttpRequestException)
            {
                placed.Errors.Enqueue($"line {line.Number}: {e.Message}");
            }
            finally
            {
                if (line.Key is { } key)
                    placing[key].TrySetResult(null);
            }
            progress(Interlocked.Increment(ref done));
        });
    }

    ParallelOptions Options(CancellationToken cancellation) => new() { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellation };

    /// <summary>Every order is known before a later line that cancels it is looked at.</summary>
    async IAsyncEnumerable<OrdersFileLine> Registered(
        ConcurrentDictionary<string, TaskCompletionSource<string?>> placing, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var line in file.ReadAsync(cancellation))
        {
            if (line.Key is { } key)
                placing.TryAdd(key, new(TaskCreationOptions.RunContinuationsAsynchronously));
            yield return line;
        }
    }

    async Task PlaceAsync(
        OrdersFileLine line, ConcurrentDictionary<string, TaskCompletionSource<string?>> placing, Placed placed, CancellationToken cancellation)
    {
        if (line.Key is { } key)
        {
            var offeredAt = DateTimeOffset.UtcNow;
            var (id, placedBefore) = await client.PlaceAsync(key, line.Body, cancellation);
            if (placedBefore)
                placed.CountPlacedBefore();
            else
                placed.OfferedAt[id] = offeredAt;
            placing[key].TrySetResult(id);
        }
        else if (line.Cancels is { } cancelled && !placing.ContainsKey(cancelled))
            placed.Errors.Enqueue($"line {line.Number}: it cancels {cancelled}, and no line before it places that order");
        else if (line.Cancels is { } known && await placing[known].Task is { } orderId && !await client.CancelAsync(orderId, cancellation))
            placed.CancellationRefused[orderId] = true;
        else if (line.Error is { } error)
            placed.Errors.Enqueue($"line {line.Number}: {error}");
    }
}
