using System.Diagnostics;
using System.Globalization;

namespace OrderFunctions.Simulation;

/// <summary>The combined results of many seeds.</summary>
sealed class Tally
{
    public long Seeds { get; private set; }
    public long Orders { get; private set; }
    public long Steps { get; private set; }
    public long[] Faults { get; } = new long[Enum.GetValues<Fault>().Length];
    public Reach Reach { get; } = new();

    /// <summary>The seeds that broke a law, and which law.</summary>
    public SortedDictionary<ulong, Violation> Violations { get; } = [];

    public void Add(World world, Violation? violation)
    {
        Seeds++;
        Orders += world.Orders.Count;
        Steps += world.Scheduler.Steps;
        Reach.Add(world.Reach);
        for (var i = 0; i < Faults.Length; i++)
            Faults[i] += world.Faults.Injected[i];
        if (violation is not null)
            Violations.Add(world.Seed, violation);
    }
}

/// <summary>Runs many seeds, each on one thread, several in parallel.</summary>
/// <param name="From">The first seed.</param>
/// <param name="Seeds">How many seeds to run.</param>
/// <param name="Parallel">How many run in parallel.</param>
/// <param name="Template">What all worlds have in common.</param>
/// <param name="StopAtFirst">Whether the first broken law ends the run. The tally then contains the lowest seed that broke one.</param>
/// <param name="OrdersTotal">After how many orders it ends, if that is before the last seed.</param>
sealed record Runner(
    ulong From, long Seeds, int Parallel, WorldOptions Template, bool StopAtFirst = false, long? OrdersTotal = null)
{
    public Tally Run(Action<Tally>? progress = null)
    {
        var tally = new Tally();
        var next = -1L;
        var stop = false;
        var threads = Enumerable.Range(0, Parallel).Select(_ => new Thread(Work)).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return tally;

        void Work()
        {
            // A seed that was started is finished, so that the lowest failing seed does not depend on thread timing.
            while (!Volatile.Read(ref stop) && Interlocked.Increment(ref next) is var index && index < Seeds)
            {
                var world = new World(Template with { Seed = From + (ulong)index });
                var violation = Run(world);
                lock (tally)
                {
                    tally.Add(world, violation);
                    progress?.Invoke(tally);
                }
                if ((violation is not null && StopAtFirst) || tally.Orders >= OrdersTotal)
                    Volatile.Write(ref stop, true);
            }
        }
    }

    static Violation? Run(World world)
    {
        try
        {
            return world.Run();
        }
        catch (Exception e)
        {
            return new("The simulation itself fails at nothing", "", e.ToString());
        }
    }
}

/// <summary>A run for people: prints progress, numbers, and the history of the first seed that failed.</summary>
static class Report
{
    static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(5);

    /// <summary>Returns the exit code.</summary>
    /// <param name="reach">Whether to print how many seeds reached each rule and each branch.</param>
    public static int Run(Runner runner, bool keepGoing, bool reach, TextWriter output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Seeds from {runner.From}, {runner.Parallel} at once, {(runner.OrdersTotal is { } orders ? $"until {orders:N0} orders" : $"{runner.Seeds:N0} of them")}."));
        var watch = Stopwatch.StartNew();
        var next = ProgressEvery;
        var told = 0;
        var tally = (runner with { StopAtFirst = !keepGoing }).Run(tally =>
        {
            if (watch.Elapsed < next)
                return;
            next = watch.Elapsed + ProgressEvery;
            foreach (var (seed, violation) in tally.Violations.Skip(told))
                output.WriteLine($"           seed {seed} failed: {violation.Law} ({violation.OrderId} {violation.Detail.Split('\n')[0]})");
            told = tally.Violations.Count;
            output.WriteLine(Line(tally, watch.Elapsed));
        });
        output.WriteLine(Line(tally, watch.Elapsed));
        output.WriteLine();
        foreach (var fault in Enum.GetValues<Fault>().Where(fault => tally.Faults[(int)fault] > 0))
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {fault,-22} {tally.Faults[(int)fault],14:N0}"));
        output.WriteLine();
        foreach (var (name, count) in tally.Reach.Seeds().Where(_ => reach).OrderBy(place => place.Count))
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {count,10:N0} seeds reached {name}"));
        if (tally.Violations.Count == 0)
        {
            output.WriteLine("Every law held, and everything settled.");
            return 0;
        }
        foreach (var law in tally.Violations.GroupBy(v => v.Value.Law))
            output.WriteLine($"{law.Count()} × {law.Key}: seeds {string.Join(", ", law.Take(10).Select(v => v.Key))}");
        Explain(runner.Template with { Seed = tally.Violations.First().Key }, output);
        return 1;
    }

    /// <summary>Prints the history of the order on which a seed failed, and how to run it again.</summary>
    public static void Explain(WorldOptions options, TextWriter output)
    {
        var world = new World(options with { KeepLines = true });
        var violation = world.Run();
        output.WriteLine();
        output.WriteLine($"Seed {options.Seed}: {violation?.Law ?? "nothing failed"} {violation?.OrderId} {violation?.Detail}");
        var order = violation?.OrderId is { Length: > 0 } id ? id : null;
        foreach (var line in world.History.Lines.Where(line => order is null || line.Contains(order, StringComparison.Ordinal) || line.Contains(" world ", StringComparison.Ordinal)))
            output.WriteLine(line);
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"History {world.History.Hash:x16} after {world.Scheduler.Steps} steps."));
        output.WriteLine($"Again: dotnet run --project tests/Simulation -- --seeds 1 --from {options.Seed} --history{Flags(options)}");
    }

    static string Flags(WorldOptions options) =>
        (options.Orders is { } orders ? $" --orders {orders.ToString(CultureInfo.InvariantCulture)}" : "")
        + (options.Only is { } only ? $" --faults {(only.Count == 0 ? "none" : string.Join(",", only))}" : "");

    static string Line(Tally tally, TimeSpan elapsed) => string.Create(CultureInfo.InvariantCulture,
        $"{tally.Seeds,10:N0} seeds {tally.Seeds / elapsed.TotalSeconds,8:N0}/s {tally.Orders,12:N0} orders {tally.Orders / elapsed.TotalSeconds,8:N0}/s {tally.Faults.Sum(),14:N0} faults {tally.Violations.Count,4} failed");
}
