using System.Collections.Immutable;
using System.Text.Json;
using OrderFunctions.Saga;

namespace OrderFunctions.Kernel;

/// <summary>
/// What one participant knows of one order: its event-sourced state, its inbox (<see cref="Entry.On"/>), its outbox (the public events) and
/// its audit trail in one document, so that one conditional write keeps all of them consistent. Entries are only ever added.
/// </summary>
/// <param name="Parked">Parked messages, in the order in which they are to be handled.</param>
/// <param name="ETag">Of the stored document that this was loaded from; null where nothing is stored yet.</param>
public sealed record OrderStream(string OrderId, ImmutableList<Entry> Entries, ImmutableList<ParkedMessage> Parked, string? ETag)
{
    /// <summary>In bytes. A larger stream takes no more messages: a Cosmos DB document holds 2 MB.</summary>
    public const int SizeMax = 1_500_000;

    public static OrderStream Empty(string orderId) => new(orderId, [], [], null);

    /// <summary>Size of the stored document in bytes.</summary>
    public int Size { get; init; }

    /// <summary>
    /// What a later version stores beside the stream, by its name. A store writes it back as it was read. What it says may then be older
    /// than the stream: only that version can know.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement> Later { get; init; } = ImmutableDictionary<string, JsonElement>.Empty;

    /// <summary>All events that the decider decided, without the kernel's own.</summary>
    public IReadOnlyList<OrderEvent> History
    {
        get
        {
            var history = new List<OrderEvent>(Entries.Count + 4);
            AddHistoryTo(history);
            return history;
        }
    }

    /// <summary>Adds the events of <see cref="History"/>.</summary>
    public void AddHistoryTo(ICollection<OrderEvent> events)
    {
        foreach (var entry in Entries)
        {
            for (var index = 0; index < entry.Events.Count; index++)
            {
                if (entry.Events[index].Event is not IKernelEvent)
                    events.Add(entry.Events[index].Event);
            }
        }
    }

    /// <summary>Number of events recorded so far; the id of the next one ends in this number plus one.</summary>
    public int Sequence
    {
        get
        {
            var events = 0;
            foreach (var entry in Entries)
                events += entry.Events.Count;
            return events;
        }
    }

    /// <summary>When the first of the <see cref="Pending"/> events was recorded; null where none is pending.</summary>
    public DateTimeOffset? PendingSince
    {
        get
        {
            for (var index = FirstPending(Entries.Count); index < Entries.Count; index++)
            {
                if (Entries[index].Events.Any(e => e.Event is PublicEvent))
                    return Entries[index].At;
            }
            return null;
        }
    }

    /// <summary>
    /// Index of the entry that handled or discarded the message; -1 where there is none. A mark of parking does not count.
    /// </summary>
    public int IndexOf(string messageId)
    {
        var index = Entries.Count - 1;
        while (index >= 0 && (Entries[index].On != messageId || Entries[index].Via is Via.Parking))
            index--;
        return index;
    }

    /// <summary>The highest number of the participant's events that were handled here; 0 where none was.</summary>
    public int LastHeardOf(string participant) => Entries.Where(entry => entry.Via is Via.Bus or Via.Discard)
        .Max(entry => MessageId.SenderOf(entry.On) == participant ? MessageId.SequenceOf(entry.On) : (int?)null) ?? 0;

    /// <summary>The message's place in the line, from 0; -1 where it is not in it.</summary>
    public int PlaceOf(string messageId)
    {
        // No lambda: its closure would be allocated for each message, though hardly any order is parked.
        for (var place = 0; place < Parked.Count; place++)
        {
            if (Parked[place].Id == messageId)
                return place;
        }
        return -1;
    }

    public bool IsParked(string messageId) => PlaceOf(messageId) >= 0;

    /// <summary>The place that a message would have had in the line, by the time when the bus accepted it.</summary>
    public int PlaceFor(ReceivedMessage message)
    {
        var place = Parked.FindIndex(parked => parked.IsAfter(message));
        return place < 0 ? Parked.Count : place;
    }

    /// <summary>
    /// What to publish once the entry at <paramref name="index"/> is saved: its public events, preceded by those that are pending directly
    /// before it, unless its message proves that they were published.
    /// </summary>
    public IReadOnlyList<OutboundMessage> OutboxThrough(int index)
    {
        var first = FirstPending(index);
        return Outbox(IsProved(first, index) ? index : first, index + 1);
    }

    /// <summary>
    /// The public events at the end of the stream that a crash may have left unpublished: the bus delivers no message again that would
    /// publish them. The next turn publishes them, or the republisher.
    /// </summary>
    public IReadOnlyList<OutboundMessage> Pending => Outbox(FirstPending(Entries.Count), Entries.Count);

