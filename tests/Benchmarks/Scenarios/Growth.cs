using OrderFunctions.Benchmarks.Reporting;
using OrderFunctions.Benchmarks.Sides;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>Whether the durable host becomes slower as it stores more orders.</summary>
static class Growth
{
    const int OrdersByDefault = 10_000;
    static readonly IReadOnlyList<int> Stored = [100_000, 1_000_000];

    public static async Task<Section> RunAsync(Bench bench)
    {
        var orders = bench.Options.Orders ?? OrdersByDefault;
        var section = new Section(
            "Growth",
            $"{orders:N0} orders through the durable host, on an empty file and on files that hold finished orders already. Those are rows of "
            + "orders that the host has really handled, written again under other random ids.");
        using var folder = new TemporaryFolder();
        var subjects = new List<Subject> { Bench.Side("empty", "ours-durable", orders) };
        var starts = new List<Subject> { Bench.Side("empty", "start", 0) };
        var sizes = new Grid(["stored orders", "bytes an order"]);
        foreach (var stored in Stored)
        {
            bench.Tell($"storing {stored:N0} orders");
            var file = Path.Combine(folder.FullName, $"{stored}.db");
            var filled = await Bench.MeasureAsync(Bench.Side("filling", "fill", stored, "--file", file));
            sizes.Add($"{stored:N0}", Grid.Text(filled[StoredOrders.BytesPerOrder]));
            subjects.Add(Bench.Side($"{stored:N0} stored", "ours-durable", orders, "--file", file));
            starts.Add(Bench.Side($"{stored:N0} stored", "start", 0, "--file", file));
        }
        var measured = await bench.InTurnAsync(subjects);
        var started = await bench.InTurnAsync(starts);
        var rates = Grid.OfSamples("orders/s");
        foreach (var file in measured)
            rates.Add(file.Name, file[Throughput.OrdersPerSecond]);
        var ratio = measured[^1][Throughput.OrdersPerSecond].Median / measured[0][Throughput.OrdersPerSecond].Median;
        rates.Add($"{measured[^1].Name} ÷ {measured[0].Name}", $"**{Grid.Text(ratio)} ×**", "", "");
        var seconds = Grid.OfSamples("seconds from start to the first order accepted, within the process");
        foreach (var file in started)
            seconds.Add(file.Name, file[FirstOrder.Seconds]);
        section.Grids.AddRange([rates, seconds, sizes]);
        section.Goals.Add(Goal.AtLeast("throughput at 1,000,000 stored orders against an empty store", 0.95, ratio, " ×"));
        return section;
    }
}
