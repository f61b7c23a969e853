using OrderFunctions.Simulation;

var from = ulong.Parse(args[0]);
var groups = new Dictionary<string, List<string>>();
var orders = 0L;
var watch = System.Diagnostics.Stopwatch.StartNew();
var steps = 0L;
for (var s = from; s < from + ulong.Parse(args[1]); s++)
{
    var w = new World(new(s, KeepLines: args.Length > 2));
    var v = w.Run();
    orders += w.Orders.Count; steps += w.Scheduler.Steps;
    if (v is not null)
    {
        if (!groups.TryGetValue(v.Law, out var g)) groups[v.Law] = g = [];
        g.Add($"seed {s} {v.OrderId} {v.Detail}");
    }
    if (args.Length > 2) foreach (var l in w.History.Lines) Console.WriteLine(l);
}
foreach (var g in groups) { Console.WriteLine($"{g.Value.Count} x {g.Key}"); foreach (var x in g.Value.Take(8)) Console.WriteLine("     " + x.Split('\n')[0]); }
Console.WriteLine($"{orders} orders, {orders / watch.Elapsed.TotalSeconds:F0}/s, {steps} steps");
