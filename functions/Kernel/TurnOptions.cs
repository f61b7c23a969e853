namespace OrderFunctions.Kernel;

/// <summary>How long a turn may take, and how often it tries again.</summary>
public sealed record TurnOptions
{
    /// <summary>
    /// A message whose delivery of this number fails is parked with that failure; one that is delivered even more often is parked untried.
    /// Below the broker's own limit, so that the broker never dead-letters first.
    /// </summary>
    public int DeliveriesMax { get; init; } = 10;

    /// <summary>How often a turn starts again after another writer saved first.</summary>
    public int ConflictsMax { get; init; } = 10;

    /// <summary>Longest wait before a turn starts again; the wait is random, up to this.</summary>
    public TimeSpan ConflictPauseMax { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How often a failed call is retried within a turn.</summary>
    public int RetriesMax { get; init; } = 4;

    /// <summary>Wait before the first retry; doubled, with jitter, before each further one.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Longest duration of a turn, but for the save that parks its message. Locks are renewed for longer, so that a slow turn ends before
    /// another consumer gets its session.
    /// </summary>
    public TimeSpan TurnMax { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Wait before a message is given back after a transient failure, times its delivery count, but at most times ten.</summary>
    public TimeSpan AbandonPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Waits before the replays of a message that was parked for a reason that may pass; the last one applies to all further replays. A
    /// circuit breaker leaves a provider that is down alone for as long as the first.
    /// </summary>
    public IReadOnlyList<TimeSpan> ReplayPauses { get; init; } =
        [TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1)];

    /// <summary>The wait before replay number <paramref name="attempts"/> + 1.</summary>
    public TimeSpan ReplayPause(int attempts) => ReplayPauses[Math.Min(attempts, ReplayPauses.Count - 1)];
}
