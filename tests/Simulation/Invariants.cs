using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Shipping;

namespace OrderFunctions.Simulation;

/// <summary>A law (an invariant) that did not hold.</summary>
sealed record Violation(string Law, string OrderId, string Detail);

/// <summary>
/// What must hold after every step. Each law is checked where it could be broken: at the save, the publication, the settlement or the
/// charge.
/// </summary>
sealed class Invariants(World world)
{
    readonly Dictionary<(string Participant, string OrderId), Line> lines = [];
    readonly Dictionary<(string Participant, string OrderId), DateTimeOffset> held = [];

    /// <summary>How many entries a participant's stream had when an operator asked to settle one of its steps, by the request's id.</summary>
    readonly Dictionary<string, int> entriesWhenAsked = [];

    /// <summary>The first law that was broken.</summary>
    public Violation? Violation { get; private set; }

    /// <summary>Recorded, not thrown: the kernel would treat an exception as a poison message.</summary>
    public void Broken(string law, string orderId, string detail)
    {
        if (Violation is not null)
            return;
        Violation = new(law, orderId, detail);
        world.History.Add("INVARIANT", law, orderId, detail);
    }

    public void Accepted(string participant, OutboundMessage message)
    {
        if (message.Event is not (IKernelEvent or IFromOutside))
            LineOf(participant, message.OrderId).Add(message.Id, Copy.Stated(world.Scheduler.Now));
    }

    /// <summary>
    /// The broker dead-lettered the message before the kernel could park it. Until the kernel adopts it, others may come first.
    /// </summary>
    /// <param name="undisturbed">The kernel received it more often than it allows, and no fault kept it from parking the message.</param>
    public void GivenUp(string participant, OutboundMessage message, bool undisturbed)
    {
        var stream = world.Store(participant)[message.OrderId];
        if (undisturbed && (stream is null || (stream.IndexOf(message.Id) < 0 && !stream.IsParked(message.Id))))
            Broken("The kernel sets a message aside before the broker gives it up", message.OrderId, $"{message.Id} at {participant}");
        LineOf(participant, message.OrderId).GivenUp(message.Id);
    }

    /// <summary>
    /// Whether the broker dead-lettered a message of the order. If so, a participant may have handled, and published, something later
    /// first.
    /// </summary>
    public bool HasGivenUp(string orderId) => world.Stores.Any(store => LineOf(store.Participant, orderId).HasGivenUp);

    /// <summary>A message whose cause is the one event that came over HTTP before it shows that the bus has that event.</summary>
    public void Publishing(IReadOnlyList<OutboundMessage> batch)
    {
        if (batch.Count < 2 || world.Store(MessageId.SenderOf(batch[^1].Id)!)[batch[0].OrderId] is not { } stream)
            return;
        var index = stream.Entries.FindIndex(entry => entry.Events.Any(e => e.Id == batch[^1].Id));
        if (index > 0 && stream.Entries[index] is { Via: Via.Bus, Cause: { } cause } && cause == batch[0].Id
            && stream.Entries[index - 1] is { Via: Via.Http, Events: [{ Event: not IKernelEvent } only] } && only.Id == cause)
        {
            Broken("Nothing is sent again that a message proves to be published", batch[0].OrderId, cause);
        }
    }

    public void Publishing(OutboundMessage message, PublicEvent? published)
    {
        if (published is not null && !Wire.AreSame(published, message.Event))
            Broken("An id stands for one content", message.OrderId, $"{message.Id}: {published}, then {message.Event}");
        if (message.Event is IFromOutside)
        {
            if (message.Event is not CarrierPickedUp { TrackingId: SimulatedCarrier.WrongParcel } && world.Carrier.Of(message.OrderId) is not ({ PickedUp: true } or { TakenAllTheSame: true }))
                Broken("The carrier reports only what it picked up", message.OrderId, message.Id);
            return;
        }
        var participant = message.Id.Split('/')[1];
        var recorded = world.Store(participant)[message.OrderId]?.Entries.SelectMany(entry => entry.Events).FirstOrDefault(e => e.Id == message.Id);
        if (recorded is null || !Wire.AreSame(recorded.Event, message.Event))
            Broken("Nothing is published before it is saved", message.OrderId, message.Id);
        var entry = world.Store(participant)[message.OrderId]?.Entries.FirstOrDefault(entry => entry.Events.Any(e => e.Id == message.Id));
        if (entry?.On != message.CausationId)
            Broken("A message states what caused it", message.OrderId, message.Id);
        if (entry?.At != message.RecordedAt)
            Broken("A message states when it was recorded, however often it is published", message.OrderId, message.Id);
    }

