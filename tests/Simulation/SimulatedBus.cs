using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>
/// The topic: one order of acceptance for all its subscriptions, a time window for duplicate detection by id, and scheduled messages.
/// </summary>
sealed class SimulatedBus
{
    static readonly TimeSpan DuplicateWindow = TimeSpan.FromMinutes(10);

    readonly World world;
    readonly Dictionary<string, Subscription> subscriptions;
    readonly Dictionary<string, DateTimeOffset> window = [];
    readonly Dictionary<string, OutboundMessage> accepted = [];

    public SimulatedBus(World world)
    {
        this.world = world;
        subscriptions = Topology.Current.Subscriptions.ToDictionary(s => s.Name, s => new Subscription(world, s));
    }

    public Service Service { get; } = new("bus", Fault.BusBusy, Fault.BusAnswerLost, Fault.BusDown);

    /// <summary>Messages that are scheduled for later.</summary>
    public int Scheduled { get; private set; }

    public IEnumerable<Subscription> Subscriptions => subscriptions.Values;

    public Subscription this[string participant] => subscriptions[participant];

    /// <summary>The event that was published under this id; null if there is none.</summary>
    public PublicEvent? Published(string id) => accepted.GetValueOrDefault(id)?.Event;

    /// <summary>The messages for others in these entries that were never published.</summary>
    public IEnumerable<RecordedEvent> Unpublished(IEnumerable<Entry> entries) =>
        entries.SelectMany(entry => entry.Events).Where(recorded => recorded.Event is PublicEvent && Published(recorded.Id) is null);

    /// <param name="byNext">Whether a host of the next version sends them.</param>
    public void Accept(IReadOnlyList<OutboundMessage> messages, bool byNext)
    {
        if (messages[0].CausationId != messages[^1].CausationId)
            world.Reach.Saw(Branch.PublishedWithHttpEntries);
        world.Invariants.Publishing(messages);
        foreach (var sent in messages)
        {
            var message = world.Wire.Sent(sent, byNext);
            world.Invariants.Publishing(message, Published(message.Id));
            var now = world.Scheduler.Now;
            if (window.TryGetValue(message.Id, out var before) && now - before < DuplicateWindow)
            {
                if (!world.Faults.Strike(Fault.DuplicateAccepted))
                    continue;
            }
            else if (accepted.ContainsKey(message.Id))
                world.Faults.Happened(Fault.DuplicateAccepted);
            window[message.Id] = now;
            accepted[message.Id] = message;
            if (message.EnqueueAt > now)
            {
                Scheduled++;
                world.Scheduler.After(message.EnqueueAt.Value - now, () =>
                {
                    Scheduled--;
                    Enqueue(message);
                });
            }
            else
                Enqueue(message);
        }
    }

    void Enqueue(OutboundMessage message)
    {
        world.History.Add("topic", "accepts", message.Id, message.Event.GetType().Name);
        foreach (var subscription in subscriptions.Values)
            subscription.Enqueue(message);
    }
}

sealed class BusPort(Host host, SimulatedBus bus) : IEventBus
{
    public async Task PublishAsync(IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation)
    {
        var first = FirstPart(messages, Fault.BatchSplit);
        await SendAsync(first, cancellation);
        if (first.Count < messages.Count)
            await SendAsync([.. messages.Skip(first.Count)], cancellation);
    }

    Task SendAsync(IReadOnlyList<OutboundMessage> batch, CancellationToken cancellation) =>
        host.CallAsync(bus.Service, "publishes", batch[0].Id, () =>
        {
            var first = FirstPart(batch, Fault.BatchCutShort);
            bus.Accept(first, host.IsNext);
            if (first.Count < batch.Count)
                throw new TransientException("The bus did not take the whole batch.");
        }, cancellation);

    /// <summary>All of it, unless the fault strikes.</summary>
    IReadOnlyList<OutboundMessage> FirstPart(IReadOnlyList<OutboundMessage> batch, Fault fault) =>
        batch.Count > 1 && host.World.Faults.Strike(fault, host.Participant.Name)
            ? [.. batch.Take(1 + host.World.Chance.Below(batch.Count - 1))]
            : batch;
}

/// <summary>A message in a subscription.</summary>
sealed class Copy(OutboundMessage message, DateTimeOffset enqueuedAt)
{
    public OutboundMessage Message => message;
    public string Id => message.Id;
    public string OrderId => message.OrderId;

    /// <summary>How often it was delivered, not counting deliveries that were returned untouched.</summary>
    public int Deliveries { get; set; }

    /// <summary>Its last delivery was one more than the kernel allows, and no fault kept the kernel from parking it.</summary>
    public bool IsUndisturbed { get; set; }

    public ReceivedMessage Received(Host host)
    {
        var (bugs, participant) = (host.World.Bugs, host.Participant.Name);
        var isKnown = host.IsNext || bugs.KnowsType(participant, Id);
        var readable = isKnown && bugs.CanRead(participant, Id);
        return new(
            message.Id, message.OrderId, isKnown ? message.Event.GetType().Name : "OfALaterVersion", readable ? message.Event : null,
            message.CausationId, message.TraceParent, Stated(enqueuedAt), Deliveries, readable ? null : "The body is garbled.", message.RecordedAt);
    }

    /// <summary>A broker states times in milliseconds.</summary>
    public static DateTimeOffset Stated(DateTimeOffset at) => new(at.Ticks - at.Ticks % TimeSpan.TicksPerMillisecond, TimeSpan.Zero);
}
