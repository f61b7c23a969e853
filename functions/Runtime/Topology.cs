using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

/// <summary>
/// Who hears and who says what, read from <c>topology.json</c>: the one source for the local bus, the emulator's configuration, Bicep, and
/// the picture on the operations page.
/// </summary>
/// <param name="Outside">Speakers that take no part: their webhooks publish what they report.</param>
public sealed record Topology(string Topic, ImmutableArray<SubscriptionTopology> Subscriptions, ImmutableArray<Speaker> Outside)
{
    /// <summary>The topic's name as in topology.json: attributes need a constant.</summary>
    public const string TopicName = "order-events";

    public static readonly Topology Current = Read();

    public SubscriptionTopology this[string participant] =>
        Subscriptions.FirstOrDefault(s => s.Name == participant)
        ?? throw new KeyNotFoundException($"topology.json has no subscription named {participant}.");

    static Topology Read()
    {
        using var json = typeof(Topology).Assembly.GetManifestResourceStream("topology.json")
            ?? throw new InvalidOperationException("topology.json is not embedded.");
        return Parse(json);
    }

    /// <summary>
    /// Reads a topology and checks it against the code. A mismatch would otherwise show only with the first order, or never.
    /// </summary>
    /// <exception cref="InvalidDataException">It does not match the code; the message says what is missing, and where.</exception>
    public static Topology Parse(Stream json)
    {
        var topology = JsonSerializer.Deserialize(json, TopologyContext.Default.Topology)
            ?? throw new InvalidDataException("topology.json is empty.");
        var names = topology.Subscriptions.Select(s => s.Name).ToList();
        string[] wrong =
        [
            .. topology.Subscriptions.SelectMany(s => s.Hears.Concat(s.Says)).Concat(topology.Outside.SelectMany(s => s.Says))
                .Except(EventJson.Names)
                .Select(name => $"topology.json names {name}, which is no event in OrderEvents.cs."),
            .. names.Except(Participants.Deciders.Keys).Select(name => $"{name} of topology.json has no decider in Participants.cs."),
            .. Participants.Deciders.Keys.Except(names).Select(name => $"{name} of Participants.cs has no subscription in topology.json."),
        ];
        return wrong.Length == 0 ? topology : throw new InvalidDataException(string.Join(' ', wrong));
    }
}

/// <param name="Name">Of the subscription and of its participant.</param>
/// <param name="Hears">The events that its filter lets pass.</param>
/// <param name="Says">The events that its decider publishes; the kernel's control messages come on top.</param>
public sealed record SubscriptionTopology(string Name, ImmutableArray<string> Hears, ImmutableArray<string> Says);

/// <param name="Name">Second part of the ids of its messages.</param>
public sealed record Speaker(string Name, ImmutableArray<string> Says);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Topology))]
sealed partial class TopologyContext : JsonSerializerContext;
