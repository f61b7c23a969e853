using OrderFunctions.Kernel;

namespace OrderFunctions.Simulation;

/// <summary>Every branch of the shipped kernel that can be told apart from outside.</summary>
enum Branch
{
    // The ways the handler ends
    GivenBackTransient,
    GivenBackContended,
    GivenBackOutOfTime,
    GivenBackBroken,
    Unsettled,
    Stopped,

    // The turn. A redelivery that is found in the entries has the outcome Duplicate.
    Conflict,
    RequestAnsweredFromEntries,
    PublishedWithHttpEntries,
    Republished,
    RepublishedMarkLostRace,
    HandledByNextVersion,
    StreamOfNextVersionRefused,

    // Parking
    HeadRanFromSubscription,
    PassedTheLine,
    ParkedAgainTooOften,
    ParkedAgainUnreadable,
    ParkedAgainFailed,
    ParkedAgainBehind,
    AdoptedFirst,
    AdoptedLast,
    AdoptedBetween,
    OrderParked,
    OrderResumed,

    // Replaying
    ReplayedHead,
    DeadLetterWasHandled,
    ParkingSaidByReplayer,
    FailedAgainTransient,
    FailedAgainPending,
    FailedAgainUnusable,
    PassedHeadAtProvider,
    FailedAgainUnreadable,
    FailedAgainUnknownType,
    FailedAgainHandler,
    FailedAgainTooLarge,
    MadeDue,
    DiscardedHead,
    DiscardedBehind,
    DiscardOfNothing,
    SettledHead,
    SettledDiscarded,
    SettlementRefused,
    ReplayOfNothing,
    ResumedAtOneOfTwo,
    DiscardedAtOneOfTwo,
    LockLostAtRenewal,
    LockLostAtCompletion,
    LockLostAtAbandoning,
    UpkeepBrokenOff,
    UpkeepStopped,
    UpkeepMetBrokenStream,
    TwoUpkeeps,
    MoreWaitedThanOneRunPeeks,
}

/// <summary>
/// What the simulation has visited, and in how many seeds. All seeds together must visit everything: a rule that no seed reaches is not
/// tested.
/// </summary>
sealed class Reach
{
    static readonly string[] Reasons =
    [
        ParkingReasons.Behind, ParkingReasons.DeliveredTooOften, ParkingReasons.Transient, ParkingReasons.Failed, ParkingReasons.Unreadable,
        ParkingReasons.UnknownType, ParkingReasons.StreamTooLarge, ParkingReasons.Pending, ParkingReasons.Unusable,
    ];

    readonly Dictionary<Cell, long> cells = [];
    readonly Dictionary<string, long> reasons = [];
    readonly long[] branches = new long[Enum.GetValues<Branch>().Length];
    readonly long[] outcomes = new long[Enum.GetValues<TurnOutcome>().Length];

    public void Saw(Cell cell) => cells[cell] = 1;

    public void Saw(Branch branch) => branches[(int)branch] = 1;

    public void Saw(TurnOutcome outcome) => outcomes[(int)outcome] = 1;

    /// <param name="reason">One of <see cref="ParkingReasons"/>.</param>
    public void Saw(string reason) => reasons[reason] = 1;

    public void Add(Reach seed)
    {
        foreach (var (cell, count) in seed.cells)
            cells[cell] = cells.GetValueOrDefault(cell) + count;
        foreach (var (reason, count) in seed.reasons)
            reasons[reason] = reasons.GetValueOrDefault(reason) + count;
        for (var i = 0; i < branches.Length; i++)
            branches[i] += seed.branches[i];
        for (var i = 0; i < outcomes.Length; i++)
            outcomes[i] += seed.outcomes[i];
    }

    /// <summary>The names of what was not visited.</summary>
    public IReadOnlyList<string> Missing() => [.. Seeds().Where(place => place.Count == 0).Select(place => place.Name)];

    /// <summary>Everything that can be visited, and how many seeds visited it.</summary>
    public IEnumerable<(string Name, long Count)> Seeds() =>
    [
        .. Rules.Table.Select(cell => ($"rule {cell}", cells.GetValueOrDefault(cell))),
        .. Enum.GetValues<Branch>().Select(branch => ($"branch {branch}", branches[(int)branch])),
        // A live turn never waits; only a replay does.
        .. Enum.GetValues<TurnOutcome>().Where(outcome => outcome is not TurnOutcome.Waiting).Select(outcome => ($"outcome {outcome}", outcomes[(int)outcome])),
        .. Reasons.Select(reason => ($"parking for {reason}", reasons.GetValueOrDefault(reason))),
    ];
}
