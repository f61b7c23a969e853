using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrderFunctions.Benchmarks.Reporting;
using OrderFunctions.Http;
using OrderFunctions.Local;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>How long an order takes from POST to final on the durable host. The simulated carrier picks up immediately.</summary>
static class Latency
{
    public const string StartSeconds = "seconds to the first order";
    public static readonly IReadOnlyList<double> Shares = [0.1, 0.5, 0.9];

    static readonly JsonSerializerOptions OrderJson = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };
    static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(1);
    static readonly TimeSpan RateTime = TimeSpan.FromSeconds(5);

    public static string Quantity(string when, double percentile) => $"{when}: p{100 * percentile:0} ms";

    public const string OneAtATime = "one at a time";

    public static string AtShare(double share) => $"at {100 * share:0} % of the maximum rate";

    public static async Task<Dictionary<string, double>> MeasureAsync(HttpClients clients, int orders)
    {
        var measured = new Dictionary<string, double>();
        var most = (await Throughput.MeasureAsync(clients, orders * 4))[Throughput.OrdersPerSecond];
        measured["maximum: orders/s"] = most;
        Add(measured, OneAtATime, await OneByOneAsync(clients, orders));
        foreach (var share in Shares)
            Add(measured, AtShare(share), await AtRateAsync(clients, share * most));
        return measured;
    }

    static void Add(Dictionary<string, double> measured, string when, Samples milliseconds)
    {
        foreach (var percentile in (double[])[0.5, 0.95, 0.99])
            measured[Quantity(when, percentile)] = milliseconds.At(percentile);
    }

    /// <summary>The latency seen by a customer who polls every millisecond.</summary>
    static async Task<Samples> OneByOneAsync(HttpClients clients, int orders)
    {
        var milliseconds = new List<double>();
        foreach (var order in Completing(orders))
        {
            var started = Stopwatch.GetTimestamp();
            var id = await clients.PlaceAsync(order);
            while ((await StatusAsync(clients, id)).FinalAt is null)
                await Task.Delay(PollInterval);
            milliseconds.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        return new(milliseconds);
    }

    /// <summary>
    /// Sends orders on a fixed schedule, whether or not earlier ones are done. Each order's time counts from when it was due, so that a
    /// host that falls behind cannot hide it.
    /// </summary>
    static async Task<Samples> AtRateAsync(HttpClients clients, double rate)
    {
        var placing = new List<Task<(string Id, DateTimeOffset Due)>>();
        var started = TimeProvider.System.GetUtcNow();
        foreach (var order in Completing((int)(rate * RateTime.TotalSeconds)))
        {
            var due = started + TimeSpan.FromSeconds(placing.Count / rate);
            while (due - TimeProvider.System.GetUtcNow() is { Ticks: > 0 } pause)
                await Task.Delay(pause < PollInterval ? PollInterval : pause);
            placing.Add(PlaceAsync(order, due));
        }
        var milliseconds = new List<double>();
        foreach (var (id, due) in await Task.WhenAll(placing))
        {
            DateTimeOffset? final;
            while ((final = (await StatusAsync(clients, id)).FinalAt) is null)
                await Task.Delay(PollInterval);
            milliseconds.Add((final.Value - due).TotalMilliseconds);
        }
        return new(milliseconds);

        async Task<(string, DateTimeOffset)> PlaceAsync(PlaceOrder order, DateTimeOffset due) => (await clients.PlaceAsync(order), due);
    }

    static IEnumerable<PlaceOrder> Completing(int count) => Workload.Completing(count).Select(order => order.Order);

    static async Task<OrderBody> StatusAsync(HttpClients clients, string id) =>
        (await clients.Http.GetFromJsonAsync<OrderBody>($"api/orders/{id}", OrderJson))!;

    /// <summary>How long a host that starts on this file takes to accept its first order.</summary>
    public static async Task<Dictionary<string, double>> StartAsync(string data)
    {
        var started = Stopwatch.GetTimestamp();
        await using var host = await LocalHost.StartAsync(data, port: 0);
        using var http = new HttpClient { BaseAddress = host.Address };
        using var answer = await http.PostAsJsonAsync("api/orders", PostedOrder.Of(Completing(1).First()));
        answer.EnsureSuccessStatusCode();
        return new() { [StartSeconds] = Stopwatch.GetElapsedTime(started).TotalSeconds };
    }
}
