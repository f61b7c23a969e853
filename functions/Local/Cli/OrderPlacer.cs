using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace OrderFunctions.Local.Cli;

/// <summary>The outcome of placing a file.</summary>
public sealed class Placed
{
    /// <summary>When each order was sent, by its id.</summary>
    public ConcurrentDictionary<string, DateTimeOffset> SentAt { get; } = [];

    /// <summary>Orders whose cancellation the API refused because it came too late.</summary>
    public ConcurrentDictionary<string, bool> CancellationRefused { get; } = [];

    /// <summary>What was not placed.</summary>
    public ConcurrentQueue<LineProblem> Problems { get; } = [];

    /// <summary>The ids of orders that an earlier run had placed.</summary>
    public ConcurrentQueue<string> PlacedBefore { get; } = [];

    internal int ExitStatus => Problems.IsEmpty ? Exit.Done : Problems.All(one => one.IsRefusal) ? Exit.SomeRefused : Exit.Failed;
}

/// <param name="Line">Its number; 0 for what is not about one line.</param>
/// <param name="Key">Of its order, as far as it can be read.</param>
/// <param name="IsRefusal">The line is to blame. Otherwise the system could not be asked, or was busy for too long.</param>
public sealed record LineProblem(int Line, string? Key, string Problem, bool IsRefusal)
{
    public override string ToString() =>
        Line == 0 ? Problem : Key is null ? $"line {Line}: {Problem}" : $"line {Line}, key {Key}: {Problem}";
}

/// <summary>
/// Places a file's orders through the public API, several at once, and each cancellation once its order is accepted. An error names its
/// line and does not stop the others.
/// </summary>
/// <param name="client">The API.</param>
/// <param name="file">The lines to place.</param>
/// <param name="concurrency">Lines that are placed at once, at most.</param>
/// <param name="rate">Lines to begin with per second, at most; null for no limit.</param>
public sealed class OrderPlacer(ApiClient client, OrdersFile file, int concurrency, double? rate = null)
{
    /// <summary>Sets the stock received of each SKU.</summary>
    public async Task ReceiveStockAsync(
        IReadOnlySet<string> skus, long received, Placed placed, Action<int> progress, CancellationToken cancellation)
    {
        var done = 0;
        await Parallel.ForEachAsync(skus, Options(cancellation), async (sku, c) =>
        {
            try
            {
                await client.ReceiveStockAsync(sku, received, c);
            }
            catch (RefusedByApiException e)
            {
                placed.Problems.Enqueue(new(0, null, $"stock of {sku}: {e.Message}", e.IsAboutRequest));
            }
            progress(Interlocked.Increment(ref done));
        });
    }

    public async Task PlaceAsync(Placed placed, Action<int> progress, CancellationToken cancellation)
    {
        // By key: the order's id once it is placed; null if it was refused.
        var placing = new ConcurrentDictionary<string, TaskCompletionSource<string?>>();
        var done = 0;
        await Parallel.ForEachAsync(Registered(placing, cancellation), Options(cancellation), async (line, c) =>
        {
            try
            {
                await PlaceAsync(line, placing, placed, c);
            }
            catch (Exception e) when (ApiClient.IsFailure(e) && !c.IsCancellationRequested)
            {
                placed.Problems.Enqueue(new(line.Number, line.Key, e.Message, e is RefusedByApiException { IsAboutRequest: true }));
            }
            finally
            {
                if (line.Key is { } key)
                    placing[key].TrySetResult(null);
            }
            progress(Interlocked.Increment(ref done));
        });
    }

    ParallelOptions Options(CancellationToken cancellation) =>
        new() { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellation };

    /// <summary>Registers each order before a later line can cancel it, and keeps to the rate.</summary>
    async IAsyncEnumerable<OrdersFileLine> Registered(
        ConcurrentDictionary<string, TaskCompletionSource<string?>> placing, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var started = Stopwatch.StartNew();
        var count = 0;
        await foreach (var line in file.ReadAsync(cancellation))
        {
            if (rate is { } perSecond && TimeSpan.FromSeconds(count++ / perSecond) - started.Elapsed is { Ticks: > 0 } early)
                await Task.Delay(early, cancellation);
            if (line.Key is { } key)
                placing.TryAdd(key, new(TaskCreationOptions.RunContinuationsAsynchronously));
            yield return line;
        }
    }

    async Task PlaceAsync(
        OrdersFileLine line, ConcurrentDictionary<string, TaskCompletionSource<string?>> placing, Placed placed,
        CancellationToken cancellation)
    {
        if (line.Key is { } key)
        {
            var sentAt = DateTimeOffset.UtcNow;
            var (id, placedBefore) = await client.PlaceAsync(key, line.Body, cancellation);
            if (placedBefore)
                placed.PlacedBefore.Enqueue(id);
            else
                placed.SentAt[id] = sentAt;
            placing[key].TrySetResult(id);
        }
        else if (line.Cancels is { } cancelled && !placing.ContainsKey(cancelled))
            placed.Problems.Enqueue(new(line.Number, null, $"it cancels {cancelled}, which no earlier line places", IsRefusal: true));
        else if (line.Cancels is { } known && await placing[known].Task is { } orderId && !await client.CancelAsync(orderId, cancellation))
            placed.CancellationRefused[orderId] = true;
        else if (line.Error is { } error)
            placed.Problems.Enqueue(new(line.Number, null, error, IsRefusal: true));
    }
}
