using OrderFunctions.Benchmarks.Reporting;
using OrderFunctions.Benchmarks.Sides;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>How close the durable host comes to the limit set by SQLite and the disk.</summary>
static class Limit
{
    const int OrdersByDefault = 20_000;

    public static async Task<Section> RunAsync(Bench bench)
    {
        var orders = bench.Options.Orders ?? OrdersByDefault;
        var section = new Section(
            "Limit",
            $"{orders:N0} orders through the durable host, against the rows that it inserted for as many orders when this goal was set (24.9 an "
            + "order), written to a file of the same schema by a plain loop of prepared statements in transactions of 200 orders "
            + "(`synchronous=FULL`): nothing is read, decided, updated or deleted there. And how many appends of 4 KB the disk makes durable "
            + "one by one.");
        var measured = await bench.InTurnAsync(Bench.Side("ours", "ours-durable", orders), Bench.Side("plain loop", "sqlite", orders));
        var grid = section.AddRates(measured);
        var share = 100 * measured[0][Throughput.OrdersPerSecond].Median / measured[1][Throughput.OrdersPerSecond].Median;
        grid.Add("ours as a share of the plain loop", $"**{Grid.Text(share)} %**", "", "");
        section.Goals.Add(Goal.AtLeast("durable orders/s as a share of the raw SQLite limit", 50, share, " %"));
        return section;
    }
}
