using System.Globalization;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <param name="Seed">Determines everything in the run.</param>
/// <param name="Orders">How many orders are placed; null if the seed decides.</param>
/// <param name="Only">The only faults that may strike; null for all.</param>
/// <param name="Dropped">A cell of a decision table that is left out, to check that this is detected.</param>
/// <param name="KeepLines">Whether the history can be read afterwards.</param>
sealed record WorldOptions(ulong Seed, int? Orders = null, IReadOnlySet<Fault>? Only = null, Cell? Dropped = null, bool KeepLines = false);

/// <summary>
/// Everything in one simulated run: five participants on hosts that die, their stores, the bus, the outside services, and the people. For a
/// while faults strike everywhere; then they stop, and everything has to settle.
/// </summary>
sealed class World
{
    public const string Customer = "customer";
    const int HostsEach = 2;
    const int StepsUnderFaultsMax = 40_000;
    const int StepsOfAnOrderMax = 200;

    /// <summary>Some more often than others, so that their rarest rules are reached.</summary>
    static readonly string[] WhereStormsStrike =
    [
        Participants.Orders, Participants.Orders, Participants.Orders, Participants.Inventory, Participants.Payments, Participants.Payments,
        Participants.Shipping, Participants.Shipping,
    ];

    readonly Dictionary<string, SimulatedStore> stores = [];
    readonly Dictionary<string, Host?[]> hosts = [];
    readonly Dictionary<string, UpkeepTimer> timers = [];
    readonly List<PlacedOrder> orders = [];
    int hostsStarted;

    public World(WorldOptions options)
    {
        Seed = options.Seed;
        Chance = new(options.Seed);
        Scheduler = new();
        History = new(Scheduler, options.KeepLines);
        if (Chance.OneIn(3))
            Storm = Chance.Of(WhereStormsStrike);
        Faults = new(Chance, options.Only, Storm);
        Invariants = new(this);
        Bugs = new(this);
        Rules = new(this, options.Dropped);
        KeyLifetime = Storm is null ? Chance.Of([TimeSpan.FromDays(1), TimeSpan.FromHours(1), TimeSpan.FromMinutes(10)]) : TimeSpan.FromDays(1);
        LookUpLag = Faults.Allows(Fault.LookUpLags) ? TimeSpan.FromMinutes(1) : TimeSpan.Zero;
        Wire = new(this);
        Versions = new(this);
        Stock = new(this);
        Cards = new(this);
        Carrier = new(this);
        Notifier = new(this);
        Bus = new(this);
        Late = new(this);
        (DeclineChance, RefuseChance) = Storm is null ? (Chance.Below(4) * 0.1, Chance.Below(4) * 0.1) : (0.3, 0.5);
        if (Chance.OneIn(3))
        {
            Options = new() { DeliveriesMax = 2 + Chance.Below(4), RetriesMax = 1 + Chance.Below(4) };
            BrokerDeliveriesMax = Options.DeliveriesMax + 1 + Chance.Below(6);
        }
        (ReplayWindow, ReplayLooks) = (Chance.Of([1, 3, 5_000]), Chance.Of([1, 3, 500]));
        foreach (var (name, _, _) in Topology.Current.Subscriptions)
        {
            stores.Add(name, new(this, name));
            timers.Add(name, new(this, name));
            hosts.Add(name, new Host?[HostsEach]);
            for (var slot = 0; slot < HostsEach; slot++)
                hosts[name][slot] = new(this, name, ++hostsStarted);
        }
        Operations = new(this);
        Operators = new(this);
        Horizon = (Storm is null ? TimeSpan.FromSeconds(5) : TimeSpan.FromHours(1)) + Chance.OfAnyScale(TimeSpan.FromDays(1));
        PlaceOrders(options.Orders ?? 1 + Chance.Below(6));
    }

    public ulong Seed { get; }
    public Chance Chance { get; }

    /// <summary>
    /// The participant that suffers many faults while all others have few: the broker dead-letters half of its messages, locks do not hold,
    /// and the provider that it calls is slow and loses answers. Without this, problems that need several rare faults in one place within
    /// moments would hardly ever occur. Null if all participants have the usual faults.
    /// </summary>
    public string? Storm { get; }