    public void Completing(Subscription subscription, OutboundMessage message)
    {
        if (!subscription.Hears(message))
            return;
        var stream = world.Store(subscription.Name)[message.OrderId];
        var index = stream?.IndexOf(message.Id) ?? -1;
        if (stream is null || index < 0)
        {
            Broken("Nothing is completed before it is saved", message.OrderId, $"{message.Id} at {subscription.Name}");
            return;
        }
        if (Unsaid(stream, index) is { } unsaid)
            Broken("Nothing is completed before what led to it is published", message.OrderId, $"{message.Id} before {unsaid}");
    }

    public void Answering(string participant, string orderId, string requestId)
    {
        var stream = world.Store(participant)[orderId];
        var index = stream?.IndexOf(requestId) ?? -1;
        if (stream is null || index < 0)
            Broken("No request is answered before it is saved", orderId, requestId);
        else if (Unsaid(stream, index) is { } unsaid)
            Broken("No request is answered before what it led to is published", orderId, $"{requestId} before {unsaid}");
    }

    /// <summary>
    /// An unpublished message of the entry, or of an earlier entry that no redelivery would publish; null if all are published.
    /// </summary>
    string? Unsaid(OrderStream stream, int index) =>
        stream.OutboxThrough(index).FirstOrDefault(message => world.Bus.Published(message.Id) is null)?.Id;

    /// <summary>
    /// Without faults, a message costs one load, one save if it was not handled before, one publication and one settlement.
    /// </summary>
    public void Economical(string participant, ReceivedMessage message, TurnOutcome outcome, List<string> calls)
    {
        if (!world.Faults.AreNone)
            return;
        Economical(participant, message.OrderId, message.Id, outcome is TurnOutcome.Handled ? 1 : 0, calls);
        if (Times(calls, "completes") != 1 || Times(calls, "releases the session of") != 1)
            Broken("In calm a message is settled once", message.OrderId, string.Join(", ", calls));
    }

    /// <param name="saves">How many saves it takes, not counting those that conflicted with another writer.</param>
    public void Economical(string participant, string orderId, string on, int saves, List<string> calls)
    {
        if (!world.Faults.AreNone)
            return;
        var lost = Times(calls, "conflicts");
        var stream = world.Store(participant)[orderId];
        var index = stream?.IndexOf(on) ?? -1;
        var says = index >= 0 && stream!.OutboxThrough(index).Count > 0;
        if (Times(calls, "loads") != 1 + lost || Times(calls, "saves") != saves + lost || Times(calls, "publishes") != (says ? 1 : 0))
            Broken("In calm a message costs one load, at most one save, and one publication", orderId, $"{on} at {participant}: {string.Join(", ", calls)}");
    }

    static int Times(List<string> calls, string what) => calls.Count(call => call == what);

    public void DeadLettering(Subscription subscription, OutboundMessage message)
    {
        var stream = world.Store(subscription.Name)[message.OrderId];
        if (stream is null || (stream.IndexOf(message.Id) < 0 && !stream.Parked.Exists(parked => parked.Id == message.Id)))
            Broken("The kernel dead-letters only what is parked", message.OrderId, $"{message.Id} at {subscription.Name}");
        if (stream is null || !stream.IsParked(message.Id))
            return;
        var sinceItBegan = stream.Entries.SelectMany(entry => entry.Events).Reverse().TakeWhile(e => e.Event is not OrderResumed);
        if (stream.Pending.FirstOrDefault(m => m.Event is OrderParked && world.Bus.Published(m.Id) is null) is { } unsaid
            && !sinceItBegan.Any(e => e.Event is OrderParked && world.Bus.Published(e.Id) is not null))
        {
            Broken(
                "Nothing is dead-lettered before it is said that its order is parked", message.OrderId, $"{message.Id} before {unsaid.Id}");
        }
    }

