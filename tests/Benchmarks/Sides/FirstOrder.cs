using System.Diagnostics;
using OrderFunctions.Local;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>How long a host that starts on a file takes to accept its first order.</summary>
static class FirstOrder
{
    public const string Seconds = "seconds to the first order";

    public static async Task<Dictionary<string, double>> MeasureAsync(string data)
    {
        var started = Stopwatch.GetTimestamp();
        await using var host = await LocalHost.StartAsync(data, port: 0);
        using var http = new HttpClient { BaseAddress = host.Address };
        await PostedOrder.PlaceAsync(http, Workload.Completing(1)[0].Order);
        return new() { [Seconds] = Stopwatch.GetElapsedTime(started).TotalSeconds };
    }
}
