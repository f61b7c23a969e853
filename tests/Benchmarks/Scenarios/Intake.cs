using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using OrderFunctions.Benchmarks.Reporting;
using OrderFunctions.Benchmarks.Sides;
using OrderFunctions.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>The local host as a process of its own: how many orders it takes, and how much memory it needs.</summary>
static class Intake
{
    /// <summary>All that memory keeps is full long before: see the bounds in DECISIONS.md.</summary>
    const int OrdersByDefault = 100_000;

    const int Measured = 18_000;
    static readonly TimeSpan FinalMax = TimeSpan.FromMinutes(2);

    public static async Task<Section> RunAsync(Bench bench)
    {
        var orders = bench.Options.Orders ?? OrdersByDefault;
        var first = Math.Min(orders, Measured);
        var section = new Section(
            "Intake",
            $"`./run` with a file, as a process of its own, and a client that posts prepared orders of three lines over {HostProcess.Connections} connections: "
            + $"{first:N0} orders to accepted (they are handled meanwhile), and the memory that the process occupies then. Once it goes on to "
            + $"{orders:N0} orders. The client uses the same processors.");
        var (rates, cpu, memory) = (new List<double>(), new List<double>(), new List<double>());
        var last = 0.0;
        await HostProcess.BuildAsync();
        for (var run = 1; run <= bench.Options.Runs; run++)
        {
            bench.Tell($"{first:N0} orders, run {run} of {bench.Options.Runs}");
            await using var host = await HostProcess.StartAsync(IsUpAsync);
            await PostAsync(host, 2_000, run);
            await FinalAsync(host);
            var before = host.ProcessorTime;
            rates.Add(first / (await PostAsync(host, first, run + 100)).TotalSeconds);
            await FinalAsync(host);
            cpu.Add((host.ProcessorTime - before).TotalMicroseconds / first);
            memory.Add(host.Megabytes);
            if (run < bench.Options.Runs)
                continue;
            last = host.Megabytes;
            for (int done = first, more; done < orders; done += more)
            {
                more = Math.Min(Measured, orders - done);
                await PostAsync(host, more, done);
                bench.Tell($"{done + more:N0} orders: {host.Megabytes:N0} MB");
                last = Math.Max(last, host.Megabytes);
            }
        }
        var grid = Grid.OfSamples("");
        grid.Add("orders accepted/s", new Samples(rates));
        grid.Add("CPU µs/order, to final", new Samples(cpu));
        grid.Add($"MB after {first:N0} orders", new Samples(memory));
        grid.Add($"MB at most, until {orders:N0} orders", new Samples([last]));
        section.Grids.Add(grid);
        section.Goals.Add(Goal.AtLeast("orders accepted over HTTP, client in a process of its own", 2_500, new Samples(rates).Median, "/s"));
        section.Goals.Add(Goal.AtMost($"memory after {first:N0} orders", 250, new Samples(memory).Median, " MB"));
        section.Goals.Add(Goal.AtMost($"memory until {orders:N0} orders", 250, last, " MB"));
        return section;
    }

    /// <summary>It serves, and has stock of everything that is ordered.</summary>
    static async Task<bool> IsUpAsync(HttpClient http)
    {
        foreach (var sku in Workload.Skus)
        {
            using var answer = await http.PutAsJsonAsync(Paths.Stock.Replace("{sku}", sku), new { received = 1_000_000_000 });
            answer.EnsureSuccessStatusCode();
        }
        return true;
    }

    static async Task<TimeSpan> PostAsync(HostProcess host, int orders, int seed)
    {
        var bodies = Workload.Orders(orders, seed)
            .Select(order => JsonSerializer.SerializeToUtf8Bytes(PostedOrder.Of(order.Order), JsonSerializerOptions.Web)).ToList();
        var started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(bodies, new ParallelOptions { MaxDegreeOfParallelism = HostProcess.Connections }, async (body, _) =>
        {
            using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var answer = await host.Http.PostAsync(Paths.Orders, content, CancellationToken.None);
            if (answer.StatusCode is not HttpStatusCode.Accepted)
                throw new SideFailedException($"An order was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(CancellationToken.None)}");
        });
        return Stopwatch.GetElapsedTime(started);
    }

    static async Task FinalAsync(HostProcess host)
    {
        var started = Stopwatch.GetTimestamp();
        while (await UnfinishedAsync(host.Http) > 0)
        {
            if (Stopwatch.GetElapsedTime(started) > FinalMax)
                throw new SideFailedException("Not all orders became final.");
            await Task.Delay(100);
        }
    }

    static async Task<long> UnfinishedAsync(HttpClient http)
    {
        using var counts = await http.GetFromJsonAsync<JsonDocument>(Paths.Counts);
        return counts!.RootElement.GetProperty("byStatus").EnumerateObject()
            .Where(status => status.Name is not (nameof(OrderStatus.Completed) or nameof(OrderStatus.Rejected)))
            .Sum(status => status.Value.GetInt64());
    }
}