    public void Saving(string participant, OrderStream before, OrderStream after)
    {
        var known = before.Entries.Count;
        if (after.Entries.Count < known || (known > 0 && !ReferenceEquals(before.Entries[known - 1], after.Entries[known - 1])))
            Broken("Entries are only ever added", after.OrderId, participant);

        var sequence = before.Sequence;
        foreach (var entry in after.Entries.Skip(known))
        {
            world.History.Add(participant, "records " + entry.Via, $"{entry.On} ({entry.Type})", string.Join(", ", entry.Events.Select(e => e.Event.GetType().Name)));
            foreach (var recorded in entry.Events)
            {
                if (recorded.Event is ShippingDelayed late && late.PromisedBy > world.Scheduler.Now)
                    Broken("Nobody is late before the promised time", after.OrderId, recorded.Id);
                if (recorded.Id != $"{after.OrderId}/{participant}/{++sequence}")
                    Broken("Ids are order, participant, sequence", after.OrderId, recorded.Id);
            }
            if (entry.Via is not (Via.Parking or Via.Republished) && before.IndexOf(entry.On) >= 0)
                Broken("A message is handled once", after.OrderId, $"{entry.On} at {participant}");
            InOrder(participant, before, entry);
        }
        InLine(participant, before, after);
        Settled(participant, before, after);
        Marked(participant, before, after);
        SawControlMessages(participant, before, after);
    }

    void SawControlMessages(string participant, OrderStream before, OrderStream after)
    {
        if (after.Entries.Count > before.Entries.Count && after.Entries[^1].Events is [{ Event: StepSettled or SettlementRefused } settled, ..])
        {
            world.Reach.Saw(settled.Event is SettlementRefused ? Branch.SettlementRefused
                : before.IndexOf(((StepSettled)settled.Event).MessageId) < 0 ? Branch.SettledHead : Branch.SettledDiscarded);
        }
        if (after.Entries.Count != before.Entries.Count + 1 || after.Entries[^1] is not { Via: Via.Bus or Via.Republished } entry)
            return;
        if (entry.Via is Via.Republished)
        {
            world.Reach.Saw(entry.Events.Count == 0 && participant is Participants.Orders ? Branch.Republished : Branch.ParkingSaidByReplayer);
            return;
        }
        var message = world.Bus.Published(entry.On);
        if (message is DiscardRequested discard && discard.Participant == participant)
            world.Reach.Saw(Branch.DiscardOfNothing);
        else if (message is ReplayRequested replay && replay.Participant == participant && before.Unparked(entry.On).Parked.IsEmpty)
            world.Reach.Saw(Branch.ReplayOfNothing);
    }

    void InOrder(string participant, OrderStream before, Entry entry)
    {
        var line = LineOf(participant, before.OrderId);
        if (entry.Via is Via.Discard)
        {
            line.Done(entry.On);
            world.Bugs.Discarded(participant, entry.On);
            world.Reach.Saw(before.Parked[0].Id == entry.On ? Branch.DiscardedHead : Branch.DiscardedBehind);
            if (!IsMeantFor(participant, world.Bus.Published(entry.Cause!)))
                Broken("What an operator asks of another participant is not done here", before.OrderId, $"{entry.Cause} at {participant}");
        }
        if (entry.Via is not Via.Bus || world.Bus.Published(entry.On) is null or IKernelEvent)
            return;
        if (participant is Participants.Shipping && world.Bus.Published(entry.On) is CarrierPickedUp { TrackingId: SimulatedCarrier.WrongParcel }
            && Shipment.Decider.Fold(before.History) is Booked { WrongParcel: null } or TooLate { WrongParcel: null }
            && !entry.Events.Any(e => e.Event is WrongPickUpNoted))
        {
            Broken("A parcel that was not booked for the order is noted", before.OrderId, entry.On);
        }
        if (before.Size > OrderStream.SizeMax && Topology.Current[participant].Hears.Contains(entry.Type))
            Broken("A stream that is too large is not grown by messages", before.OrderId, $"{entry.On} at {participant}");
        if (line.OvertakenBy(entry.On) is { } overtaken && !MayPass(before, entry.On, overtaken))
            Broken("Messages are handled in the order in which they were accepted", before.OrderId, $"{entry.On} before {overtaken} at {participant}");
        line.Done(entry.On);
        world.Bugs.Handled(participant, entry.On);
    }

