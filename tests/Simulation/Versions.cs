using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.Simulation;

/// <summary>
/// Rolling updates and rollbacks, each participant by itself, so that hosts of two versions handle one order side by side. The earlier
/// version is the one that is shipped. The next one adds a field to all that it sends and stores, and it alone knows the messages whose type
/// is unknown (<see cref="Fault.TypeUnknown"/>) and the events that it records when it handles one of them.
/// </summary>
sealed class Versions(World world)
{
    static readonly TimeSpan BetweenHostsMax = TimeSpan.FromHours(1);
    static readonly TimeSpan UpdateMax = TimeSpan.FromHours(6);

    readonly HashSet<string> updated = [];

    /// <summary>Messages that the next version has handled and the shipped one does not know, by participant.</summary>
    readonly HashSet<(string Participant, string MessageId)> handled = [];

    /// <summary>Whether this world has a next version at all.</summary>
    public bool Exist { get; } = world.Faults.Allows(Fault.VersionsMixed);

    /// <summary>Whether the participant's new hosts are of the next version.</summary>
    public bool IsNext(string participant) => updated.Contains(participant);

    public bool CanRead(Host host, OrderStream stream) =>
        host.IsNext || handled.Count == 0 || !stream.Entries.Exists(entry => handled.Contains((host.Participant.Name, entry.On)));

    /// <summary>A participant is updated, or rolled back if it was updated before.</summary>
    public void Roll() => Roll(world.Chance.Of(Topology.Current.Subscriptions).Name);

    void Roll(string participant)
    {
        world.Faults.Happened(Fault.VersionsMixed);
        if (!updated.Remove(participant))
            updated.Add(participant);
        Replace(participant);
    }

    void RollBack(string participant)
    {
        if (world.Faults.On && IsNext(participant))
            Roll(participant);
    }

    /// <summary>All participants are updated in the end, in any order.</summary>
    public void UpdateAll()
    {
        if (!Exist)
            return;
        foreach (var (participant, _, _) in Topology.Current.Subscriptions)
        {
            world.Scheduler.After(world.Chance.OfAnyScale(UpdateMax), () =>
            {
                if (updated.Add(participant))
                    Replace(participant);
            });
        }
    }

    public void Saved(Host host, OrderStream before, OrderStream after)
    {
        foreach (var parked in before.Parked)
        {
            if (Wire.HasLater(parked) && after.Parked.Find(one => one.Id == parked.Id) is { } kept && !Wire.HasLater(kept))
                world.Invariants.Broken("An earlier version keeps the fields of a later one", after.OrderId, parked.Id);
        }
        if (after.Later.Count < before.Later.Count)
            world.Invariants.Broken("An earlier version keeps the fields of a later one", after.OrderId, host.Participant.Name);
        for (var index = before.Entries.Count; index < after.Entries.Count; index++)
        {
            var entry = after.Entries[index];
            if (entry.Via is not Via.Bus || world.Bugs.KnowsType(host.Participant.Name, entry.On))
                continue;
            if (!host.IsNext)
                world.Invariants.Broken("A message waits for a version that knows its type", after.OrderId, $"{entry.On} at {host.Name}");
            world.Reach.Saw(Branch.HandledByNextVersion);
            world.Wire.Refuse(after.OrderId, entry);
            handled.Add((host.Participant.Name, entry.On));

            // Now a rollback leaves a stream behind that the earlier version cannot read.
            if (world.Faults.On && world.Chance.OneIn(2))
                world.Scheduler.After(world.Chance.OfAnyScale(BetweenHostsMax), () => RollBack(host.Participant.Name));
        }
    }

    /// <summary>One host after the other.</summary>
    void Replace(string participant)
    {
        world.History.Add("world", IsNext(participant) ? "updates" : "rolls back", participant);
        foreach (var host in world.Hosts(participant))
        {
            world.Scheduler.After(world.Chance.OfAnyScale(BetweenHostsMax), () =>
            {
                if (host.Alive && host.IsNext != IsNext(participant))
                    host.Stop();
            });
        }
    }
}
