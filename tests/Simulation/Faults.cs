namespace OrderFunctions.Simulation;

/// <summary>
/// What can go wrong. <c>Busy</c> fails before anything is done, <c>AnswerLost</c> fails after it is done, <c>Down</c> fails for minutes to
/// hours.
/// </summary>
enum Fault
{
    CrashBeforeCall,
    CrashAfterCall,
    HostStopped,

    /// <summary>A participant is updated or rolled back, host by host.</summary>
    VersionsMixed,
    SlowCall,
    ClockJump,

    /// <summary>A host's clock is minutes ahead of the bus's and the providers', or behind them.</summary>
    ClockSkewed,

    /// <summary>A running host's clock is set back. What it measures with timers goes on undisturbed.</summary>
    ClockSetBack,

    /// <summary>
    /// A provider carries out a request hours after its caller gave it up, perhaps after the retry, or after the order was called off.
    /// </summary>
    RequestLate,

    StoreBusy,
    StoreAnswerLost,
    StoreDown,

    /// <summary>For a while, others constantly write the same stream, so that every save conflicts.</summary>
    StoreContended,
    StreamUnreadable,

    /// <summary>It stays so for long after everything else works again.</summary>
    StreamUnreadableForLong,
    StreamTooLarge,

    BusBusy,
    BusAnswerLost,
    BusDown,

    /// <summary>Of a batch only the first part is accepted, and its sender sees an error.</summary>
    BatchCutShort,

    /// <summary>What does not fit one batch goes in several, between which anything may happen.</summary>
    BatchSplit,
    DuplicateAccepted,
    DeliveryDelayed,

    /// <summary>A new subscription whose filter still lets everything through.</summary>
    FilterOpen,

    /// <summary>The session goes to a second consumer while the first is still running.</summary>
    SessionLost,
    SettlementBusy,
    SettlementAnswerLost,
    DeadLettersBusy,
    DeadLettersAnswerLost,
    DeadLettersDown,
    DeadLetterLockLost,

    /// <summary>Somebody else holds a dead letter for a minute, for example a person in the portal.</summary>
    DeadLetterHeld,

    /// <summary>
    /// The broker, not the kernel, dead-lettered a message: after many deliveries, or for a reason of its own, for example an expired time
    /// to live.
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

    /// <summary>A provider's look-up does not show for seconds what the provider has just done.</summary>
    LookUpLags,

    /// <summary>A provider refuses the request itself, until somebody mends something.</summary>
    ProviderRefuses,
    ChargePending,
    ChargedAnotherAmount,

    /// <summary>The charge's answer is lost, and somebody gives the money back in the provider's own user interface.</summary>
    ChargeReturned,
    RefundPending,
    RefundFailed,
    PickUpReportLost,

    /// <summary>The carrier reports the pick-up of another parcel.</summary>
    WrongParcelReported,

    /// <summary>The driver takes a parcel whose booking is cancelled or refused.</summary>
    PickedUpAfterCallOff,

    /// <summary>A provider was called with a key that it has forgotten meanwhile.</summary>
    KeyForgotten,

    BodyUnreadable,

    /// <summary>A message of a later version: its type is not known before this participant is updated, which nobody needs to report.</summary>
    TypeUnknown,
    BugInRules,
    BugInAnswer,

    HttpAnswerLost,
    ClientGaveUp,
}

/// <summary>
/// Which faults strike in this world, how often they may, and how often they did. Every seed draws its own mixture and leaves many kinds
/// out, so that problems that need calm, or only one kind of fault, are found too.
/// </summary>
sealed class Faults
{
    static readonly Fault[] All = Enum.GetValues<Fault>();
    static readonly double[] Chances = [0.002, 0.01, 0.01, 0.04, 0.04, 0.15];

    // High, because an order calls each of them only once or twice.
    static readonly double[] ChancesOutside = [0.05, 0.15, 0.4];

    // A storm has few kinds of faults, but they strike often.
    static readonly (Fault Kind, double Chance)[] ChancesInStorm =
    [
        (Fault.StreamUnreadableForLong, 0.5), (Fault.BrokerDeadLettered, 0.5), (Fault.DeadLetterLockLost, 0.7), (Fault.DeadLetterHeld, 0.2),
        (Fault.SessionLost, 0.6), (Fault.SlowCall, 0.5), (Fault.RequestLate, 0.4), (Fault.BugInAnswer, 0.05),
        (Fault.StockAnswerLost, 0.6), (Fault.PickedUpAfterCallOff, 0.7), (Fault.CardsAnswerLost, 0.3), (Fault.LookUpLags, 0.7),
        (Fault.ChargeReturned, 0.2), (Fault.CarrierAnswerLost, 0.6),
    ];

    readonly Chance chance;
    readonly string? storm;
    readonly double[] chances = new double[All.Length];

    // Few parcels are called off at all, a stream is broken once at most, and a host has one clock.
    static readonly double[] ChancesOfTaking = [0.5, 0.9];

    // The message with an order's outcome must be dead-lettered before the messages that follow from it are heard. That is rare enough.
    static readonly double[] ChancesOfGivingUp = [0.02, 0.1, 0.4];

