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
    /// <param name="decided">What was decided, where the step is <see cref="Run"/> or <see cref="Settle"/>.</param>
    public Ready Ready(Step step, ReceivedMessage message, IReadOnlyList<OrderEvent> decided, Stamp stamp) =>
        new Transition(this, message, stamp).By(step, decided);

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

    /// <summary>The events with the numbers that are next.</summary>
    internal RecordedEvent[] Numbered(IReadOnlyList<OrderEvent> events, Stamp stamp)
    {
        if (events.Count == 0)
            return [];
        var sequence = Sequence;
        var recorded = new RecordedEvent[events.Count];
        for (var index = 0; index < recorded.Length; index++)
            recorded[index] = new RecordedEvent(MessageId.Of(OrderId, stamp.Participant, ++sequence), events[index]);
        return recorded;
    }
}
