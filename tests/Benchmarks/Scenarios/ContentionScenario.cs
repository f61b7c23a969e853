using OrderFunctions.Benchmarks.Reporting;
using OrderFunctions.Local.Cli;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>Orders that compete for the same things at the same time.</summary>
static class ContentionScenario
{
    const int OrdersByDefault = 5_000;
    const int Repetitions = 10;

    public static async Task<Section> RunAsync(Bench bench)
    {
        var orders = bench.Options.Orders ?? OrdersByDefault;
        using var folder = new TemporaryFolder();
        var file = bench.Options.OrdersFile;
        var section = new Section(
            "Contention",
            $"{orders:N0} orders for the same three SKUs at the durable host, with enough for two of five, beside as many ordinary ones; and "
            + (file is null ? $"the packaged sample's real orders {Repetitions} times over" : $"the orders of {Path.GetFileName(file)}")
            + ", as they come, through the public API with their cancellations. Each run ends with a clean audit.");
        var measured = await bench.InTurnAsync(
            Bench.Side("ordinary", "ours-durable", orders),
            Bench.Side("flash sale", "flash-sale", orders),
            Bench.Side("real orders", "as-they-come", 0, "--file", file ?? await RepeatedSampleAsync(folder.FullName)));
        section.AddRates(measured);
        return section;
    }

    /// <summary>Each copy gets its own keys, so that it counts as a different order.</summary>
    static async Task<string> RepeatedSampleAsync(string folder)
    {
        var path = Path.Combine(folder, "orders.ndjson");
        var lines = new List<string>();
        await foreach (var line in new OrdersFile(RunCommand.Sample).ReadAsync(CancellationToken.None))
            lines.Add(line.Cancels is { } cancelled
                ? $$"""{"cancel":"{{cancelled}}"}"""
                : $$"""{"key":"{{line.Key}}",{{System.Text.Encoding.UTF8.GetString(line.Body).TrimStart('{')}}""");
        await File.WriteAllLinesAsync(path, Enumerable.Range(0, Repetitions).SelectMany(round => lines.Select(line => line
            .Replace("{\"key\":\"", $"{{\"key\":\"{round}-", StringComparison.Ordinal)
            .Replace("{\"cancel\":\"", $"{{\"cancel\":\"{round}-", StringComparison.Ordinal))));
        return path;
    }
}