    /// <summary>Whether customers change their mind within moments, before their request is carried out.</summary>
    public bool HasHastyCustomers => Storm is Participants.Inventory or Participants.Payments or Participants.Shipping;

    public Scheduler Scheduler { get; }
    public History History { get; }
    public Faults Faults { get; }
    public Invariants Invariants { get; }
    public Reach Reach { get; } = new();
    public Bugs Bugs { get; }
    public Rules Rules { get; }
    public Wire Wire { get; }
    public Versions Versions { get; }
    public SimulatedStock Stock { get; }
    public SimulatedCards Cards { get; }
    public SimulatedCarrier Carrier { get; }
    public SimulatedNotifier Notifier { get; }
    public SimulatedBus Bus { get; }
    public LateRequests Late { get; }
    public Operations Operations { get; }
    public Operators Operators { get; }
    public TurnOptions Options { get; } = new();
    public int BrokerDeliveriesMax { get; } = 25;

    /// <summary>In most worlds so few that what waits for an operator fills a replayer's run, with what is due behind it.</summary>
    public int ReplayWindow { get; }

    public int ReplayLooks { get; }

    /// <summary>How long providers remember keys.</summary>
    public TimeSpan KeyLifetime { get; }

    /// <summary>For how long their look-ups may miss what they have just done.</summary>
    public TimeSpan LookUpLag { get; }

    public double DeclineChance { get; }
    public double RefuseChance { get; }

    /// <summary>For how long faults strike.</summary>
    public TimeSpan Horizon { get; }

    public IReadOnlyList<PlacedOrder> Orders => orders;

    /// <summary>How many requests about each order are not answered yet, or are still to be sent.</summary>
    public Dictionary<string, int> OpenRequests { get; } = [];

    public void Requested(string orderId) => OpenRequests[orderId] = OpenRequests.GetValueOrDefault(orderId) + 1;
    public void Answered(string orderId) => OpenRequests[orderId]--;

    public Dictionary<(string Participant, string OrderId, string RequestId), OrderEvent> Requests { get; } = [];

    public SimulatedStore Store(string participant) => stores[participant];
    public IEnumerable<SimulatedStore> Stores => stores.Values;

    /// <summary>How many streams had parked messages once all else was settled.</summary>
    public int ParkedForOperators { get; private set; }

    /// <summary>Runs to the end, or to the first broken law.</summary>
    public Violation? Run()
    {
        Operations.Plan();
        var stepsUnderFaultsMax = Math.Max(StepsUnderFaultsMax, StepsOfAnOrderMax * orders.Count);
        while (Invariants.Violation is null && Scheduler.Elapsed < Horizon.Ticks && Scheduler.Steps < stepsUnderFaultsMax && Scheduler.Step())
        {
        }

        History.Add("world", "faults stop");
        Operations.BreakOneStream();
        Faults.On = false;
        Operations.EndOutages();
        Versions.UpdateAll();
        if (Operations.Unreadable is { } unreadable)
        {
            var repair = false;
            Scheduler.After(Chance.OfAnyScale(TimeSpan.FromHours(6)), () => repair = true);
            RunUntil(
                "One unreadable stream stops no other order",
                world => Settling.WhatStillMoves(world, unreadable) ?? (repair ? null : $"{unreadable} is to stay unreadable"));
            Operations.MakeReadable();
        }
        RunUntil("Once the faults stop, everything settles but what waits for an operator", world => Settling.WhatStillMoves(world));
        ParkedForOperators = stores.Values.Sum(store => store.Streams.Count(stream => !stream.Parked.IsEmpty));
        if (Invariants.Violation is null)
            Audit.Parking(this);

        Operations.MendAll();
        Operators.AskForReplays();
        RunUntil("Once all bugs are mended and all parked orders are replayed, everything settles", Settling.WhatIsLeft);
        if (Invariants.Violation is null)
            Audit.Everything(this);
        return Invariants.Violation;
    }