    /// <summary>How often each fault has struck.</summary>
    public long[] Injected { get; } = new long[All.Length];

    public bool On { get; set; } = true;

    /// <param name="only">The only faults that may strike; null for all.</param>
    /// <param name="storm">
    /// The only participant that faults strike, and hard; null for all participants, each at the rates that the seed draws.
    /// </param>
    public Faults(Chance chance, IReadOnlySet<Fault>? only, string? storm)
    {
        (this.chance, this.storm) = (chance, storm);
        foreach (var kind in All)
        {
            var drawn = chance.OneIn(2) ? Math.Min(chance.Of(Degrees(kind)), Most(kind)) : 0;

            // Look-ups lag in some storms only.
            if (storm is not null)
                drawn = kind is Fault.LookUpLags && drawn == 0 ? 0 : Array.Find(ChancesInStorm, strike => strike.Kind == kind).Chance;
            chances[(int)kind] = only is null || only.Contains(kind) ? drawn : 0;
        }
    }

    /// <summary>True if no fault ever strikes in this world.</summary>
    public bool AreNone => Array.TrueForAll(chances, chance => chance == 0);

    public bool Allows(Fault kind) => On && Has(kind);

    /// <summary>Whether it may strike in this world, now or earlier.</summary>
    public bool Has(Fault kind) => chances[(int)kind] > 0;

    /// <param name="often">In this situation it strikes half of the times, in worlds in which it strikes at all.</param>
    public bool Strike(Fault kind, bool often = false)
    {
        if (!On || !chance.Hits(often && chances[(int)kind] > 0 ? 0.5 : chances[(int)kind]))
            return false;
        Injected[(int)kind]++;
        return true;
    }

    /// <param name="participant">The participant that the fault would strike.</param>
    /// <param name="often">In this situation it strikes half of the times, in worlds in which it strikes at all.</param>
    public bool Strike(Fault kind, string participant, bool often = false) => (storm is null || storm == participant) && Strike(kind, often);

    /// <summary>Counts a fault that was not drawn but followed from other faults, or from the passing of time.</summary>
    public void Happened(Fault kind) => Injected[(int)kind]++;

    static double[] Degrees(Fault kind) => kind switch
    {
        Fault.PickedUpAfterCallOff or Fault.WrongParcelReported or Fault.StreamUnreadableForLong or Fault.ClockSkewed => ChancesOfTaking,
        >= Fault.StockBusy and < Fault.PickedUpAfterCallOff => ChancesOutside,
        Fault.BrokerDeadLettered => ChancesOfGivingUp,
        _ => Chances,
    };

    /// <summary>The highest chance of a fault with which a world still makes progress.</summary>
    static double Most(Fault kind) => kind switch
    {
        Fault.CrashBeforeCall or Fault.CrashAfterCall or Fault.HostStopped => 0.02,
        Fault.StreamUnreadable or Fault.StreamTooLarge => 0.01,
        Fault.SlowCall => 0.04,
        Fault.BodyUnreadable or Fault.TypeUnknown or Fault.BugInRules or Fault.BugInAnswer => 0.1,
        _ => 1,
    };
}

/// <summary>An outside service that hosts call.</summary>
sealed class Service(string name, Fault? busy, Fault? answerLost, Fault? down)
{
    public string Name => name;
    public Fault? Busy => busy;
    public Fault? AnswerLost => answerLost;
    public Fault? Down => down;
    public DateTimeOffset DownUntil { get; set; }

    /// <summary>Every call is in transit for less than this. It is assumed of providers, because they forget keys.</summary>
    public TimeSpan WayMax { get; init; } = TimeSpan.MaxValue;

    /// <summary>Takes the place of a service that does not answer.</summary>
    public static readonly Service Silent = new("provider", null, null, null) { DownUntil = DateTimeOffset.MaxValue };

    /// <summary>Requests of turns that are given up may still arrive. Questions that arrive late have no effect.</summary>
    public bool MayBeLate(string what) => WayMax != TimeSpan.MaxValue && what is "charges" or "refunds" or "books" or "cancels" or "notifies";
}

/// <summary>Requests to providers that are still on their way after their callers gave them up.</summary>
sealed class LateRequests(World world)
{
    readonly Dictionary<string, List<Action>> requests = [];

    /// <param name="about">Begins with the order's id.</param>
    public void Add(string about, Action arrive)
    {
        var orderId = about.Split('/')[0];
        var waiting = requests.TryGetValue(orderId, out var known) ? known : requests[orderId] = [];
        waiting.Add(arrive);
        world.Scheduler.After(world.Chance.OfAnyScale(TimeSpan.FromHours(6)), () => Arrive(waiting, arrive));
    }

    /// <summary>The provider has just answered that it has nothing for the order: the most dangerous moment to arrive.</summary>
    public void Hurry(string orderId)
    {
        if (!requests.TryGetValue(orderId, out var waiting) || world.Chance.OneIn(3))
            return;
        foreach (var arrive in waiting.ToList())
            world.Scheduler.After(TimeSpan.FromMilliseconds(1), () => Arrive(waiting, arrive));
    }

    static void Arrive(List<Action> waiting, Action arrive)
    {
        if (waiting.Remove(arrive))
            arrive();
    }
}
