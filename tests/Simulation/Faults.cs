namespace OrderFunctions.Simulation;

/// <summary>
/// What can go wrong. <c>Busy</c> fails before anything is done, <c>AnswerLost</c> after it, <c>Down</c> fails for minutes to hours.
/// </summary>
enum Fault
{
    CrashBeforeCall,
    CrashAfterCall,
    HostStopped,
    SlowCall,
    ClockJump,

    StoreBusy,
    StoreAnswerLost,
    StoreDown,

    /// <summary>Others write the same stream all the time for a while, so that every save conflicts.</summary>
    StoreContended,
    StreamUnreadable,
    StreamTooLarge,

    BusBusy,
    BusAnswerLost,
    BusDown,
    DuplicateAccepted,
    DeliveryDelayed,

    /// <summary>A new subscription that still passes everything.</summary>
    FilterOpen,

    /// <summary>The session goes to a second consumer while the first still runs.</summary>
    SessionLost,
    SettlementBusy,
    SettlementAnswerLost,
    DeadLettersBusy,
    DeadLettersAnswerLost,
    DeadLettersDown,
    DeadLetterLockLost,

    /// <summary>
    /// The broker, not the kernel, gave a message up: after many deliveries, or for a reason of its own, for example its time to live.
    /// </summary>
    BrokerDeadLettered,

    StockBusy,
    StockAnswerLost,
    StockDown,
    CardsBusy,
    CardsAnswerLost,
    CardsDown,
    CarrierBusy,
    CarrierAnswerLost,
    CarrierDown,
    NotifierBusy,
    NotifierAnswerLost,
    NotifierDown,

    /// <summary>A provider was asked under a key that it knew more than a day ago.</summary>
    KeyForgotten,

    BodyUnreadable,
    BugInRules,
    BugInAnswer,

    HttpAnswerLost,
    ClientGaveUp,
}

/// <summary>
/// Which faults strike in this world, how often, and how often they did. Every seed draws its own mixture, with many kinds left out: what
/// only happens in calm, or only in one kind of storm, is found too.
/// </summary>
sealed class Faults
{
    static readonly Fault[] All = Enum.GetValues<Fault>();
    static readonly double[] Chances = [0.002, 0.01, 0.01, 0.04, 0.04, 0.15];

    // An order calls each of them only once or twice.
    static readonly double[] ChancesOutside = [0.05, 0.15, 0.4];

    // A storm is short of kinds and rich in strikes.
    static readonly (Fault Kind, double Chance)[] ChancesInStorm =
    [
        (Fault.BrokerDeadLettered, 0.5), (Fault.DeadLetterLockLost, 0.7), (Fault.SessionLost, 0.6), (Fault.SlowCall, 0.5), (Fault.BugInAnswer, 0.05),
        (Fault.StockAnswerLost, 0.6), (Fault.CardsAnswerLost, 0.3), (Fault.CarrierAnswerLost, 0.6),
    ];

    readonly Chance chance;
    readonly string? storm;
    readonly double[] chances = new double[All.Length];

    // What an order came to has to be given up before what follows from it is heard: seldom enough.
    static readonly double[] ChancesOfGivingUp = [0.02, 0.1, 0.4];

    /// <summary>How often each has struck.</summary>
    public long[] Injected { get; } = new long[All.Length];

    public bool On { get; set; } = true;

    /// <param name="only">The only faults that may strike; null for all.</param>
    /// <param name="storm">The participant that alone is struck, hard; null for any, each in the measure that the seed draws.</param>
    public Faults(Chance chance, IReadOnlySet<Fault>? only, string? storm)
    {
        (this.chance, this.storm) = (chance, storm);
        foreach (var kind in All)
        {
            var drawn = chance.OneIn(2) ? Math.Min(chance.Of(Degrees(kind)), Most(kind)) : 0;
            if (storm is not null)
                drawn = Array.Find(ChancesInStorm, strike => strike.Kind == kind).Chance;
            chances[(int)kind] = only is null || only.Contains(kind) ? drawn : 0;
        }
    }

    /// <summary>Nothing ever strikes in this world.</summary>
    public bool AreNone => Array.TrueForAll(chances, chance => chance == 0);

    public bool Allows(Fault kind) => On && chances[(int)kind] > 0;

    public bool Strike(Fault kind)
    {
        if (!On || !chance.Hits(chances[(int)kind]))
            return false;
        Injected[(int)kind]++;
        return true;
    }

    /// <param name="participant">Whom it would strike.</param>
    public bool Strike(Fault kind, string participant) => (storm is null || storm == participant) && Strike(kind);

    /// <summary>It came about by itself: of other faults, or of time.</summary>
    public void Happened(Fault kind) => Injected[(int)kind]++;

    static double[] Degrees(Fault kind) => kind switch
    {
        >= Fault.StockBusy and <= Fault.NotifierDown => ChancesOutside,
        Fault.BrokerDeadLettered => ChancesOfGivingUp,
        _ => Chances,
    };

    /// <summary>Above this a world gets nowhere.</summary>
    static double Most(Fault kind) => kind switch
    {
        Fault.CrashBeforeCall or Fault.CrashAfterCall or Fault.HostStopped => 0.02,
        Fault.StreamUnreadable or Fault.StreamTooLarge => 0.01,
        Fault.SlowCall => 0.04,
        Fault.BodyUnreadable or Fault.BugInRules or Fault.BugInAnswer => 0.1,
        _ => 1,
    };
}

/// <summary>Something outside that calls go to.</summary>
sealed class Service(string name, Fault? busy, Fault? answerLost, Fault? down)
{
    public string Name => name;
    public Fault? Busy => busy;
    public Fault? AnswerLost => answerLost;
    public Fault? Down => down;
    public DateTimeOffset DownUntil { get; set; }

    /// <summary>No call is on its way for so long: that is assumed of providers, which forget keys.</summary>
    public TimeSpan WayMax { get; init; } = TimeSpan.MaxValue;
}
