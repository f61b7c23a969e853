using System.Globalization;
using System.Text;
using OrderFunctions.Kernel;
using OrderFunctions.Saga.Tests;

namespace OrderFunctions.Simulation;

/// <summary>The seeds of every test run. They run once for all tests that check them.</summary>
public sealed class NormalSeeds
{
    /// <summary>Takes about a minute on two cores.</summary>
    internal const int Count = 6_000;

    internal Tally Tally { get; } = new Runner(0, Count, Environment.ProcessorCount, new(0)).Run();
}

public class SimulationTests(NormalSeeds seeds) : IClassFixture<NormalSeeds>
{
    [Fact]
    public void No_law_is_broken_and_everything_settles()
    {
        if (seeds.Tally.Violations.Count == 0)
            return;
        var failed = seeds.Tally.Violations.First();
        var story = new StringWriter(CultureInfo.InvariantCulture);
        Report.Explain(new(failed.Key), story);
        Assert.Fail($"{seeds.Tally.Violations.Count} seeds failed: {string.Join(", ", seeds.Tally.Violations.Keys.Take(20))}\n{story}");
    }

    [Fact]
    public void Every_rule_and_every_branch_of_the_kernel_is_reached() => Assert.Empty(seeds.Tally.Reach.Missing());

    [Fact]
    public void Every_kind_of_fault_strikes() =>
        Assert.DoesNotContain(Enum.GetValues<Fault>(), fault => seeds.Tally.Faults[(int)fault] == 0);
}

public class CrowdTests
{
    /// <summary>In this seed most orders meet a bug. What a replayer's run looks at is full of them, over and over.</summary>
    [Fact]
    public void A_thousand_parked_orders_hold_up_no_other()
    {
        var world = new World(new(32, Orders: 1_500, Only: new HashSet<Fault> { Fault.BugInRules, Fault.BodyUnreadable, Fault.BugInAnswer }));
        Assert.Null(world.Run());
        Assert.InRange(world.ParkedForOperators, 1_000, 3_000);
    }
}

public class RepeatabilityTests
{
    /// <summary>
    /// The histories change with every change to a rule, the kernel or the simulation: <c>APPROVE=1</c> accepts the new ones.
    /// </summary>
    [Fact]
    public void A_seed_has_the_same_history_on_every_machine()
    {
        var histories = new StringBuilder("seed: history, steps\n");
        for (ulong seed = 0; seed < 50; seed++)
        {
            var (first, again) = (Ended(seed), Ended(seed));
            Assert.Equal(first.History.Hash, again.History.Hash);
            histories.Append(CultureInfo.InvariantCulture, $"{seed}: {first.History.Hash:x16}, {first.Scheduler.Steps}\n");
        }
        Approved.Verify("Histories", histories.ToString());
    }

    [Fact]
    public void Reading_a_history_does_not_change_it()
    {
        var told = new World(new(7, KeepLines: true));
        told.Run();
        Assert.Equal(Ended(7).History.Hash, told.History.Hash);
        Assert.NotEmpty(told.History.Lines);
    }

    static World Ended(ulong seed)
    {
        var world = new World(new(seed));
        Assert.Null(world.Run());
        return world;
    }
}

public class EconomyTests
{
    /// <summary>
    /// In a world without faults every call is counted: <see cref="Invariants.Economical(string, string, string, int, List{string})"/>.
    /// A message follows all that is sent over HTTP, and proves that it was sent: the republisher is for crashes only.
    /// </summary>
    [Fact]
    public void In_calm_a_message_costs_one_load_at_most_one_save_one_publication_and_one_settlement_and_nothing_is_republished()
    {
        var orders = 0;
        for (ulong seed = 0; seed < 300; seed++)
        {
            var world = new World(new(seed, Only: new HashSet<Fault>()));
            Assert.Null(world.Run());
            Assert.True(world.Faults.AreNone);
            var streams = world.Stores.SelectMany(store => store.Streams).ToList();
            orders += world.Orders.Count;
            Assert.DoesNotContain(streams, stream => stream.Entries.Exists(entry => entry.Via is Via.Republished));
            Assert.DoesNotContain(streams, stream => stream.PendingSince is not null);
        }
        Assert.True(orders > 300);
    }
}

public class MutantTests
{
    [Fact]
    public void Every_mutant_still_finds_its_lines()
    {
        foreach (var mutant in Mutants.Edits)
            Assert.Contains(mutant.Replace, Mutants.Apply(mutant), StringComparison.Ordinal);
    }

    /// <summary>Approved/mutants.txt holds the results of the last run of <c>mutants</c>.</summary>
    [Fact]
    public void Every_rule_left_out_and_every_mutant_is_caught_within_the_seeds_of_a_test_run()
    {
        var caught = File.ReadAllLines(Mutants.ApprovedFile).Skip(1).Select(Mutants.ReadResult).ToList();
        Assert.Equal(Mutants.Names, caught.Select(result => result.Name));
        Assert.DoesNotContain(caught, result => result.Seeds is null or > NormalSeeds.Count);
    }
}
