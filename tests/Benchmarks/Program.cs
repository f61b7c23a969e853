using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using OrderFunctions.Benchmarks.Reporting;
using OrderFunctions.Benchmarks.Scenarios;
using OrderFunctions.Benchmarks.Sides;
using Spectre.Console;

var all = new Dictionary<string, (string About, Func<Bench, Task<Section>> RunAsync)>
{
    ["memory"] = ("orders/s in memory, against MassTransit in memory, without and with HTTP", Memory.RunAsync),
    ["durable"] = ("orders/s with a file, against MassTransit over RabbitMQ and Wolverine on SQLite", Durable.RunAsync),
    ["limit"] = ("orders/s with a file, against a plain loop of the same insertions", Limit.RunAsync),
    ["growth"] = ("orders/s, start and size with 100,000 and 1,000,000 stored orders", Growth.RunAsync),
    ["latency"] = ("from POST to final, one at a time and at shares of the maximum rate; from ./run to the first order", LatencyScenario.RunAsync),
    ["intake"] = ("orders accepted by ./run, client in a process of its own; memory after 18,000 and 100,000 orders", Intake.RunAsync),
    ["apps"] = ("from the start of an app's process to its call to the Functions host", AppStart.RunAsync),
    ["contention"] = ("a flash sale of three SKUs, and real orders as they come", ContentionScenario.RunAsync),
    ["cost"] = ("Cosmos DB and Service Bus operations of an order, counted", Cost.RunAsync),
    ["kernel"] = ("micro-benchmarks of a turn, the wire format and the mapping to documents", Kernel.RunAsync),
};

var names = new Argument<string[]>("scenario") { Description = "Which to run; none for all of them.", Arity = ArgumentArity.ZeroOrMore };
names.AcceptOnlyFromAmong([.. all.Keys]);
var orders = new Option<int?>("--orders") { Description = "Orders a measurement, in place of each scenario's own number.", HelpName = "N" };
var runs = new Option<int>("--runs") { Description = "Measurements of each side; the median counts.", DefaultValueFactory = _ => 3, HelpName = "K" };
var json = new Option<bool>("--json") { Description = "Print what was found as JSON in place of tables." };
var ordersFile = new Option<FileInfo?>("--orders-file")
{
    Description = "What \"contention\" places as it comes, in the form of functions/Local/sample. Default: that sample, ten times.",
    HelpName = "FILE",
};
orders.Validators.Add(result => Require(result, result.GetValueOrDefault<int?>() is null or >= 1, "--orders must be at least 1."));
runs.Validators.Add(result => Require(result, result.GetValueOrDefault<int>() is >= 1 and <= 100, "--runs must be 1 to 100."));

var command = new RootCommand($"""
    Measures this saga against its peers and against the limit. What is compared runs in turn, each side in a process of its own, warm; medians count.
    With no scenario all run, in less than half an hour, and tests/Benchmarks/RESULTS.md is written.

    {string.Join("\n", all.Select(scenario => $"  {scenario.Key,-12}{scenario.Value.About}"))}
    """)
{
    names, orders, runs, json, ordersFile,
};
command.SetAction(async (parsed, _) =>
{
    var chosen = parsed.GetValue(names) is { Length: > 0 } some ? some : [.. all.Keys];
    var options = new BenchOptions(parsed.GetValue(orders), parsed.GetValue(runs), parsed.GetValue(ordersFile)?.FullName);
    var console = AnsiConsole.Create(new()
    {
        Out = new AnsiConsoleOutput(Console.Error),
        Ansi = Console.IsErrorRedirected ? AnsiSupport.No : AnsiSupport.Detect,
    });
    if (Console.IsErrorRedirected)
        console.Profile.Width = 1_000;
    if (Console.IsOutputRedirected)
        AnsiConsole.Profile.Width = 160;
    var sections = new List<Section>();
    var status = 0;
    var started = Stopwatch.GetTimestamp();
    foreach (var name in chosen)
    {
        var bench = new Bench(options, what =>
            console.MarkupLineInterpolated($"[grey]{Stopwatch.GetElapsedTime(started):mm\\:ss}[/] [bold]{name}[/] {what}"));
        try
        {
            sections.Add(await all[name].RunAsync(bench));
        }
        catch (SideFailedException e)
        {
            console.MarkupLineInterpolated($"[red]{name}: {e.Message}[/]");
            sections.Add(new(name, $"Failed: {e.Message}"));
            status = 1;
        }
        if (!parsed.GetValue(json))
            Tables.Write(sections[^1]);
    }
    if (parsed.GetValue(json))
        Console.WriteLine(JsonSerializer.Serialize(sections, JsonSerializerOptions.Web));
    if (chosen.Distinct().Count() == all.Count)
        await ResultsFile.WriteAsync(sections, $"dotnet run -c Release --project tests/Benchmarks -- {string.Join(' ', args)}".TrimEnd(' ', '-'));
    return status;
});

var sideName = new Argument<string>("name");
sideName.AcceptOnlyFromAmong([.. Side.All.Keys]);
var sideOrders = new Option<int>("--orders");
var sideFile = new Option<string?>("--file");
var sideCommand = new Command("side", "Measures one side and prints one line: what this program starts itself as.")
{
    sideName, sideOrders, sideFile,
};
sideCommand.Hidden = true;
sideCommand.SetAction(async (parsed, _) =>
{
    using var folder = new TemporaryFolder();
    var measured = await Side.All[parsed.GetValue(sideName)!](new(parsed.GetValue(sideOrders), folder.FullName, parsed.GetValue(sideFile)));
    Console.WriteLine(JsonSerializer.Serialize(measured));
    return 0;
});
command.Subcommands.Add(sideCommand);
return await command.Parse(args).InvokeAsync();

static void Require(System.CommandLine.Parsing.OptionResult result, bool isValid, string error)
{
    if (!isValid)
        result.AddError(error);
}