    static bool IsMeantFor(string participant, PublicEvent? request) => request switch
    {
        ReplayRequested replay => replay.Participant == participant,
        DiscardRequested discard => discard.Participant == participant,
        SettleRequested settle => settle.Participant == participant,
        _ => true,
    };

    /// <summary>What calls an order off may be handled before a step that waits for its provider.</summary>
    bool MayPass(OrderStream before, string id, string overtaken)
    {
        var may = before.Parked is [{ Reason: ParkingReasons.Pending or ParkingReasons.Unusable } head, ..] && head.Id == overtaken
            && world.Bus.Published(id) is ICallsOff;
        if (may)
            world.Reach.Saw(Branch.PassedHeadAtProvider);
        return may;
    }

    /// <summary>A parked message waits until it is handled or discarded, and a handled message is not parked.</summary>
    void InLine(string participant, OrderStream before, OrderStream after)
    {
        if (before.Parked.IsEmpty && after.Parked.IsEmpty)
            return;
        foreach (var parked in after.Parked)
        {
            if (after.IndexOf(parked.Id) >= 0)
                Broken("Nothing is parked that is handled", after.OrderId, $"{parked.Id} at {participant}");
            if (before.Parked.Exists(p => p.Id == parked.Id))
                continue;
            LineOf(participant, after.OrderId).Parked(parked);
            if (participant is Participants.Payments && parked.Type is nameof(RefundPayment))
                world.Operators.RefundParked(after.OrderId, parked.Id);
        }
        foreach (var parked in before.Parked)
        {
            if (after.IndexOf(parked.Id) < 0 && !after.Parked.Exists(p => p.Id == parked.Id))
                Broken("Nothing leaves its place in the line unhandled", after.OrderId, $"{parked.Id} at {participant}");
        }
        SawParking(participant, before, after);
    }

    /// <summary>Since when the head of the line is held, by the clock that providers have too.</summary>
    public DateTimeOffset HeldSince(string participant, string orderId) => held[(participant, orderId)];

    /// <summary>What an operator settles was the head of the line and held before, or it was discarded.</summary>
    void Settled(string participant, OrderStream before, OrderStream after)
    {
        if (after.Parked is [{ HeldSince: not null }, ..] && before.Parked is [{ HeldSince: null }, ..])
        {
            held[(participant, after.OrderId)] = world.Scheduler.Now;
            world.Upkeep(participant).Wake(idle: -1);
        }
        var settled = after.Entries.Skip(before.Entries.Count).SelectMany(entry => entry.Events).Select(e => e.Event).OfType<StepSettled>().FirstOrDefault();
        var meant = after.Entries.Skip(before.Entries.Count).FirstOrDefault(entry => entry.Events.Any(e => e.Event is StepSettled or SettlementRefused));
        if (meant is not null && !IsMeantFor(participant, world.Bus.Published(meant.On)))
            Broken("What an operator asks of another participant is not done here", after.OrderId, $"{meant.On} at {participant}");
        if (settled is not null && before.PlaceOf(settled.MessageId) > 0)
            Broken("A step is settled by hand when all before it is handled", after.OrderId, $"{settled.MessageId} at {participant}");
        if (settled is not null && entriesWhenAsked.TryGetValue(meant!.On, out var known)
            && before.Entries.Skip(known).FirstOrDefault(GoesOn) is { } later)
        {
            Broken("What was done after the operator spoke is not settled", after.OrderId, $"{later.On} at {participant}");
        }
        NoteRequestsToSettle(before, after);

        static bool GoesOn(Entry entry) =>
            entry.Events.Any(e => e.Event is Intent) && entry.Events.Any(e => e.Event is PublicEvent and not IScheduled);
    }