    List<OutboundMessage> Outbox(int first, int end)
    {
        var messages = new List<OutboundMessage>();
        for (var index = first; index < end; index++)
        {
            var entry = Entries[index];
            for (var place = 0; place < entry.Events.Count; place++)
            {
                if (entry.Events[place] is (var id, PublicEvent @public))
                    messages.Add(new(id, OrderId, @public, entry.On, entry.Trace, (@public as IScheduled)?.DueAt, entry.At));
            }
        }
        return messages;
    }

    int FirstPending(int end)
    {
        while (end > 0 && Entries[end - 1].Via is not (Via.Bus or Via.Republished))
            end--;
        return end;
    }

    /// <summary>
    /// Whether the message of the entry at <paramref name="index"/> was caused by the only event of the only pending entry, which came over
    /// HTTP. Of several events it would prove only one: they may have gone out in several batches.
    /// </summary>
    bool IsProved(int pending, int index) =>
        pending == index - 1 && Entries[pending] is { Via: Via.Http, Events: [var only] }
        && Entries[index] is { Via: Via.Bus, Cause: { } cause } && cause == only.Id && only.Event is not IKernelEvent;

    /// <summary>The result of a step: what to save, what to publish, and what becomes of the message.</summary>
    /// <param name="decided">What was decided, where the step is <see cref="Run"/>.</param>
    public Ready Ready(Step step, ReceivedMessage message, IReadOnlyList<OrderEvent> decided, Stamp stamp)
    {
        var stream = After(step, message, decided, stamp);
        return step switch
        {
            Run or Obey or Settle or RefuseToSettle => new(stream, stream.OutboxThrough(stream.Entries.Count - 1), TurnResult.Handled),
            Ignore => new(stream, stream.OutboxThrough(stream.Entries.Count - 1), TurnResult.NotHeard),
            PublishAgain before => new(stream, stream.OutboxThrough(before.Index), TurnResult.Duplicate),
            Park or StayParked => new(stream, stream.Pending, TurnResult.Parked(stream.Parked[stream.PlaceOf(message.Id)])),
            Wait or Hold => new(stream, [], TurnResult.Waiting),
            _ => new(stream, stream.Pending, TurnResult.Waiting),
        };
    }

    OrderStream After(Step step, ReceivedMessage message, IReadOnlyList<OrderEvent> decided, Stamp stamp) => step switch
    {
        Run => Concluded(Unparked(message.Id), message, decided, stamp),
        Obey => Obeyed(message, stamp),
        Hold => this with { Parked = Parked.SetItem(0, Parked[0] with { HeldSince = stamp.At }) },
        Settle => Settled((SettleRequested)message.Event!, message, decided, stamp),
        RefuseToSettle refusal => Refused((SettleRequested)message.Event!, refusal.Reason, message, stamp),

        // Recorded as well: a slow host of an earlier version, which does not know the message's type, must not park it after it is gone.
        Ignore => Concluded(Unparked(message.Id), message, [], stamp),
        Park park => Marked(Parked.Count,
            new(message.Id, message.Type, park.Reason, Short(park.Description), stamp.At, park.Due, Sent: message.EnqueuedAt,
                Failed: park.Reason is ParkingReasons.Behind ? null : new(message.DeliveryCount, stamp.At, park.Status)),
            message, stamp),
        Adopt adopt => Marked(adopt.Place,
            new(message.Id, message.Type, ParkingReasons.DeadLettered, "The broker dead-lettered it.", stamp.At, stamp.At,
                Sent: message.EnqueuedAt),
            message, stamp),
        FailAgain fail => FailedAgain(fail, message, stamp),
        _ => this,
    };

    /// <summary>The stream after a request that came over HTTP.</summary>
    public OrderStream Requested(
        string requestId, OrderEvent request, IReadOnlyList<OrderEvent> decided, Stamp stamp, Caller? caller = null) =>
        With(new(
            requestId, request.GetType().Name, Via.Http, stamp.At, Numbered(decided, stamp), Trace: stamp.Trace, Caller: caller));

    /// <summary>The stream once the <see cref="Pending"/> events are published.</summary>
    public OrderStream Republished(DateTimeOffset at) => With(new("republisher", nameof(Via.Republished), Via.Republished, at, []));

    public OrderStream With(Entry entry) => this with { Entries = Entries.Add(entry) };

    /// <summary>The stream without the message in its line.</summary>
    public OrderStream Unparked(string messageId) =>
        PlaceOf(messageId) is var place and >= 0 ? this with { Parked = Parked.RemoveAt(place) } : this;

    /// <summary>
    /// A control message may itself be parked, if it could not be read before. One for another participant is recorded as well: a consumer
    /// that still holds a copy, and cannot read it, must find that it was handled.
    /// </summary>
    OrderStream Obeyed(ReceivedMessage message, Stamp stamp)
    {
        var stream = Unparked(message.Id);
        var (changed, events) = message.Event switch
        {
            OrderParked p => (stream, [new ParkingNoted(p.Participant, p.Sequence, p.MessageId, p.Reason, p.Description, p.Failed)]),
            OrderResumed r => (stream, [new ResumptionNoted(r.Participant, r.Sequence)]),
            ReplayRequested r when r.Participant == stamp.Participant && !stream.Parked.IsEmpty =>
                (stream with { Parked = stream.Parked.SetItem(0, stream.Parked[0] with { Due = stamp.At }) }, []),
            SettlementRefused s => (stream, [new SettlementRefusalNoted(s.Participant, s.MessageId, s.Reason)]),
            DiscardRequested d when d.Participant == stamp.Participant =>
                (stream.Discarded(d.MessageId, d.By, d.Reason, message, stamp), []),
            _ => (stream, (IReadOnlyList<OrderEvent>)[]),
        };
        return Concluded(changed, message, events, stamp);
    }

