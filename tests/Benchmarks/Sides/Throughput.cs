using System.Diagnostics;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>Measures a contender from the first order placed to the last one final, after a warm-up.</summary>
static class Throughput
{
    public const string OrdersPerSecond = "orders/s";
    public const string Completed = "completed";
    public const string Rejected = "rejected";

    const int WarmUpMax = 2_000;

    /// <param name="atOnce">Orders that wait to be accepted at any moment.</param>
    public static async Task<Dictionary<string, double>> MeasureAsync(IContender contender, int orders, int atOnce = 64)
    {
        await RunAsync(contender, Math.Clamp(orders, 1, WarmUpMax), seed: 1, atOnce);
        var (completed, rejected) = (contender.Finals.Completed, contender.Finals.Rejected);

        GC.Collect();
        var allocated = GC.GetTotalAllocatedBytes();
        var cpu = Environment.CpuUsage.TotalTime;
        var time = await RunAsync(contender, orders, seed: 2, atOnce);
        return new()
        {
            [OrdersPerSecond] = orders / time.TotalSeconds,
            [Completed] = contender.Finals.Completed - completed,
            [Rejected] = contender.Finals.Rejected - rejected,
            ["CPU µs/order"] = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / orders,
            ["KB allocated/order"] = (GC.GetTotalAllocatedBytes() - allocated) / 1024.0 / orders,
        };
    }

    static async Task<TimeSpan> RunAsync(IContender contender, int count, int seed, int atOnce)
    {
        var orders = Workload.Orders(count, seed);
        var all = contender.Finals.Completed + contender.Finals.Rejected + count;
        var started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            orders, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (order, _) => await contender.PlaceAsync(order.Id, order.Order));
        await contender.Finals.ReachAsync(all);
        await contender.SettledAsync();
        return Stopwatch.GetElapsedTime(started);
    }
}
