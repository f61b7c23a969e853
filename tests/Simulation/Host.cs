using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>
/// One process of one participant's app. It runs the shipped turn, handler and upkeep. It may die at any moment: whatever it
/// was awaiting never resumes, but whatever it had sent still arrives.
/// </summary>
sealed class Host
{
    static readonly Fault[] Deaths = [Fault.CrashBeforeCall, Fault.CrashAfterCall];

    readonly World world;
    readonly List<Strand> strands = [];

    public Host(World world, string participant, int number)
    {
        this.world = world;
        Name = $"{participant}#{number}";
        IsNext = world.Versions.IsNext(participant);
        Time = new(this, world.Scheduler, world.Faults.Strike(Fault.ClockSkewed)
            ? world.Chance.Between(-HostClock.AheadMax, HostClock.AheadMax) : TimeSpan.Zero);
        var store = new StorePort(this, world.Store(participant));
        Bus = new BusPort(this, world.Bus);
        Participant = new(
            participant, world.Rules[participant], world.Bugs.InAnswers(participant, Ports(participant)), store, Bus,
            world.Options, Time, OrderSummary.For(participant), world.Chance.Unit);
        Handler = new(Participant, world.Options, Time, new Ear(this));
        Upkeep = new(
            new(Participant, store, Time),
            new(Participant, new DeadLetterPort(this, world.Bus[participant]), Time) { WindowMax = world.ReplayWindow, LooksMax = world.ReplayLooks },
            NullLogger<Upkeep>.Instance);
    }

    public World World => world;
    public string Name { get; }

    /// <summary>Whether it runs the next version (<see cref="Versions"/>).</summary>
    public bool IsNext { get; }

    public HostClock Time { get; }
    public IEventBus Bus { get; }
    public Participant Participant { get; }
    public MessageHandler Handler { get; }
    public Upkeep Upkeep { get; }
    public bool Alive { get; private set; } = true;
    public bool IsInUpkeep { get; private set; }

    Perform Ports(string participant) => participant switch
    {
        Participants.Inventory => Intents.On(new StockPort(this, world.Stock)),
        Participants.Payments => CallingOff(Intents.On(new CardsPort(this, world.Cards), Time)),
        Participants.Shipping => CallingOff(Intents.On(new CarrierPort(this, world.Carrier), Time)),
        Participants.Notifications => Intents.On(new NotifierPort(this, world.Notifier)),
        _ => Intents.Nothing,
    };

    static Perform CallingOff(Perform perform) => (call, cancellation) =>
    {
        Strand.Current!.CallsOff = call.Intent is FindCharge or FindBooking || call.LookUp;
        return perform(call, cancellation);
    };

    /// <summary>
    /// One call over the network: the request travels, takes effect, and the answer travels back. Either way may be slow or lost, the
    /// service may refuse, and this host may die before, during or after it.
    /// </summary>
    public Task<T> CallAsync<T>(Service service, string what, string about, Func<T> effect, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<T>();
        var strand = Strand.Current;
        if (Struck(0))
        {
            world.History.Add(Name, "died before " + what, about);
            Die();
            return answer.Task;
        }
        strand?.Calls.Add(what);
        if (cancellation.CanBeCanceled)
            cancellation.UnsafeRegister(static (state, token) => ((TaskCompletionSource<T>)state!).TrySetCanceled(token), answer);

        var sent = world.Scheduler.Now;
        var travel = world.Latency(Participant.Name, service);
        if (service.MayBeLate(what) && world.Faults.Strike(Fault.RequestLate, Participant.Name))
        {
            world.Late.Add(about, () => Arrive(service, sent, what, about, effect));
            service = Service.Silent;
        }
        if (travel > TimeSpan.FromSeconds(1))
            world.Bus[Participant.Name].Disturb(about);
        world.Scheduler.After(travel, () =>
        {
            var (result, failure) = Arrive(service, sent, what, about, effect);
            if (failure is StreamConflictException)
                strand?.Calls.Add("conflicts");
            if (Struck(1))
            {
                world.History.Add(Name, "died after " + what, about);
                Die();
                return;
            }
            var way = world.Latency(Participant.Name, service);
            if (failure is not null || way > TimeSpan.FromSeconds(1))
                world.Bus[Participant.Name].Disturb(about);
            world.Scheduler.After(way, () =>
            {
                if (!Alive)
                    return;
                strand!.Run(() => _ = failure is null ? answer.TrySetResult(result!) : answer.TrySetException(failure));
            });
        });
        return answer.Task;
    }

    public Task CallAsync(Service service, string what, string about, Action effect, CancellationToken cancellation) =>
        CallAsync(service, what, about, () =>
        {
            effect();
            return true;
        }, cancellation);

