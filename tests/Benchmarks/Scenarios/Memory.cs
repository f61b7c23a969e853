using OrderFunctions.Benchmarks.Reporting;
using OrderFunctions.Benchmarks.Sides;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>Both sides are in memory: a crash would lose everything on both.</summary>
static class Memory
{
    const int OrdersByDefault = 15_000;

    public static async Task<Section> RunAsync(Bench bench)
    {
        var orders = bench.Options.Orders ?? OrdersByDefault;
        var section = new Section(
            "In memory",
            $"{orders:N0} orders of three lines, placed to final: the local host with `--data :memory:` against MassTransit 8.5 with its "
            + "in-memory transport, in-memory outbox and in-memory saga repository; then both behind HTTP on 127.0.0.1, with the client in the "
            + "same process.");
        var measured = await bench.InTurnAsync(
            Bench.Side("ours", "ours-memory", orders),
            Bench.Side("MassTransit", "peer-memory", orders) with { IsPeer = true },
            Bench.Side("ours over HTTP", "ours-memory-http", orders),
            Bench.Side("MassTransit over HTTP", "peer-memory-http", orders) with { IsPeer = true });
        section.Compare(measured[0], [measured[1]], 2, "orders/s in memory against MassTransit");
        section.Compare(measured[2], [measured[3]], 1, "orders/s in memory over HTTP against MassTransit");
        return section;
    }

    /// <summary>Reports the rates, and the ratio of ours to each peer's; the goal is against the best of them.</summary>
    public static void Compare(this Section section, Measured ours, IReadOnlyList<Measured> peers, double target, string goal)
    {
        string[] ends = [Throughput.Completed, Throughput.Rejected];
        if (peers.FirstOrDefault(p => ends.Any(end => ours[end].Min != p[end].Max || ours[end].Max != p[end].Min)) is { } other)
            throw new SideFailedException($"{ours.Name} and {other.Name} did not come to the same ends: they have not done the same work.");

        var grid = section.AddRates([ours, .. peers]);
        foreach (var peer in peers)
            grid.Add($"{ours.Name} ÷ {peer.Name}", $"**{Grid.Text(Ratio(peer))} ×**", "", "");
        section.Goals.Add(Goal.AtLeast(goal, target, peers.Min(Ratio), " ×"));

        double Ratio(Measured peer) => ours[Throughput.OrdersPerSecond].Median / peer[Throughput.OrdersPerSecond].Median;
    }

    public static Grid AddRates(this Section section, params IReadOnlyList<Measured> sides)
    {
        var grid = Grid.OfSamples("");
        foreach (var side in sides)
        {
            foreach (var (quantity, samples) in side.Samples)
                grid.Add($"{side.Name}: {quantity}", samples);
        }
        section.Grids.Add(grid);
        return grid;
    }
}
