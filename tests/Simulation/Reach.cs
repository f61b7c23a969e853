using OrderFunctions.Runtime;

namespace OrderFunctions.Simulation;

/// <summary>Every way that the shipped kernel can take, as far as it can be told apart from outside.</summary>
enum Branch
{
    // The handler's ends
    GivenBackTransient,
    GivenBackContended,
    GivenBackOutOfTime,
    GivenBackBroken,
    Unsettled,
    Stopped,

    // The turn
    Conflict,
    AnsweredFromEntries,
    PublishedWithHttpEntries,
    Republished,

    // Parking
    HeadRanFromSubscription,
    ParkedAgainAtHead,
    ParkedAgainBehind,
    AdoptedFirst,
    AdoptedLast,
    AdoptedBetween,
    OrderParked,
    OrderResumed,

    // Replaying
    ReplayedHead,
    FailedAgainTransient,
    FailedAgainUnreadable,
    FailedAgainHandler,
    FailedAgainTooLarge,
    MadeDue,
    DiscardedHead,
    DiscardedBehind,
    DiscardOfNothing,
    ReplayOfNothing,
    DeadLetterLockLost,
    ReplayBrokenOff,
    ReplayStopped,
    ReplayMetBrokenStream,
    TwoReplayers,
}

/// <summary>What the simulation has visited. Many seeds together must visit everything: a rule that no seed comes to is not tested by any.</summary>
sealed class Reach
{
    static readonly string[] Reasons =
    [
        ParkingReasons.Behind, ParkingReasons.DeliveredTooOften, ParkingReasons.Failed, ParkingReasons.Unreadable, ParkingReasons.StreamTooLarge,
    ];

    readonly HashSet<Cell> cells = [];
    readonly bool[] branches = new bool[Enum.GetValues<Branch>().Length];
    readonly bool[] outcomes = new bool[Enum.GetValues<TurnOutcome>().Length];
    readonly HashSet<string> reasons = [];

    public void Saw(Cell cell) => cells.Add(cell);

    public void Saw(Branch branch) => branches[(int)branch] = true;

    public void Saw(TurnOutcome outcome) => outcomes[(int)outcome] = true;

    /// <param name="reason">One of <see cref="ParkingReasons"/>.</param>
    public void Saw(string reason) => reasons.Add(reason);

    public void Add(Reach other)
    {
        cells.UnionWith(other.cells);
        reasons.UnionWith(other.reasons);
        for (var i = 0; i < branches.Length; i++)
            branches[i] |= other.branches[i];
        for (var i = 0; i < outcomes.Length; i++)
            outcomes[i] |= other.outcomes[i];
    }

    /// <summary>The names of what was not visited.</summary>
    public IReadOnlyList<string> Missing() =>
    [
        .. Rules.Table.Where(cell => !cells.Contains(cell)).Select(cell => $"rule {cell}"),
        .. Enum.GetValues<Branch>().Where(branch => !branches[(int)branch]).Select(branch => $"branch {branch}"),
        // A live turn never waits: only a replay does.
        .. Enum.GetValues<TurnOutcome>().Where(o => o is not TurnOutcome.Waiting && !outcomes[(int)o]).Select(outcome => $"outcome {outcome}"),
        .. Reasons.Where(reason => !reasons.Contains(reason)).Select(reason => $"parking for {reason}"),
    ];
}