    OrderStream Settled(SettleRequested request, ReceivedMessage message, IReadOnlyList<OrderEvent> decided, Stamp stamp) =>
        Concluded(Unparked(message.Id).Discarded(request.MessageId, request.By, request.Reason, message, stamp), message, decided, stamp);

    OrderStream Refused(SettleRequested request, string reason, ReceivedMessage message, Stamp stamp)
    {
        // It need not be the head any more: what the broker dead-lettered may have taken its place before it.
        var stream = Unparked(message.Id);
        if (stream.PlaceOf(request.MessageId) is var place and >= 0)
            stream = stream with { Parked = stream.Parked.SetItem(place, stream.Parked[place] with { HeldSince = null }) };
        return Concluded(stream, message, [new SettlementRefused(stamp.Participant, request.MessageId, Short(reason))], stamp);
    }

    OrderStream Discarded(string messageId, string by, string reason, ReceivedMessage message, Stamp stamp)
    {
        var place = PlaceOf(messageId);
        if (place < 0)
            return this;
        var events = Numbered([new MessageDiscarded(messageId, by, reason)], stamp);
        var entry = new Entry(messageId, Parked[place].Type, Via.Discard, stamp.At, events, Cause: message.Id);
        return With(entry) with { Parked = Parked.RemoveAt(place) };
    }

    /// <summary>Records what a message led to, and that the order is resumed if that emptied the line.</summary>
    OrderStream Concluded(OrderStream changed, ReceivedMessage message, IReadOnlyList<OrderEvent> events, Stamp stamp)
    {
        if (!Parked.IsEmpty && changed.Parked.IsEmpty)
            events = [.. events, new OrderResumed(stamp.Participant, changed.Sequence + events.Count + 1)];

        // The next head failed while it passed the one before: Orders hears why it waits now.
        else if (changed.Parked is [{ Failed: not null } next, ..] && next.Id != Parked[0].Id)
            events = [.. events, next.Report(stamp.Participant, changed.Sequence + events.Count + 1)];
        return changed.With(EntryOf(message, Via.Bus, changed.Numbered(events, stamp), stamp));
    }

    /// <summary>Puts a message into the line, and records that the order is parked if the line was empty.</summary>
    OrderStream Marked(int place, ParkedMessage parked, ReceivedMessage message, Stamp stamp)
    {
        var stream = this with { Parked = Parked.Insert(place, parked) };
        return Parked.IsEmpty ? stream.Reported(message, stamp) : stream;
    }

    /// <summary>Orders hears why the head failed this time, so that operators see more than its first failure.</summary>
    OrderStream FailedAgain(FailAgain fail, ReceivedMessage message, Stamp stamp)
    {
        var tried = Parked[fail.Place];
        var stream = this with
        {
            Parked = Parked.SetItem(fail.Place, tried with
            {
                Reason = fail.Reason,
                Description = Short(fail.Description),
                Due = fail.Due,
                Attempts = tried.Attempts + 1,
                Failed = new((tried.Failed?.Attempt ?? tried.Attempts) + 1, stamp.At, fail.Status),
            }),
        };
        return fail.Place == 0 ? stream.Reported(message, stamp) : stream;
    }

    OrderStream Reported(ReceivedMessage message, Stamp stamp)
    {
        var report = Parked[0].Report(stamp.Participant, Sequence + 1);
        return With(EntryOf(message, Via.Parking, Numbered([report], stamp), stamp));
    }

    RecordedEvent[] Numbered(IReadOnlyList<OrderEvent> events, Stamp stamp)
    {
        if (events.Count == 0)
            return [];
        var sequence = Sequence;
        var recorded = new RecordedEvent[events.Count];
        for (var index = 0; index < recorded.Length; index++)
            recorded[index] = new RecordedEvent(MessageId.Of(OrderId, stamp.Participant, ++sequence), events[index]);
        return recorded;
    }

    static Entry EntryOf(ReceivedMessage message, Via via, IReadOnlyList<RecordedEvent> events, Stamp stamp) => new(
        message.Id, message.Type, via, stamp.At, events, message.CausationId, message.EnqueuedAt, stamp.Trace ?? message.TraceParent,
        message.DeliveryCount);

    /// <summary>A bus limits the length of descriptions, and an exception's message may have any length.</summary>
    static string Short(string description) => description.Length <= 500 ? description : description[..500];
}