    void RunUntil(string law, Func<World, string?> left)
    {
        var bound = Scheduler.Steps + 40_000 + 10_000 * orders.Count;
        while (Invariants.Violation is null)
        {
            // A check is expensive, so it runs only every 31 steps: a prime, because an order that comes round every so many steps, such as
            // a parcel that is asked for day after day, might never be at rest at their multiples. Near the bound every step is checked.
            if ((Scheduler.Steps % 31 == 0 || Scheduler.Steps > bound - 1_000) && left(this) is null)
                return;
            if (Scheduler.Steps < bound && Scheduler.Step())
                continue;
            if (left(this) is { } rest)
                Invariants.Broken(law, rest.Split(' ')[0], rest);
            return;
        }
    }

    /// <summary>Usually a millisecond or two; rarely longer than a turn may take.</summary>
    /// <param name="service">The service that the call goes to or comes back from.</param>
    public TimeSpan Latency(string participant, Service service) =>
        IsSlow(participant, service)
            ? Storm is null ? Chance.OfAnyScale(TimeSpan.FromMinutes(3)) : Chance.Between(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1))
            : TimeSpan.FromTicks(1_000 + Chance.Below(20_000));

    // Deliberately not the carrier in a storm: Shipping has no rule for a booking that arrives after a look-up did not find it.
    bool IsSlow(string participant, Service service) =>
        (Storm is null || service == Cards.Service) && Faults.Strike(Fault.SlowCall, participant);

    /// <exception cref="ProviderException">The provider of the participant refuses the request itself, this time.</exception>
    public void MayRefuse(string participant)
    {
        if (Faults.Strike(Fault.ProviderRefuses, participant))
            throw new ProviderException(Failure.Unusable, "The provider answered 401.");
    }

    /// <summary>No host's clock shows a later time.</summary>
    public DateTimeOffset LatestClock => Faults.Has(Fault.ClockSkewed) ? Scheduler.Now + HostClock.AheadMax : Scheduler.Now;

    /// <summary>A running host; null if there is none.</summary>
    public Host? AnyHost(string participant)
    {
        var slots = hosts[participant];
        var first = Chance.Below(HostsEach);
        return slots[first] ?? slots[(first + 1) % HostsEach];
    }

    public IEnumerable<Host> Hosts(string participant) => hosts[participant].OfType<Host>();

    public void Bred(Bug bug) => Operators.Consider(bug, Chance.Below(4));

    /// <summary>The host died or is stopping, and another one replaces it.</summary>
    public void Gone(Host host)
    {
        var slots = hosts[host.Participant.Name];
        var slot = Array.IndexOf(slots, host);
        if (slot < 0)
            return;
        slots[slot] = null;
        Bus[host.Participant.Name].HolderGone(host);
        Scheduler.After(Chance.OfAnyScale(TimeSpan.FromMinutes(1)), () => slots[slot] = new(this, host.Participant.Name, ++hostsStarted));
    }

    public UpkeepTimer Upkeep(string participant) => timers[participant];

    public bool IsInUpkeep(string participant) => Array.Exists(hosts[participant], host => host is { IsInUpkeep: true });

    void PlaceOrders(int count)
    {
        string[] skus = ["apple", "pear", "plum"];
        foreach (var sku in skus)
            Stock.SetReceived("north", sku, Chance.Below(4 * count));
        for (var i = 1; i <= count; i++)
        {
            var lines = new List<OrderLine>();
            var (isFree, isService) = (Chance.OneIn(6), Chance.OneIn(6));
            for (var n = 1 + Chance.Below(3); n > 0; n--)
            {
                var price = isFree ? 0 : (1 + Chance.Below(6_000)) * 5 / 10_000m;
                lines.Add(isService || Chance.OneIn(6)
                    ? new(SimulatedStock.Postage, "postage", 1, price, NeedsStock: false)
                    : new(Chance.OneIn(40) ? "unknown" : Chance.Of(skus), "fruit", 1 + Chance.Below(3), price));
            }
            orders.Add(new(this, "o" + i.ToString(CultureInfo.InvariantCulture), new(
                "c1", Chance.Of(PlacedOrder.Currencies), lines, "card", new("A. Customer", "1 Main Street", "Town", "12345", "NL"), "north")));
        }
    }
}
