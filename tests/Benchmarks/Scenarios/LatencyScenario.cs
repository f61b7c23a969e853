using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using OrderFunctions.Benchmarks.Reporting;
using OrderFunctions.Benchmarks.Sides;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>How long a customer waits, and how long the host takes to start.</summary>
static class LatencyScenario
{
    const int OrdersByDefault = 300;
    const string FromRun = "from ./run to the first order accepted";

    public static async Task<Section> RunAsync(Bench bench)
    {
        var orders = bench.Options.Orders ?? OrdersByDefault;
        var section = new Section(
            "Latency",
            $"From POST to final at the durable host over HTTP. One at a time: {orders:N0} orders, each seen final by asking every "
            + "millisecond. At a rate: orders are posted when they are due, whether those before are done or not, and their time counts from "
            + "then to the moment that the order itself states. The carrier picks up at once.");
        var measured = (await bench.InTurnAsync(Bench.Side("ours", "latency", orders)))[0];
        var grid = Grid.OfSamples("");
        foreach (var (quantity, samples) in measured.Samples)
            grid.Add(quantity, samples);

        var seconds = new List<double>();
        await HostProcess.BuildAsync();
        for (var run = 1; run <= bench.Options.Runs; run++)
        {
            bench.Tell($"./run, {run} of {bench.Options.Runs}");
            seconds.Add(await FirstOrderAsync());
        }
        grid.Add($"{FromRun}, s", new Samples(seconds));
        section.Grids.Add(grid);
        section.Goals.Add(Goal.AtMost("p50 from POST to final, one order at a time", 2.5, OneAtATime(0.5), " ms"));
        section.Goals.Add(Goal.AtMost("p99 from POST to final, one order at a time", 10, OneAtATime(0.99), " ms"));
        section.Goals.Add(Goal.AtMost(FromRun, 3, new Samples(seconds).Median, " s"));
        return section;

        double OneAtATime(double share) => measured[Latency.Quantity(Latency.OneAtATime, share)].Median;
    }

    static async Task<double> FirstOrderAsync()
    {
        var order = PostedOrder.Of(Workload.Completing(1)[0].Order);
        var started = Stopwatch.GetTimestamp();
        await using var host = await HostProcess.StartAsync(async http =>
        {
            using var answer = await http.PostAsJsonAsync("api/orders", order);
            return answer.StatusCode is HttpStatusCode.Accepted;
        });
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
