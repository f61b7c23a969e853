using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrderFunctions.Benchmarks.Reporting;
using OrderFunctions.Benchmarks.Sides;
using OrderFunctions.Http;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>How long a customer waits, and how long the host takes to start.</summary>
static class LatencyScenario
{
    const int OrdersByDefault = 1_000;
    const string FromRun = "from ./run to the first order accepted";
    const string Maximum = "maximum";
    const string OneAtATime = "one at a time";

    static readonly IReadOnlyList<double> Shares = [0.1, 0.5, 0.9];
    static readonly IReadOnlyList<double> Percentiles = [0.5, 0.95, 0.99];
    static readonly JsonSerializerOptions OrderJson = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };
    static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(1);
    static readonly TimeSpan RateTime = TimeSpan.FromSeconds(5);

    public static async Task<Section> RunAsync(Bench bench)
    {
        var orders = bench.Options.Orders ?? OrdersByDefault;
        var section = new Section(
            "Latency",
            $"From POST to final at `./run` with a file, a process of its own that is warm after {HostProcess.WarmUp:N0} orders. One at a time: {orders:N0} "
            + "orders, each seen final by asking every millisecond. At a rate: orders are posted when they are due, whether those before are done or not, "
            + "and their time counts from then to the moment that the order itself states. The carrier picks up at once.");
        var measured = new Dictionary<string, List<double>>();
        var seconds = new List<double>();
        await HostProcess.BuildAsync();
        for (var run = 1; run <= bench.Options.Runs; run++)
        {
            bench.Tell($"one at a time and at rates, {run} of {bench.Options.Runs}");
            await MeasureAsync(orders, run, (quantity, value) => (measured[quantity] = measured.GetValueOrDefault(quantity) ?? []).Add(value));
            bench.Tell($"./run, {run} of {bench.Options.Runs}");
            seconds.Add(await FirstOrderAsync());
        }
        var grid = Grid.OfSamples("");
        foreach (var (quantity, values) in measured)
            grid.Add(quantity, new Samples(values));
        grid.Add($"{FromRun}, s", new Samples(seconds));
        section.Grids.Add(grid);
        section.Goals.Add(Goal.AtMost("p50 from POST to final, one order at a time", 2.5, Median(0.5), " ms"));
        section.Goals.Add(Goal.AtMost("p99 from POST to final, one order at a time", 10, Median(0.99), " ms"));
        section.Goals.Add(Goal.AtMost(FromRun, 3, new Samples(seconds).Median, " s"));
        return section;

        double Median(double percentile) => new Samples(measured[Quantity(OneAtATime, percentile)]).Median;
    }

    static string Quantity(string when, double percentile) => $"{when}: p{100 * percentile:0} ms";

    static async Task MeasureAsync(int orders, int run, Action<string, double> add)
    {
        await using var host = await HostProcess.StartWarmAsync();
        var started = Stopwatch.GetTimestamp();
        await host.PostAsync(HostProcess.WarmUp, run);
        await host.FinalAsync();
        var most = HostProcess.WarmUp / Stopwatch.GetElapsedTime(started).TotalSeconds;
        add($"{Maximum}: orders/s", most);
        Add(OneAtATime, await OneByOneAsync(host.Http, orders));
        foreach (var share in Shares)
            Add($"at {100 * share:0} % of the maximum rate", await AtRateAsync(host.Http, share * most));

        void Add(string when, Samples milliseconds)
        {
            foreach (var percentile in Percentiles)
                add(Quantity(when, percentile), milliseconds.At(percentile));
        }
    }

    /// <summary>The latency seen by a customer who polls every millisecond.</summary>
    static async Task<Samples> OneByOneAsync(HttpClient http, int orders)
    {
        var milliseconds = new List<double>();
        foreach (var (_, order) in Workload.Completing(orders))
        {
            var started = Stopwatch.GetTimestamp();
            var id = await PostedOrder.PlaceAsync(http, order);
            while ((await StatusAsync(http, id)).FinalAt is null)
                await Task.Delay(PollInterval);
            milliseconds.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        return new(milliseconds);
    }

    /// <summary>
    /// Sends orders on a fixed schedule, whether or not earlier ones are done. Each order's time counts from when it was due, so that a
    /// host that falls behind cannot hide it.
    /// </summary>
    static async Task<Samples> AtRateAsync(HttpClient http, double rate)
    {
        var placing = new List<Task<(string Id, DateTimeOffset Due)>>();
        var started = TimeProvider.System.GetUtcNow();
        foreach (var (_, order) in Workload.Completing((int)(rate * RateTime.TotalSeconds)))
        {
            var due = started + TimeSpan.FromSeconds(placing.Count / rate);
            while (due - TimeProvider.System.GetUtcNow() is { Ticks: > 0 } pause)
                await Task.Delay(pause < PollInterval ? PollInterval : pause);
            placing.Add(DueAsync(order, due));
        }
        var milliseconds = new List<double>();
        foreach (var (id, due) in await Task.WhenAll(placing))
        {
            DateTimeOffset? final;
            while ((final = (await StatusAsync(http, id)).FinalAt) is null)
                await Task.Delay(PollInterval);
            milliseconds.Add((final.Value - due).TotalMilliseconds);
        }
        return new(milliseconds);

        async Task<(string, DateTimeOffset)> DueAsync(PlaceOrder order, DateTimeOffset due) => (await PostedOrder.PlaceAsync(http, order), due);
    }

    static async Task<OrderBody> StatusAsync(HttpClient http, string id) =>
        (await http.GetFromJsonAsync<OrderBody>(Paths.Order.Replace("{id}", id), OrderJson))!;

    static async Task<double> FirstOrderAsync()
    {
        var order = PostedOrder.Of(Workload.Completing(1)[0].Order);
        var started = Stopwatch.GetTimestamp();
        await using var host = await HostProcess.StartAsync(async http =>
        {
            using var answer = await http.PostAsJsonAsync(Paths.Orders, order);
            return answer.StatusCode is HttpStatusCode.Accepted;
        });
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
