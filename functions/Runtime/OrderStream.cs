using System.Collections.Immutable;
using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

/// <summary>
/// What one participant knows of one order: its event-sourced state, its inbox (<see cref="Entry.On"/>), its outbox (the public events) and its audit
/// trail in one document, so that one conditional write keeps all of them true together. Entries are only ever added.
/// </summary>
/// <param name="Parked">Ids of messages set aside, in the order in which they are to be handled.</param>
/// <param name="ETag">Of the stored document that this was loaded from; null for one that is not stored.</param>
public sealed record OrderStream(string OrderId, ImmutableList<Entry> Entries, ImmutableList<ParkedMessage> Parked, string? ETag)
{
    /// <summary>A stored stream of more bytes is not grown any further: a Cosmos DB document holds 2 MB.</summary>
    public const int SizeMax = 1_500_000;

    public static OrderStream Empty(string orderId) => new(orderId, [], [], null);

    /// <summary>Bytes of the stored document.</summary>
    public int Size { get; init; }

    /// <summary>What Orders keeps of each order for lists; null at the other participants.</summary>
    public OrderSummary? Summary { get; init; }

    /// <summary>What the decider decided so far.</summary>
    public IEnumerable<OrderEvent> History
    {
        get
        {
            foreach (var entry in Entries)
            {
                foreach (var (_, @event) in entry.Events)
                {
                    if (@event is not IKernelEvent)
                        yield return @event;
                }
            }
        }
    }

    /// <summary>Events recorded so far; the next one's id ends in this plus one.</summary>
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

    /// <summary>Since when the stream's end holds public events that no message's turn has published; null where there are none.</summary>
    public DateTimeOffset? UnconfirmedSince
    {
        get
        {
            for (var index = FirstWithoutRedelivery(Entries.Count); index < Entries.Count; index++)
            {
                if (Entries[index].Events.Any(e => e.Event is PublicEvent))
                    return Entries[index].At;
            }
            return null;
        }
    }

    /// <summary>Where the message stands that was handled, or discarded, before; -1 where it was not. A mark of parking is no handling.</summary>
    public int IndexOf(string messageId)
    {
        var index = Entries.Count - 1;
        while (index >= 0 && (Entries[index].On != messageId || Entries[index].Via is Via.Parking))
            index--;
        return index;
    }

    /// <summary>
    /// The entries directly before <paramref name="index"/> that no bus message brings back: their events go out with the next turn's, unless the
    /// republisher was faster.
    /// </summary>
    public IEnumerable<Entry> WithoutRedelivery(int index)
    {
        var first = FirstWithoutRedelivery(index);
        return first == index ? [] : Entries.GetRange(first, index - first);
    }

    int FirstWithoutRedelivery(int index)
    {
        while (index > 0 && Entries[index - 1].Via is not (Via.Bus or Via.Republished))
            index--;
        return index;
    }

    /// <summary>Its place in the line; -1 where it does not stand in it.</summary>
    public int PlaceOf(string messageId) => Parked.IsEmpty ? -1 : Parked.FindIndex(parked => parked.Id == messageId);

    public bool IsParked(string messageId) => PlaceOf(messageId) >= 0;

    /// <summary>The message has left the line, if it stood in it.</summary>
    public OrderStream Unparked(string messageId) => IsParked(messageId) ? this with { Parked = Parked.RemoveAll(parked => parked.Id == messageId) } : this;

    public OrderStream With(Entry entry) => this with { Entries = Entries.Add(entry) };
}

/// <summary>How an entry came about.</summary>
public enum Via
{
    /// <summary>By a message of the bus, which is delivered again until it is completed.</summary>
    Bus,

    /// <summary>By an HTTP request, which nobody repeats.</summary>
    Http,

    /// <summary>The kernel's mark that it set the message aside; the message itself is still to be handled.</summary>
    Parking,

    /// <summary>By an operator: the message is never to be handled.</summary>
    Discard,

    /// <summary>The kernel's mark that all entries before it are published.</summary>
    Republished,
}

/// <summary>One message or request, and all that was decided on it.</summary>
/// <param name="On">The id of the message or request.</param>
/// <param name="Type">Its name.</param>
/// <param name="Cause">The id of the message that caused it, where it states one.</param>
/// <param name="Sent">When the bus accepted it.</param>
/// <param name="Trace">W3C trace context of the turn.</param>
/// <param name="Deliveries">How many deliveries it took.</param>
public sealed record Entry(
    string On,
    string Type,
    Via Via,
    DateTimeOffset At,
    IReadOnlyList<RecordedEvent> Events,
    string? Cause = null,
    DateTimeOffset? Sent = null,
    string? Trace = null,
    int Deliveries = 1);

/// <param name="Id"><c>orderId/participant/sequence</c>; a public event's message has the same id.</param>
public sealed record RecordedEvent(string Id, OrderEvent Event);

/// <param name="Due">When the head of the line is to be tried again; null where that waits for an operator.</param>
/// <param name="Attempts">Replays that failed.</param>
/// <param name="Sent">When the bus accepted it: what the broker dead-letters by itself comes late and takes its place by this.</param>
public sealed record ParkedMessage(
    string Id, string Type, string Reason, string Description, DateTimeOffset Since, DateTimeOffset? Due = null, int Attempts = 0,
    DateTimeOffset? Sent = null);
