using Microsoft.Extensions.Logging;
using OrderFunctions.Kernel;
using OrderFunctions.Local.Bus;
using OrderFunctions.Local.Outside;
using OrderFunctions.Local.Storage;
using OrderFunctions.Local.Streams;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local;

public sealed record LocalOptions
{
    public TurnOptions Turn { get; init; } = new();
    public CarrierTiming Carrier { get; init; } = new();

    /// <summary>Between two runs of the replayers, which do nothing while nothing is parked.</summary>
    public TimeSpan ReplayPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Between two searches for what was saved and not published.</summary>
    public TimeSpan RepublishPause { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>Providers that are called over the network; null for one that is simulated.</summary>
public sealed record RealProviders(ICardProvider? Cards = null, ICarrier? Carrier = null, INotifier? Notifier = null);

/// <summary>
/// The whole saga in one process on one SQLite file: the five participants, the bus between them, their stores, and the simulated outside,
/// or a real one.
/// </summary>
public sealed class LocalSaga : IAsyncDisposable
{
    /// <summary>Each commit finds out whether the file is still where it was, and a host may be idle.</summary>
    static readonly TimeSpan WatchPause = TimeSpan.FromSeconds(1);

    static readonly TimeSpan DiskPoll = TimeSpan.FromMilliseconds(200);

    static readonly TimeSpan GaugesPause = TimeSpan.FromSeconds(10);

    readonly LocalOptions options;
    readonly TimeProvider time;
    readonly ILoggerFactory logs;
    readonly Dictionary<string, Participant> participants = [];
    readonly Dictionary<string, Participant> handlers = [];
    readonly Dictionary<string, Replayer> replayers = [];
    readonly List<Pump> pumps = [];
    readonly List<IAsyncDisposable> running = [];

    /// <param name="path">Of the file, or <see cref="Database.InMemory"/>.</param>
    /// <exception cref="IOException">Another process has the file open, or it cannot be opened.</exception>
    public LocalSaga(string path, LocalOptions options, TimeProvider time, ILoggerFactory logs, RealProviders? real = null)
    {
        real ??= new();
        this.options = options;
        this.time = time;
        this.logs = logs;
        Database = Database.Open(path, logs.CreateLogger<Database>());
        Streams = new(Database);
        Lists = new(Database);
        Bus = new(Database, new(), time);
        Stock = new(Database);
        Cards = new(Database, time);
        Carrier = new(Database, options.Carrier, time, logs.CreateLogger<SqliteCarrier>());
        Notifier = new(Database, time);
        Audit = new(Database, Bus, real);

        var outside = new Dictionary<string, Perform>
        {
            [Participants.Inventory] = Intents.On(Stock),
            [Participants.Payments] = real.Cards is { } cards ? OnceOnDisk(Intents.On(cards, time)) : Intents.On(Cards),
            [Participants.Shipping] = real.Carrier is { } carrier ? OnceOnDisk(Intents.On(carrier, time)) : Intents.On(Carrier),
            [Participants.Notifications] = real.Notifier is { } notifier ? OnceOnDisk(Intents.On(notifier)) : Intents.On(Notifier),
        };
        foreach (var (name, decider) in Participants.Deciders)
            Add(name, decider, outside.GetValueOrDefault(name, Intents.Nothing));
    }

    public Database Database { get; }
    public SqliteStreams Streams { get; }
    public OrderLists Lists { get; }
    public SqliteBus Bus { get; }
    public SqliteStock Stock { get; }
    public SqliteCardProvider Cards { get; }
    public SqliteCarrier Carrier { get; }
    public SqliteNotifier Notifier { get; }
    public Audit Audit { get; }

    /// <summary>Whether messages of every participant are handled.</summary>
    public bool IsHandling => pumps.Count == handlers.Count && pumps.All(pump => pump.IsRunning);

    /// <summary>For requests over HTTP: they are answered once everything is on disk.</summary>
    public Participant this[string name] => participants[name];

    /// <summary>Starts to handle messages and to report pick-ups.</summary>
    /// <param name="webhook">What the carrier calls; null to publish its reports directly.</param>
    public async Task StartAsync(Func<PickUpEvent, CancellationToken, Task>? webhook = null)
    {
        foreach (var (name, participant) in handlers)
        {
            var handler = new MessageHandler(participant, options.Turn, time, logs.CreateLogger<MessageHandler>());
            pumps.Add(new(Bus[name], handler, time, logs.CreateLogger<Pump>()));
            running.Add(Every($"Replaying at {name}", options.ReplayPause, stopping => ReplayAsync(name, stopping)));
        }
        var republisher = new Republisher(handlers[Participants.Orders], Streams.Of(Participants.Orders), time);
        running.Add(Every("Republishing", options.RepublishPause, republisher.RunAsync));
        running.Add(Every("Watching the file", WatchPause, WatchAsync));
        running.Add(Every("Measuring", GaugesPause, new Gauges(Lists, time).MeasureAsync));
        await Carrier.StartAsync(webhook ?? ((pickUp, cancellation) =>
            Bus.Unawaited.ReportPickUpAsync(pickUp.OrderId, pickUp.EventId, pickUp.TrackingId, cancellation)));
    }

    async Task WatchAsync(CancellationToken stopping)
    {
        try
        {
            await Database.CommitAsync(_ => true);
        }
        catch (TransientException)
        {
            // The database has said why, and the host ends.
        }
    }

    Task ReplayAsync(string name, CancellationToken stopping) =>
        Bus.Depth(name).Dead == 0 ? Task.CompletedTask : replayers[name].RunAsync(stopping);

    void Add(string name, IDecider decider, Perform perform)
    {
        participants[name] = new(name, decider, perform, Streams.OfRequests(name), Bus, options.Turn, time, OrderSummary.For(name));
        handlers[name] = new(name, decider, perform, Streams.Of(name), Bus.Unawaited, options.Turn, time, OrderSummary.For(name));
        replayers[name] = new(handlers[name], Bus.DeadLetters(name), time);
    }

    /// <summary>
    /// A call that leaves the process waits until everything that led to it is on disk: a crash must not take back an order whose card is
    /// charged.
    /// </summary>
    Perform OnceOnDisk(Perform perform) => async (call, cancellation) =>
    {
        await Database.CommittedAsync();
        return await perform(call, cancellation);
    };

    Loop Every(string name, TimeSpan pause, Func<CancellationToken, Task> act) =>
        new(name, pause, act, time, logs.CreateLogger<Loop>());

    /// <summary>
    /// Waits for messages in progress, writes what is queued, and closes the file. Everything else continues after the next start.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await Carrier.DisposeAsync();
        var ended = Task.WhenAll(running.Concat(pumps).Select(one => one.DisposeAsync().AsTask()));
        while (await Task.WhenAny(ended, Task.Delay(DiskPoll)) != ended)
        {
            // Turns wait for a disk that fails for as long as the host serves.
            if (Database.DiskFails)
                Database.Close();
        }
        await ended;
        running.Clear();
        pumps.Clear();
        Bus.Dispose();
        await Database.DisposeAsync();
    }
}
