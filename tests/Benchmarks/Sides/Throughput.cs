using System.Diagnostics;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>Measures a contender from the first order placed to the last order final, after a warm-up.</summary>
static class Throughput
{
    public const string OrdersPerSecond = "orders/s";
    public const string Completed = "completed";
    public const string Rejected = "rejected";
    public const string Cpu = "CPU µs/order";
    public const string Allocated = "KB allocated/order";

    const int WarmUpMax = 10_000;

    /// <summary>Orders waiting to be accepted at any moment.</summary>
    const int AtOnce = 64;

    public static Task<Dictionary<string, double>> MeasureAsync(IContender contender, int orders) =>
        MeasureAsync(contender, Workload.Orders(orders, seed: 2));

    public static async Task<Dictionary<string, double>> MeasureAsync(IContender contender, IReadOnlyList<(Guid Id, PlaceOrder Order)> orders)
    {
        await RunAsync(contender, Workload.Orders(Math.Clamp(orders.Count, 1, WarmUpMax), seed: 1));
        var (completed, rejected) = (contender.Finals.Completed, contender.Finals.Rejected);

        GC.Collect();
        var allocated = GC.GetTotalAllocatedBytes();
        var cpu = Environment.CpuUsage.TotalTime;
        var time = await RunAsync(contender, orders);
        return new()
        {
            [OrdersPerSecond] = orders.Count / time.TotalSeconds,
            [Completed] = contender.Finals.Completed - completed,
            [Rejected] = contender.Finals.Rejected - rejected,
            [Cpu] = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / orders.Count,
            [Allocated] = (GC.GetTotalAllocatedBytes() - allocated) / 1024.0 / orders.Count,
        };
    }

    static async Task<TimeSpan> RunAsync(IContender contender, IReadOnlyList<(Guid Id, PlaceOrder Order)> orders)
    {
        var all = contender.Finals.Completed + contender.Finals.Rejected + orders.Count;
        var started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            orders, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (order, _) => await contender.PlaceAsync(order.Id, order.Order));
        await contender.Finals.ReachAsync(all);
        await contender.SettledAsync();
        return Stopwatch.GetElapsedTime(started);
    }
}
