using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>
/// One participant's subscription: ordered sessions, one consumer per session while its lock is valid, and a dead-letter queue.
/// </summary>
sealed class Subscription(World world, SubscriptionTopology topology)
{
    static readonly TimeSpan DeliveryMax = TimeSpan.FromMilliseconds(20);
    static readonly TimeSpan RenewalMax = TimeSpan.FromMinutes(5);
    static readonly TimeSpan LockOfTheGone = TimeSpan.FromSeconds(60);

    readonly Dictionary<string, Session> sessions = [];
    readonly bool passesEverything = world.Faults.Strike(Fault.FilterOpen);

    public string Name => topology.Name;
    public Service Service { get; } = new("subscription", Fault.SettlementBusy, Fault.SettlementAnswerLost, null);
    public DeadLetterQueue DeadLetters { get; } = new(world, topology.Name);

    /// <summary>Orders with messages that wait or are being handled.</summary>
    public IEnumerable<string> WaitingOrders =>
        sessions.Values.Where(session => session.Queue.Count > 0 || session.Holder is not null).Select(session => session.OrderId);

    public string Describe() => string.Join(", ", sessions.Values.SelectMany(session => session.Queue).Select(copy => copy.Id));

    public bool Hears(OutboundMessage message) => topology.Hears.Contains(message.Event.GetType().Name);

    public void Enqueue(OutboundMessage message)
    {
        if (!passesEverything && !Hears(message))
            return;
        if (!sessions.TryGetValue(message.OrderId, out var session))
            sessions.Add(message.OrderId, session = new(message.OrderId));
        session.Queue.AddLast(new Copy(message, world.Scheduler.Now));
        world.Bugs.Breed(Name, message);
        if (Hears(message))
            world.Invariants.Accepted(Name, message);
        Wake(session);
    }

    void Wake(Session session)
    {
        if (session.Queue.Count == 0 || session.Holder is not null || session.Woken)
            return;
        session.Woken = true;
        var delay = world.Faults.Strike(Fault.DeliveryDelayed) ? world.Chance.OfAnyScale(TimeSpan.FromHours(1)) : world.Chance.Below(DeliveryMax);
        world.Scheduler.After(delay, () => Deliver(session));
    }

    void Deliver(Session session)
    {
        session.Woken = false;
        if (session.Queue.First?.Value is not { } copy || session.Holder is not null)
            return;
        if (world.AnyHost(Name) is not { } host)
        {
            session.Woken = true;
            world.Scheduler.After(TimeSpan.FromSeconds(1), () => Deliver(session));
            return;
        }
        var tooOften = copy.Deliveries >= world.BrokerDeliveriesMax;
        if (tooOften || world.Faults.Strike(Fault.BrokerDeadLettered, Name))
        {
            if (tooOften)
                world.Faults.Happened(Fault.BrokerDeadLettered);
            world.History.Add(Name, "broker dead-letters", copy.Id);
            session.Queue.RemoveFirst();
            DeadLetters.Add(copy);
            world.Invariants.GivenUp(Name, copy.Message, tooOften && copy.IsUndisturbed);
            Wake(session);
            return;
        }
        copy.Deliveries++;
        copy.IsUndisturbed = copy.Deliveries > world.Options.DeliveriesMax;
        var delivery = new Delivery(this, session, copy, host);
        session.Holder = delivery;
        world.Scheduler.After(RenewalMax, () => Expire(delivery));
        if (world.Faults.Strike(Fault.SessionLost, Name))
            world.Scheduler.After(world.Chance.OfAnyScale(TimeSpan.FromMinutes(2)), () => Expire(delivery));
        host.Start(stopping => HandleAsync(delivery, stopping));
    }

