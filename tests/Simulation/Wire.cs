using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>
/// What adapters do to all that is sent and stored: it becomes JSON and is read again, once each. The next version adds a field to
/// everything, which the shipped one does not know.
/// </summary>
sealed class Wire(World world)
{
    const string Later = "addedLater";

    public OutboundMessage Sent(OutboundMessage message, bool byNext)
    {
        var name = message.Event.GetType().Name;
        var body = EventJson.Encode(message.Event);
        var read = EventJson.Decode(name, byNext ? With(body, fields => fields[Later] = 1) : body);
        if (!AreSame(message.Event, read))
            world.Invariants.Broken("What arrives is what was sent", message.OrderId, message.Id);
        return message with { Event = (PublicEvent)read };
    }

    /// <summary>What is new in the stream as it is read again.</summary>
    /// <param name="known">Of the stream before, which was read from the store.</param>
    /// <param name="byNext">Whether the next version saves it.</param>
    public OrderStream Stored(OrderStream stream, OrderStream known, bool byNext)
    {
        var entries = stream.Entries;
        for (var index = known.Entries.Count; index < entries.Count; index++)
            entries = entries.SetItem(index, Stored(stream.OrderId, entries[index], byNext));
        var parked = stream.Parked;
        for (var index = 0; index < parked.Count; index++)
        {
            if (!known.Parked.Contains(parked[index]))
                parked = parked.SetItem(index, Stored(stream.OrderId, parked[index], byNext));
        }
        var later = byNext ? ImmutableDictionary<string, JsonElement>.Empty.Add(Later, default) : stream.Later;
        return stream with { Entries = entries, Parked = parked, Later = later };
    }

    /// <summary>
    /// The entry's bytes with an event that only the next version knows. The shipped version must refuse them: what it would read without
    /// that event is another history, and it would give the event's number to another one.
    /// </summary>
    public void Refuse(string orderId, Entry entry)
    {
        var bytes = With(entry.Stored.ToArray(), fields => fields["events"]!.AsArray().Add(
            new JsonObject { ["id"] = "later", ["type"] = "OfALaterVersion", ["data"] = new JsonObject() }));
        try
        {
            Read<Entry>(bytes);
        }
        catch (JsonException)
        {
            return;
        }
        world.Invariants.Broken("A stream with an event of a later version is refused", orderId, entry.On);
    }

    Entry Stored(string orderId, Entry entry, bool byNext)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(entry with { Stored = default }, EventJson.Options);
        if (byNext)
            bytes = With(bytes, fields => fields[Later] = 1);
        var read = Read<Entry>(bytes);
        var isSame = entry with { Events = read.Events, Stored = default } == read && entry.Events.Count == read.Events.Count
            && entry.Events.Zip(read.Events).All(pair => pair.First.Id == pair.Second.Id && AreSame(pair.First.Event, pair.Second.Event));
        if (!isSame)
            world.Invariants.Broken("What is read is what was saved", orderId, entry.On);
        return read with { Stored = bytes };
    }

    ParkedMessage Stored(string orderId, ParkedMessage parked, bool byNext)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(parked, EventJson.Options);
        var read = Read<ParkedMessage>(byNext ? With(bytes, fields => fields[Later] = 1) : bytes);
        if (parked with { Later = null } != read with { Later = null })
            world.Invariants.Broken("What is read is what was saved", orderId, parked.Id);
        if ((byNext || HasLater(parked)) && !HasLater(read))
            world.Invariants.Broken("An earlier version keeps the fields of a later one", orderId, parked.Id);
        return read;
    }

    public static bool HasLater(ParkedMessage parked) => parked.Later?.ContainsKey(Later) is true;

    /// <summary>By value, the elements of lists too.</summary>
    public static bool AreSame(OrderEvent? one, OrderEvent? other) => (one, other) switch
    {
        (OrderCreated a, OrderCreated b) => a.Lines.SequenceEqual(b.Lines) && a with { Lines = b.Lines } == b,
        (ReserveStock a, ReserveStock b) => a.Lines.SequenceEqual(b.Lines) && a with { Lines = b.Lines } == b,
        _ => Equals(one, other),
    };

    static T Read<T>(byte[] bytes) => JsonSerializer.Deserialize<T>(bytes, EventJson.Options)!;

    static byte[] With(byte[] json, Action<JsonObject> add)
    {
        var fields = JsonNode.Parse(json)!.AsObject();
        add(fields);
        return JsonSerializer.SerializeToUtf8Bytes(fields);
    }
}
