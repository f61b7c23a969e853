using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>
/// When one participant's upkeep runs: only while there is work for it, and less and less often while nothing changes. On Azure its timer
/// never rests, but here idle runs would cost most of the time.
/// </summary>
sealed class UpkeepTimer(World world, string participant)
{
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);
    static readonly TimeSpan MorePauseMax = TimeSpan.FromMinutes(30);

    int? due;
    int wakes;
    long seen;

    bool HasWork => world.Bus[participant].DeadLetters.Letters.Count > 0
        || (participant is Participants.Orders && world.Store(participant).PendingOrders.Count > 0);

    /// <summary>Changes whenever there is more or less to do.</summary>
    long Changes => world.Bus[participant].DeadLetters.Version + world.Store(participant).PendingChanges;

    /// <param name="idle">How often it found nothing to do; less than 0 to run within moments.</param>
    public void Wake(int idle = 0)
    {
        if (due <= idle)
            return;
        due = idle;
        var mine = ++wakes;
        var pause = idle < 0 ? world.Chance.OfAnyScale(TimeSpan.FromSeconds(10))
            : world.Faults.On ? Pause + world.Chance.OfAnyScale(MorePauseMax)
            : MorePauseMax / 4;
        world.Scheduler.After(pause * (1 << Math.Clamp(idle, 0, 6)), () =>
        {
            if (wakes == mine)
                Run(idle);
        });
    }

    void Run(int idle)
    {
        due = null;
        var before = Changes;
        if (world.AnyHost(participant) is { IsInUpkeep: false } host)
        {
            if (world.IsInUpkeep(participant))
                world.Reach.Saw(Branch.TwoUpkeeps);
            host.RunUpkeep();
            if (world.Faults.Strike(Fault.HostStopped))
                world.Scheduler.After(world.Chance.OfAnyScale(TimeSpan.FromSeconds(1)), host.Stop);
        }
        if (HasWork)
            Wake(before == seen ? idle + 1 : 0);
        seen = before;
    }
}
