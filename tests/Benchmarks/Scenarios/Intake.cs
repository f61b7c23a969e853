using OrderFunctions.Benchmarks.Reporting;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>The local host as a process of its own: how many orders it takes, and how much memory it needs.</summary>
static class Intake
{
    /// <summary>All that memory keeps is full long before: see the bounds in DECISIONS.md.</summary>
    const int OrdersByDefault = 100_000;

    const int Measured = 18_000;

    public static async Task<Section> RunAsync(Bench bench)
    {
        var orders = bench.Options.Orders ?? OrdersByDefault;
        var first = Math.Min(orders, Measured);
        var section = new Section(
            "Intake",
            $"`./run` with a file, as a process of its own, warm after {HostProcess.WarmUp:N0} orders, and a client that posts prepared orders of three lines over "
            + $"{HostProcess.Connections} connections: {first:N0} orders to accepted (they are handled meanwhile), and the memory that the process occupies then. "
            + $"Once it goes on to {orders:N0} orders. The client uses the same processors.");
        var (rates, cpu, memory) = (new List<double>(), new List<double>(), new List<double>());
        var last = 0.0;
        await HostProcess.BuildAsync();
        for (var run = 1; run <= bench.Options.Runs; run++)
        {
            bench.Tell($"{first:N0} orders, run {run} of {bench.Options.Runs}");
            await using var host = await HostProcess.StartWarmAsync();
            var before = host.ProcessorTime;
            rates.Add(first / (await host.PostAsync(first, run)).TotalSeconds);
            await host.FinalAsync();
            cpu.Add((host.ProcessorTime - before).TotalMicroseconds / first);
            memory.Add(host.Megabytes);
            if (run < bench.Options.Runs)
                continue;
            last = host.Megabytes;
            for (int done = first, more; done < orders; done += more)
            {
                more = Math.Min(Measured, orders - done);
                await host.PostAsync(more, done);
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
}
