using System.CommandLine;
using OrderFunctions.Simulation;
using Xunit.Runner.InProc.SystemConsole;

// Test runners start this same program with their own arguments, which begin with a single dash, a colon or an at sign.
if (args is [var first, ..] && !first.StartsWith("--", StringComparison.Ordinal) && first is not ("mutants" or "-h" or "-?"))
    return await ConsoleRunner.Run(args);

var seeds = new Option<long>("--seeds") { Description = "How many seeds to run.", DefaultValueFactory = _ => 1_000 };
var from = new Option<ulong>("--from") { Description = "The first seed." };
var total = new Option<long?>("--total-orders")
{
    Description = "Runs until so many orders were simulated, on all processors; without --from, from a seed that the clock chooses.",
};
var orders = new Option<int?>("--orders") { Description = "Orders a seed; without it each seed chooses, 1 to 6." };
var faults = new Option<string?>("--faults") { Description = $"Only these, by comma: none, {string.Join(", ", Enum.GetNames<Fault>())}." };
var parallel = new Option<int>("--parallel") { Description = "Seeds at once.", DefaultValueFactory = _ => Environment.ProcessorCount };
var keepGoing = new Option<bool>("--keep-going") { Description = "Does not stop at the first seed that fails." };
var reach = new Option<bool>("--reach") { Description = "Tells how many seeds came to each rule and each branch of the kernel, the rarest first." };
var history = new Option<bool>("--history") { Description = "Prints what happened in the first seed, whether it failed or not." };

var root = new RootCommand("Runs the whole saga through random faults, a seed at a time, and checks after every step that no law is broken.")
{
    seeds, from, total, orders, faults, parallel, keepGoing, reach, history,
};
root.SetAction(parsed =>
{
    var ordersTotal = parsed.GetValue(total);
    var first = ordersTotal is null || parsed.GetResult(from) is not null
        ? parsed.GetValue(from)
        : (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() * 1_000_000;
    var template = new WorldOptions(first, parsed.GetValue(orders), Only(parsed.GetValue(faults)));
    if (!parsed.GetValue(history))
    {
        var runner = new Runner(
            first, ordersTotal is null ? parsed.GetValue(seeds) : long.MaxValue, parsed.GetValue(parallel), template, OrdersTotal: ordersTotal);
        return Report.Run(runner, parsed.GetValue(keepGoing), parsed.GetValue(reach), Console.Out);
    }
    Report.Explain(template, Console.Out);
    return 0;
});

var only = new Option<string?>("--only") { Description = "Only mutants whose name contains this." };
var most = new Option<long>("--seeds") { Description = "By how many seeds each must be caught.", DefaultValueFactory = _ => NormalSeeds.Count };
var added = new Option<bool>("--new") { Description = "Only mutants without a result." };
var mutants = new Command("mutants", "Breaks one rule or one law at a time, apart from the sources, and shows how many seeds it takes to notice.") { only, most, added };
mutants.SetAction(parsed => Mutants.Run(parsed.GetValue(only) ?? "", parsed.GetValue(added), parsed.GetValue(most), Console.Out));
root.Subcommands.Add(mutants);
return await root.Parse(args).InvokeAsync();

static HashSet<Fault>? Only(string? names) => names switch
{
    null => null,
    "none" => [],
    _ => [.. names.Split(',').Select(name => Enum.Parse<Fault>(name, ignoreCase: true))],
};