    void NoteRequestsToSettle(OrderStream before, OrderStream after)
    {
        foreach (var recorded in after.Entries.Skip(before.Entries.Count).SelectMany(entry => entry.Events))
        {
            if (recorded.Event is SettleRequested { Known: not null } request)
                entriesWhenAsked[recorded.Id] = world.Store(request.Participant)[after.OrderId]?.Entries.Count ?? 0;
        }
    }

    void Marked(string participant, OrderStream before, OrderStream after)
    {
        var parks = 0;
        var resumes = 0;
        foreach (var recorded in after.Entries.Skip(before.Entries.Count).SelectMany(entry => entry.Events))
        {
            parks += recorded.Event is OrderParked ? 1 : 0;
            resumes += recorded.Event is OrderResumed ? 1 : 0;
            if ((recorded.Event is OrderParked p && recorded.Id != $"{after.OrderId}/{p.Participant}/{p.Sequence}")
                || (recorded.Event is OrderResumed r && recorded.Id != $"{after.OrderId}/{r.Participant}/{r.Sequence}"))
            {
                Broken("Parking and resuming state their own sequence", after.OrderId, recorded.Id);
            }
        }
        var failedAgain = before.Parked is [var was, ..] && after.Parked is [var head, ..] && head.Id == was.Id && head.Attempts > was.Attempts;
        var hasNextFailed = before.Parked is [var first, ..] && after.Parked is [{ Failed: not null } next, ..] && next.Id != first.Id;
        if (parks != ((before.Parked.IsEmpty && !after.Parked.IsEmpty) || failedAgain || hasNextFailed ? 1 : 0))
            Broken("An order is said to be parked when, and only when, its line begins, its head fails again, or the next head has failed", after.OrderId, participant);
        if (resumes != (!before.Parked.IsEmpty && after.Parked.IsEmpty ? 1 : 0))
            Broken("An order is said to be resumed when, and only when, its line ends", after.OrderId, participant);
        if (parks > 0)
            world.Reach.Saw(Branch.OrderParked);
        if (resumes > 0)
            world.Reach.Saw(Branch.OrderResumed);
        if (resumes > 0 && world.Stores.Any(store => store.Participant != participant && store[after.OrderId] is { Parked.IsEmpty: false }))
            world.Reach.Saw(after.Entries.Skip(before.Entries.Count).Any(entry => entry.Via is Via.Discard) ? Branch.DiscardedAtOneOfTwo : Branch.ResumedAtOneOfTwo);
        if (parks > 0 && before.Parked.IsEmpty)
            world.Operators.ParkedAt(participant, after.OrderId);
        if (participant is Participants.Orders)
            Reported(before, after);
    }

    /// <summary>An order may be parked at several participants: what one of them reports says nothing of another.</summary>
    void Reported(OrderStream before, OrderStream after)
    {
        var reports = after.Entries.Skip(before.Entries.Count).SelectMany(entry => entry.Events)
            .Select(e => e.Event switch { ParkingNoted p => p.Participant, ResumptionNoted r => r.Participant, _ => null }).OfType<string>().ToList();
        if (reports.Count == 0 || OrderSummary.Of(before) is not { } known || OrderSummary.Of(after) is not { } now)
            return;
        foreach (var (other, report) in known.Parked.Where(other => !reports.Contains(other.Key)))
        {
            if (now.Parked.GetValueOrDefault(other) != report)
                Broken("What one participant reports of an order says nothing of another", after.OrderId, other);
        }
    }

