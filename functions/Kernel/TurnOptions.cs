namespace OrderFunctions.Kernel;

/// <summary>How long and how often a turn tries.</summary>
public sealed record TurnOptions
{
    /// <summary>A message delivered more often than this is parked. Below the broker's own limit, so that the broker never decides.</summary>
    public int DeliveriesMax { get; init; } = 10;

    /// <summary>How often a turn starts again after losing against another writer.</summary>
    public int ConflictsMax { get; init; } = 10;

    /// <summary>The most that starting again waits; the wait is random below it.</summary>
    public TimeSpan ConflictPauseMax { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How often one call is repeated within a turn.</summary>
    public int RetriesMax { get; init; } = 4;

    /// <summary>Before the first repetition; doubled, with jitter, before each further one.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>All of a turn. Shorter than the renewal of locks goes on, so that a slow turn ends before its session is given to another.</summary>
    public TimeSpan TurnMax { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Before a message is given back after a transient failure; multiplied by its delivery count, up to ten times.</summary>
    public TimeSpan AbandonPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Before each replay of a message that was parked for a transient reason; the last one repeats.</summary>
    public IReadOnlyList<TimeSpan> ReplayPauses { get; init; } =
        [TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1)];

    /// <summary>The pause before replay number <paramref name="attempts"/> + 1.</summary>
    public TimeSpan ReplayPause(int attempts) => ReplayPauses[Math.Min(attempts, ReplayPauses.Count - 1)];
}