    async Task HandleAsync(Delivery delivery, CancellationToken stopping)
    {
        var host = delivery.Host;
        var message = delivery.Copy.Received(host);
        world.History.Add(host.Name, "receives", message.Id, message.Type);
        var place = PlaceInLine(message);
        var calls = Strand.Current!.Calls;
        try
        {
            var result = await host.Handler.HandleAsync(message, delivery, stopping);
            if (result is { } turn)
            {
                Saw(message, turn, place);
                world.Invariants.Economical(Name, message, turn.Outcome, calls);
                if (!delivery.Released)
                    world.Invariants.Broken("A settled message's session is released", message.OrderId, message.Id);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            world.Reach.Saw(Branch.Stopped);
        }
        catch (Exception e)
        {
            world.Invariants.Broken("The handler throws nothing but that it was stopped", message.OrderId, e.ToString());
        }
    }

    /// <summary>The message's place in the line of parked messages; -1 if it is not parked.</summary>
    int PlaceInLine(ReceivedMessage message) => world.Store(Name)[message.OrderId]?.Parked.FindIndex(parked => parked.Id == message.Id) ?? -1;

    /// <param name="place">The place in the line of parked messages, before the turn.</param>
    void Saw(ReceivedMessage message, TurnResult turn, int place)
    {
        world.Reach.Saw(turn.Outcome);
        if (turn.Outcome is TurnOutcome.Handled && place == 0)
            world.Reach.Saw(Branch.HeadRanFromSubscription);
        if (turn.Outcome is TurnOutcome.Handled && message.Event is IFromOutside && world.Store(Name)[message.OrderId] is { Parked.IsEmpty: false })
            world.Reach.Saw(Branch.PassedTheLine);
        if (turn.Outcome is not TurnOutcome.Parked)
            return;
        world.Reach.Saw(turn.Reason);
        if (message.Event is IFromOutside && turn.Reason == ParkingReasons.Behind && place < 0
            && message.DeliveryCount <= world.Options.DeliveriesMax && !world.Store(Name).WasTooLarge(message.OrderId))
        {
            world.Invariants.Broken("What comes from outside passes a parked line", message.OrderId, $"{message.Id} at {Name}");
        }
        if (place > 0)
            world.Reach.Saw(Branch.ParkedAgainBehind);
        else if (place == 0)
        {
            world.Reach.Saw(
                message.DeliveryCount > world.Options.DeliveriesMax ? Branch.ParkedAgainTooOften
                : message.Event is null ? Branch.ParkedAgainUnreadable
                : Branch.ParkedAgainFailed);
        }
    }

    /// <summary>The lock is lost. Its holder does not know yet, and the next consumer may start.</summary>
    void Expire(Delivery delivery)
    {
        if (delivery.Session.Holder != delivery)
            return;
        world.History.Add(Name, "session lock expires", delivery.Copy.Id);
        Disturb(delivery.Copy.OrderId);
        delivery.Session.Holder = null;
        Wake(delivery.Session);
    }

    /// <summary>Notes that a fault disturbed the consumer that is handling the order.</summary>
    public void Disturb(string orderId)
    {
        if (sessions.TryGetValue(orderId, out var session) && session.Queue.First?.Value is { } copy)
            copy.IsUndisturbed = false;
    }

    public void HolderGone(Host host)
    {
        foreach (var session in sessions.Values)
        {
            if (session.Holder is not { } delivery || delivery.Host != host)
                continue;
            Disturb(session.OrderId);
            world.Scheduler.After(world.Chance.Below(LockOfTheGone), () => Expire(delivery));
        }
    }

    sealed class Session(string orderId)
    {
        public string OrderId => orderId;
        public LinkedList<Copy> Queue { get; } = new();
        public Delivery? Holder { get; set; }

        /// <summary>A delivery is scheduled.</summary>
        public bool Woken { get; set; }
    }

    /// <summary>One consumer's lock on a session and on its first message.</summary>
    sealed class Delivery(Subscription subscription, Session session, Copy copy, Host host) : ISettlement
    {
        bool settled;

        public Session Session => session;
        public Copy Copy => copy;
        public Host Host => host;
        public bool Released { get; private set; }

        public Task CompleteAsync(CancellationToken cancellation) => SettleAsync("completes", () =>
        {
            subscription.World.Invariants.Completing(subscription, copy.Message);
            session.Queue.RemoveFirst();
        }, cancellation);

        public Task AbandonAsync(CancellationToken cancellation) => SettleAsync("abandons", () => { }, cancellation);

        public Task DeadLetterAsync(string reason, string description, CancellationToken cancellation) => SettleAsync("dead-letters", () =>
        {
            subscription.World.Invariants.DeadLettering(subscription, copy.Message);
            session.Queue.RemoveFirst();
            subscription.DeadLetters.Add(copy);
        }, cancellation);

        public Task ReleaseSessionAsync(CancellationToken cancellation) =>
            host.CallAsync(subscription.Service, "releases the session of", copy.Id, () =>
            {
                if (!settled)
                    subscription.World.Invariants.Broken("No session is released before its message is settled", copy.OrderId, copy.Id);
                Released = true;
                if (session.Holder != this)
                    throw new LockLostException("The session is somebody else's.");
                session.Holder = null;
                subscription.Wake(session);
            }, cancellation);

        Task SettleAsync(string what, Action effect, CancellationToken cancellation) => host.CallAsync(subscription.Service, what, copy.Id, () =>
        {
            if (session.Holder != this)
                throw new LockLostException("The session is somebody else's.");
            effect();
            settled = true;
        }, cancellation);
    }

    World World => world;
}
