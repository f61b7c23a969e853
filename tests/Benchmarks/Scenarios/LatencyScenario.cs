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
        await StartAsync("--help");
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
        using var folder = new TemporaryFolder();
        var port = RabbitMq.FreePort();
        var order = PostedOrder.Of(Workload.Completing(1)[0].Order);
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}") };
        var started = Stopwatch.GetTimestamp();
        using var host = Run("--no-orders", "--port", $"{port}", "--data", Path.Combine(folder.FullName, "saga.db"));
        try
        {
            while (!await IsAcceptedAsync(http, order))
            {
                if (host.HasExited || Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(1))
                    throw new SideFailedException("./run did not start.");
                await Task.Delay(10);
            }
            return Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
        finally
        {
            host.Kill(entireProcessTree: true);
            await host.WaitForExitAsync();
        }
    }

    static async Task<bool> IsAcceptedAsync(HttpClient http, PostedOrder order)
    {
        try
        {
            using var answer = await http.PostAsJsonAsync("api/orders", order);
            return answer.StatusCode is HttpStatusCode.Accepted;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Runs the host once before measuring, so that build time is not included.</summary>
    static async Task StartAsync(params IReadOnlyList<string> arguments)
    {
        using var process = Run(arguments);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new SideFailedException("./run cannot be started.");
    }

    static Process Run(params IReadOnlyList<string> arguments)
    {
        var process = Process.Start(new ProcessStartInfo(Path.Combine(Bench.Root, "run"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