    (T? Result, Exception? Failure) Arrive<T>(Service service, DateTimeOffset sent, string what, string about, Func<T> effect)
    {
        if (world.Scheduler.Now < service.DownUntil)
            return Failed("down");
        if (world.Scheduler.Now - sent >= service.WayMax)
            return Failed("given up on its way");
        if (service.Busy is { } busy && world.Faults.Strike(busy))
            return Failed("busy");
        try
        {
            var result = effect();
            if (service.AnswerLost is { } lost && world.Faults.Strike(lost, Participant.Name))
            {
                world.History.Add(Name, what, about, "done, answer lost");
                return (default, new TransientException($"The answer of the {service.Name} was lost."));
            }
            world.History.Add(Name, what, about, "done");
            return (result, null);
        }
        catch (Exception e) when (e is TransientException or ProviderException or StreamConflictException or LockLostException or InvalidDataException)
        {
            world.History.Add(Name, what, about, e.GetType().Name);
            return (default, e);
        }

        (T?, Exception?) Failed(string why)
        {
            world.History.Add(Name, what, about, why);
            return (default, new TransientException($"The {service.Name} is {why}."));
        }
    }

    /// <summary>What a turn calls beside the store and the bus. If only these fail, the message can be parked.</summary>
    IEnumerable<string> Providers => new[] { world.Stock.Service, world.Cards.Service, world.Carrier.Service, world.Notifier.Service }.Select(service => $"he {service.Name} ");

    bool Struck(int death) => Alive && world.Faults.Strike(Deaths[death]);

    void Die()
    {
        Alive = false;
        world.Gone(this);
    }

    /// <summary>The platform asks the host to stop: it gets no new work, and everything still running is cancelled.</summary>
    public void Stop()
    {
        world.History.Add(Name, "stops");
        world.Gone(this);
        foreach (var strand in strands.ToList())
            strand.Stop();
    }

    /// <summary>Runs until it ends. If this host dies first, it never ends.</summary>
    public void Start(Func<CancellationToken, Task> course)
    {
        var strand = new Strand(world.Scheduler.Now);
        strands.Add(strand);
        strand.Run(() => _ = RunAsync(strand, course));
    }

    async Task RunAsync(Strand strand, Func<CancellationToken, Task> course)
    {
        try
        {
            await course(strand.Stopping);
        }
        catch (Exception e)
        {
            world.Invariants.Broken("A host meets nothing unexpected", "", e.ToString());
        }
        strands.Remove(strand);
        strand.Dispose();
    }

    public void RunUpkeep() => Start(async stopping =>
    {
        IsInUpkeep = true;
        world.History.Add(Name, "upkeep");
        if (world.Bus[Participant.Name].DeadLetters.Letters.Count > world.ReplayWindow)
            world.Reach.Saw(Branch.MoreWaitedThanOneRunPeeks);
        try
        {
            await Upkeep.RunAsync(stopping);
        }
        catch (Exception e) when (IsExpected(e))
        {
            world.Reach.Saw(e is TransientException ? Branch.UpkeepBrokenOff : e is OperationCanceledException ? Branch.UpkeepStopped : Branch.UpkeepMetBrokenStream);
            world.History.Add(Name, "ends upkeep", "", e.GetType().Name);
        }
        IsInUpkeep = false;
    });

    /// <summary>
    /// The exceptions that a host's timers and requests may end with: something is unavailable or broken, or the host stops.
    /// </summary>
    public static bool IsExpected(Exception e) =>
        e is TransientException or OperationCanceledException or InvalidDataException or AggregateException;

    /// <summary>Detects from the handler's log which branch it took.</summary>
    sealed class Ear(Host host) : ILogger<MessageHandler>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var text = formatter(state, exception);
            host.world.History.Add(host.Name, "logs", "", text);
            if (eventId.Name == "LogUnsettled")
                host.world.Reach.Saw(Branch.Unsettled);
            else if (eventId.Name == "LogGivenBack")
            {
                var fields = ((IReadOnlyList<KeyValuePair<string, object?>>)(object)state!).ToDictionary();
                var isProvider = exception is OperationCanceledException
                    ? Strand.Current?.Calls is [.., not ("loads" or "saves" or "conflicts" or "publishes")]
                    : host.Providers.Any(name => text.Contains(name, StringComparison.Ordinal));
                if (isProvider && (int)fields["DeliveryCount"]! >= host.world.Options.DeliveriesMax)
                    host.world.Invariants.Broken("The last delivery allowed parks with its own error", (string)fields["OrderId"]!, text);
                host.world.Reach.Saw(
                    exception is OperationCanceledException ? Branch.GivenBackOutOfTime
                    : exception is not null ? Branch.GivenBackBroken
                    : text.Contains("changed during each of", StringComparison.Ordinal) ? Branch.GivenBackContended
                    : Branch.GivenBackTransient);
            }
        }
    }
}
