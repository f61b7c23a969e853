using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Messaging.ServiceBus;
using OrderFunctions.Contracts;
using OrderFunctions.CosmosDb;
using OrderFunctions.CosmosDb.Gateway;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Tests;
using OrderFunctions.ServiceBus;

using Samples = OrderFunctions.Saga.Tests.Samples;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>
/// The streams and messages of whole flows as an earlier version stored and sent them (Contracts/README.md), under the code of today.
/// </summary>
public sealed class RecordedFlowTests
{
    const string Folder = "tests/Apps.Tests/Infrastructure/Contracts";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Streams =>
        [.. Repository.Files(Folder, "*.json").Where(path => path.Contains("/flows/", StringComparison.Ordinal))];

    public static TheoryData<string> Messages => [.. Repository.Files(Folder, "messages.jsonl")];

    [Fact]
    public async Task Each_stream_folds_into_the_state_that_was_approved()
    {
        var states = new StringBuilder();
        foreach (var path in Streams.Select(row => row.Data))
        {
            var (flow, participant) = Names(path);
            var stream = await Stored(path).LoadAsync(flow, Cancellation);
            states.Append(CultureInfo.InvariantCulture, $"{flow,-38} {participant,-13} {Text(Deciders.Of(participant).Fold(stream!.History))}");
            states.Append(stream.Parked.IsEmpty ? "\n" : $" parked: {string.Join(' ', stream.Parked.Select(p => $"{p.Id} {p.Reason}"))}\n");
        }
        Approved.Verify("RecordedStates", states.ToString());
    }

