using OrderFunctions.Benchmarks.Reporting;

namespace OrderFunctions.Benchmarks.Scenarios;

static class Kernel
{
    public static async Task<Section> RunAsync(Bench bench)
    {
        bench.Tell("micro-benchmarks, once: BenchmarkDotNet repeats them itself");
        var measured = await Bench.MeasureAsync(Bench.Side("kernel", "kernel", orders: 0));
        var section = new Section(
            "Kernel", "The kernel's own work for a message, by BenchmarkDotNet (a short job in the process), with ports that cost nothing.");
        var grid = new Grid(["what", "median µs", "bytes allocated"]);
        foreach (var what in measured.Keys.Where(key => key.EndsWith(": µs", StringComparison.Ordinal)).Select(key => key[..^4]))
            grid.Add(what, Grid.Text(measured[$"{what}: µs"]), $"{measured[$"{what}: bytes allocated"]:N0}");
        section.Grids.Add(grid);
        return section;
    }
}