    void SawParking(string participant, OrderStream before, OrderStream after)
    {
        var adopted = after.Parked.Find(parked => parked.Reason == ParkingReasons.DeadLettered && !before.IsParked(parked.Id));
        if (adopted is not null)
            world.Reach.Saw(
                before.Parked.IsEmpty ? Branch.AdoptedFirst : after.Parked[^1] == adopted ? Branch.AdoptedLast : Branch.AdoptedBetween);
        if (before.Parked is not [var was, ..] || after.Parked is not [var head, ..] || was.Id != head.Id)
            return;
        if (head.Attempts > was.Attempts)
        {
            if (was.Due is null || was.Due > world.LatestClock)
                Broken("What waits for an operator, or for its time, is not tried before", after.OrderId, head.Id);
            world.Reach.Saw(head.Reason switch
            {
                ParkingReasons.Transient => Branch.FailedAgainTransient,
                ParkingReasons.Pending => Branch.FailedAgainPending,
                ParkingReasons.Unusable => Branch.FailedAgainUnusable,
                ParkingReasons.Unreadable => Branch.FailedAgainUnreadable,
                ParkingReasons.UnknownType => Branch.FailedAgainUnknownType,
                ParkingReasons.StreamTooLarge => Branch.FailedAgainTooLarge,
                _ => Branch.FailedAgainHandler,
            });
        }
        else if (head.Due != was.Due)
        {
            world.Reach.Saw(Branch.MadeDue);
            world.Upkeep(participant).Wake();
            if (after.Entries[^1] is { Via: Via.Bus, On: var on } && !IsMeantFor(participant, world.Bus.Published(on)))
                Broken("What an operator asks of another participant is not done here", before.OrderId, $"{on} at {participant}");
        }
    }

    Line LineOf(string participant, string orderId)
    {
        if (!lines.TryGetValue((participant, orderId), out var line))
            lines.Add((participant, orderId), line = new());
        return line;
    }

    /// <summary>One order's messages to one participant, in the order in which the bus first accepted them.</summary>
    sealed class Line
    {
        readonly List<Place> places = [];
        readonly Dictionary<string, int> indexes = [];
        int firstOpen;

        public bool HasGivenUp { get; private set; }

        /// <param name="acceptedAt">The time that the broker states.</param>
        public void Add(string id, DateTimeOffset acceptedAt)
        {
            if (indexes.TryAdd(id, places.Count))
                places.Add(new(id, acceptedAt));
        }

        public void Done(string id)
        {
            if (indexes.TryGetValue(id, out var index))
                places[index].Done = true;
            while (firstOpen < places.Count && places[firstOpen].Done)
                firstOpen++;
        }

        public void GivenUp(string id)
        {
            HasGivenUp = true;
            if (indexes.TryGetValue(id, out var index))
                places[index].GivenUp = places[index].WasGivenUp = true;
        }

        /// <summary>
        /// From now on the message has its place in the line again. A second copy is different: its place follows from its own time.
        /// </summary>
        public void Parked(ParkedMessage parked)
        {
            if (indexes.TryGetValue(parked.Id, out var index) && parked.Reason == ParkingReasons.DeadLettered && parked.Sent <= places[index].AcceptedAt)
                places[index].GivenUp = false;
        }

        public string? OvertakenBy(string id)
        {
            if (!indexes.TryGetValue(id, out var index))
                return null;
            for (var i = firstOpen; i < index; i++)
            {
                if (!places[i].Done && !places[i].GivenUp && !AreAsOne(places[i], places[index]))
                    return places[i].Id;
            }
            return null;
        }

        /// <summary>
        /// If two messages were accepted within the same millisecond and the broker dead-lettered one, their order is unknown.
        /// </summary>
        static bool AreAsOne(Place one, Place other) => (one.WasGivenUp || other.WasGivenUp) && one.AcceptedAt == other.AcceptedAt;

        sealed class Place(string id, DateTimeOffset acceptedAt)
        {
            public string Id => id;
            public DateTimeOffset AcceptedAt => acceptedAt;
            public bool Done { get; set; }
            public bool GivenUp { get; set; }
            public bool WasGivenUp { get; set; }
        }
    }
}