    [Theory, MemberData(nameof(Streams))]
    public async Task A_stream_is_written_again_with_every_field_that_it_had(string path)
    {
        var (flow, participant) = Names(path);
        var stream = (await Stored(path).LoadAsync(flow, Cancellation))!;
        var encodedAnew = stream with { Entries = [.. stream.Entries.Select(entry => entry with { Stored = default })] };

        foreach (var written in new[] { stream, encodedAnew })
        {
            var now = JsonNode.Parse(StreamDocument.Write(written, OrderSummary.For(participant)?.Invoke(written)))!;

            // What is found out from the entries, and newer than the record.
            (now["summary"] as JsonObject)?.Remove("steps");
            foreach (var name in (string[])["trackingId", "skus"])
                (now[StreamDocument.List] as JsonObject)?.Remove(name);
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Repository.Read(path)), now), $"{path} would now be stored as {now}");
        }
    }

    [Theory, MemberData(nameof(Streams))]
    public async Task A_message_that_was_handled_before_is_known_and_its_events_are_published_under_their_old_ids(string path)
    {
        var (flow, participant) = Names(path);
        var store = Stored(path);
        var stream = await store.LoadAsync(flow, Cancellation);
        var sent = Repository.Read(path.Replace($"{participant}.json", "messages.jsonl", StringComparison.Ordinal))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)
            .ToDictionary(m => m["messageId"]!.GetValue<string>());
        foreach (var entry in stream!.Entries.Where(entry => entry.Via is Via.Bus))
        {
            var bus = new Bus();
            var outcome = await Host(participant, store, bus).HandleAsync(Message(entry.On, flow, entry.Type), Cancellation);

            Assert.Equal(TurnOutcome.Duplicate, outcome.Outcome);
            Assert.Superset(
                entry.Events.Where(e => e.Event is PublicEvent).Select(e => e.Id).ToHashSet(), bus.Published.Select(m => m.Id).ToHashSet());
            Assert.All(bus.Published, m => Assert.Equal(sent[m.Id]["body"]!.GetValue<string>(), m.ToServiceBus().Body.ToString()));
        }
    }

    [Theory, MemberData(nameof(Streams))]
    public async Task A_turn_on_an_old_stream_adds_to_it_and_keeps_what_was_there(string path)
    {
        var (flow, participant) = Names(path);
        var before = JsonNode.Parse(Repository.Read(path))!;
        foreach (var type in Topology.Current[participant].Hears)
        {
            var gateway = new CosmosGateway();
            var store = Stored(path, gateway);
            var isBehind = before["parked"]!.AsArray().Count > 0 && Sample(type) is not (IKernelEvent or IFromOutside);

            var result = await Host(participant, store, new Bus()).HandleAsync(Message($"{flow}/test/1", flow, type), Cancellation);

            Assert.Equal((type, isBehind ? TurnOutcome.Parked : TurnOutcome.Handled), (type, result.Outcome));
            var after = Assert.Single(gateway.Documents(participant));
            var (old, now) = (before["entries"]!.AsArray(), after["entries"]!.AsArray());
            Assert.True(now.Count > old.Count || isBehind, type);
            Assert.All(old.Zip(now), pair => Assert.True(JsonNode.DeepEquals(pair.First, pair.Second)));
            Assert.Equal($"{flow}/test/1", isBehind ? Of(after["parked"]!.AsArray()[^1]!, "id") : Of(now[^1]!, "on"));
        }
    }

    [Theory, MemberData(nameof(Streams))]
    public async Task A_turn_on_a_stream_of_a_later_version_loses_nothing_of_it(string path)
    {
        var (flow, participant) = Names(path);
        var before = LaterVersion.Of(JsonNode.Parse(Repository.Read(path))!).AsObject();
        foreach (var derived in (string[])["summary", StreamDocument.List])
            before.Remove(derived);
        foreach (var parked in before["parked"]!.AsArray())
            parked!["failed"] = LaterVersion.Of(new JsonObject { ["attempt"] = 1, ["at"] = "2026-11-26T08:00:00+00:00" });
        foreach (var type in Topology.Current[participant].Hears)
        {
            var gateway = new CosmosGateway();
            var store = Stored(path, gateway, before);

            await Host(participant, store, new Bus()).HandleAsync(Message($"{flow}/test/1", flow, type), Cancellation);

            var after = Assert.Single(gateway.Documents(participant));
            Assert.NotEqual(before.ToJsonString(), after.ToJsonString());
            Assert.True(JsonNode.DeepEquals(before[LaterVersion.Field], after[LaterVersion.Field]), type);
            Assert.All(
                before["entries"]!.AsArray().Zip(after["entries"]!.AsArray()), pair => Assert.True(JsonNode.DeepEquals(pair.First, pair.Second)));
            foreach (var (was, now) in before["parked"]!.AsArray().Zip(after["parked"]!.AsArray()))
            {
                var due = type is nameof(ReplayRequested) ? now!["due"]!.DeepClone() : null;
                var expected = was!.DeepClone();
                if (due is not null)
                    expected["due"] = due;
                Assert.True(JsonNode.DeepEquals(expected, now), $"{type}: {was} became {now}");
            }
        }
    }

    [Theory, MemberData(nameof(Messages))]
    public void A_message_is_read_and_would_be_sent_again_with_every_property_that_it_had(string path)
    {
        foreach (var sent in Repository.Read(path).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!))
        {
            var properties = sent["applicationProperties"]!.AsObject().ToDictionary(
                p => p.Key,
                p => p.Value!.GetValueKind() is JsonValueKind.Number ? (object)p.Value.GetValue<int>() : p.Value.GetValue<string>());
            var read = ServiceBusModelFactory.ServiceBusReceivedMessage(
                BinaryData.FromString(Of(sent, "body")), Of(sent, "messageId"), sessionId: Of(sent, "sessionId"),
                correlationId: Of(sent, "correlationId"), subject: Of(sent, "subject"), contentType: Of(sent, "contentType"),
                properties: properties, deliveryCount: 1).ToReceived();

            Assert.Null(read.Unreadable);
            Assert.Equal(Of(sent, "subject"), read.Event!.GetType().Name);
            var due = sent["scheduledEnqueueTime"] is { } at
                ? DateTimeOffset.Parse(at.GetValue<string>(), CultureInfo.InvariantCulture)
                : (DateTimeOffset?)null;
            var again = new OutboundMessage(
                read.Id, read.OrderId, (PublicEvent)read.Event, read.CausationId, read.TraceParent, due, read.RecordedAt).ToServiceBus();
            Assert.Equal(
                (Of(sent, "messageId"), Of(sent, "sessionId"), Of(sent, "subject"), Of(sent, "correlationId"), Of(sent, "contentType"),
                    Of(sent, "body")),
                (again.MessageId, again.SessionId, again.Subject, again.CorrelationId, again.ContentType, again.Body.ToString()));
            Assert.All(properties, property => Assert.Equal(property.Value, again.ApplicationProperties[property.Key]));
            if (due is not null)
                Assert.Equal(due, again.ScheduledEnqueueTime);
        }
    }

    static string Of(JsonNode message, string name) => message[name]!.GetValue<string>();

    static (string Flow, string Participant) Names(string path) => (path.Split('/')[^2], Path.GetFileNameWithoutExtension(path));

    /// <summary>A store that holds the document as Cosmos DB would.</summary>
    static CosmosStreamStore Stored(string path, CosmosGateway? gateway = null, JsonObject? document = null)
    {
        gateway ??= new();
        var participant = Names(path).Participant;
        gateway.Put(participant, document?.DeepClone().AsObject() ?? JsonNode.Parse(Repository.Read(path))!.AsObject());
        return new(gateway.Client().GetContainer(CosmosGateway.Database, participant), new NoWaiting());
    }

    static Participant Host(string participant, IStreamStore store, IEventBus bus) => new(
        participant, Participants.Deciders[participant], (call, _) => Task.FromResult(Samples.AnswersTo(call.Intent)[0]), store, bus,
        new TurnOptions(), new NoWaiting());

    static OrderEvent Sample(string type) => Samples.Recordable.First(e => e.GetType().Name == type);

    static ReceivedMessage Message(string id, string order, string type) => new(
        id, order, type, Sample(type), "cause", null, new DateTimeOffset(2026, 11, 26, 9, 0, 0, TimeSpan.Zero), 1);

    /// <summary>A record says its lists only by their type's name.</summary>
    static string Text(object state)
    {
        var values = state.GetType().GetProperties().Where(p => p.GetIndexParameters().Length == 0)
            .Select(p => $"{p.Name} = {Value(p.GetValue(state))}");
        return $"{state.GetType().Name} {{ {string.Join(", ", values)} }}";

        static string Value(object? value) => value switch
        {
            string text => text,
            IEnumerable items => $"[{string.Join(", ", items.Cast<object>().Select(item => $"{item}").Order(StringComparer.Ordinal))}]",
            IFormattable one => one.ToString(null, CultureInfo.InvariantCulture),
            _ => $"{value}",
        };
    }

    sealed class Bus : IEventBus
    {
        public List<OutboundMessage> Published { get; } = [];

        public Task PublishAsync(IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation)
        {
            Published.AddRange(messages);
            return Task.CompletedTask;
        }
    }
}
