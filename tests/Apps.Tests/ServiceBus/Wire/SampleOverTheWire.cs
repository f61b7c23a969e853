using System.IO.Compression;
using System.Text.Json.Nodes;
using OrderFunctions.Apps.Tests.Infrastructure;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.ServiceBusBroker;

namespace OrderFunctions.Apps.Tests.ServiceBus.Wire;

/// <summary>
/// Runs the sample's 200 orders through the five apps, over AMQP and the Cosmos DB SDK, while connections are cut at random.
/// </summary>
public sealed class SampleOverTheWire(ITestOutputHelper output)
{
    const int FaultsMax = 60;

    [Fact]
    public async Task Every_order_becomes_final_and_the_audit_is_clean_although_connections_are_cut()
    {
        var pause = TimeSpan.FromMilliseconds(50);
        await using var saga = new WireSaga(new TurnOptions { AbandonPause = pause, RetryPause = pause });
        var lines = Sample();
        await saga.ReceiveStockAsync(lines.SelectMany(Skus).Distinct(), 500);
        var faults = new RandomFaults(seed: 11);
        saga.Broker.Faults = faults.Next;
        await saga.StartAsync();

        var placed = new Dictionary<string, string>();
        foreach (var line in lines)
        {
            if ((string?)line["cancel"] is { } cancelled)
                await saga.CancelAsync(placed[cancelled]);
            else
                placed[(string)line["key"]!] = await saga.PlaceAsync((string)line["key"]!, Body(line));
        }
        await saga.SettledAsync(placed.Count, TimeSpan.FromSeconds(120));

        output.WriteLine(string.Join(", ", faults.Reached.GroupBy(name => name).Select(one => $"{one.Count()} {one.Key}")));
        Assert.Equal(200, placed.Values.Distinct().Count());
        Assert.Empty(await WireAudit.FindingsAsync(saga));
        Assert.Empty(saga.Broker.Unknown);
        var counts = await saga.Orders.CountAsync(TestContext.Current.CancellationToken);
        foreach (var end in new[] { OrderStatus.Completed, OrderStatus.Rejected, OrderStatus.Cancelled })
            Assert.True(counts.ByStatus.GetValueOrDefault(end) > 0, $"No order is {end}.");

        // Make sure that faults were really injected.
        Assert.True(faults.Reached.Count > FaultsMax / 2);
        Assert.Equal(RandomFaults.Kinds.Count, faults.Reached.Select(name => name.Split(' ')[0]).Distinct().Count());
    }

    static List<JsonObject> Sample()
    {
        using var file = new GZipStream(File.OpenRead(Repository.PathOf("functions/Local/sample/orders-200.ndjson.gz")),
            CompressionMode.Decompress);
        using var reader = new StreamReader(file);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())];
    }

    static IEnumerable<string> Skus(JsonObject line) => line["lines"]?.AsArray().Select(one => (string)one!["sku"]!) ?? [];

    static string Body(JsonObject line)
    {
        var body = line.DeepClone().AsObject();
        body.Remove("key");
        return body.ToJsonString();
    }

    /// <summary>Fails one call in 80, of any kind, up to a maximum that leaves time to recover.</summary>
    sealed class RandomFaults(int seed)
    {
        public static readonly IReadOnlyList<(string Name, Fault Fault)> Kinds =
        [
            ("lost-before", Fault.LostBefore), ("lost-after", Fault.LostAfter), ("detached", Fault.Detached),
            ("slow", Fault.Slow(TimeSpan.FromMilliseconds(30))),
        ];

        readonly Random random = new(seed);

        public List<string> Reached { get; } = [];

        public Fault? Next(BrokerCall call)
        {
            if (Reached.Count == FaultsMax || random.Next(80) != 0)
                return null;
            var (name, fault) = Kinds[random.Next(Kinds.Count)];

            // Request links come in pairs: both must be closed, or neither.
            if (fault.Kind is FaultKind.Detached && call.Operation is not ("send" or "accept" or "complete"))
                return null;
            Reached.Add($"{name} {call.Operation}");
            return fault;
        }
    }
}
