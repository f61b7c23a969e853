using OrderFunctions.Simulation;

for (ulong s = 0; s < ulong.Parse(args[0]); s++)
{
    var w = new World(new(s, KeepLines: args.Length > 1));
    var v = w.Run();
    if (v is not null)
    {
        Console.WriteLine($"seed {s}: {v}");
    }
    if (args.Length > 1 && s == ulong.Parse(args[0]) - 1) foreach (var l in w.History.Lines) Console.WriteLine(l);
}
