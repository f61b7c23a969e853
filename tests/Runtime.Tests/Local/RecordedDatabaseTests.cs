using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Kernel;
using OrderFunctions.Local.Storage;
using OrderFunctions.Local.Streams;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Tests;

/// <summary>The file of an earlier version (tests/Apps.Tests/Infrastructure/Contracts), opened by the code of today.</summary>
public sealed class RecordedDatabaseTests : IAsyncLifetime
{
    static readonly string Contracts = Path.Combine(AppContext.BaseDirectory, "Contracts");

    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("orderfunctions-");
    Database? database;

    Database Opened => database!;

    public static TheoryData<string> Flows => [.. Directory.GetDirectories(Path.Combine(Contracts, "flows")).Select(flow => Path.GetFileName(flow)!)];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var path = Path.Combine(folder.FullName, "saga.db");
        await using (var packed = new GZipStream(File.OpenRead(Path.Combine(Contracts, "saga.v1.db.gz")), CompressionMode.Decompress))
        await using (var file = File.Create(path))
            await packed.CopyToAsync(file);
        database = Database.Open(path, NullLogger.Instance);
    }

    [Theory, MemberData(nameof(Flows))]
    public async Task Every_stream_holds_what_the_document_of_the_same_flow_holds_and_takes_a_turn(string flow)
    {
        var streams = new SqliteStreams(Opened);
        foreach (var participant in Topology.Current.Subscriptions.Select(subscription => subscription.Name))
        {
            var document = Path.Combine(Contracts, "flows", flow, $"{participant}.json");
            var store = streams.Of(participant);
            var stream = await store.LoadAsync(flow, Cancellation);
            Assert.Equal(File.Exists(document), stream is not null);
            if (stream is null)
                continue;

            var expected = JsonNode.Parse(await File.ReadAllTextAsync(document, Cancellation))!;
            foreach (var (recorded, entry) in expected["entries"]!.AsArray().Zip(stream.Entries, (recorded, entry) => (recorded, entry)))
                AssertSame(recorded, entry);
            Assert.Equal(expected["entries"]!.AsArray().Count, stream.Entries.Count);
            AssertSame(expected["parked"], stream.Parked);
            if (expected["summary"] is { } summary)
                AssertSame(summary, OrderSummary.Of(stream)!);

            await store.SaveAsync(stream.With(new($"{flow}/test/1", nameof(ReplayRequested), Via.Bus, stream.Entries[^1].At, [])), OrderSummary.For(participant)?.Invoke(stream), Cancellation);
        }

        // Past what is in memory: another instance reads the rows again.
        foreach (var participant in Topology.Current.Subscriptions.Select(subscription => subscription.Name))
            if (await new SqliteStreams(Opened).Of(participant).LoadAsync(flow, Cancellation) is { } again)
                Assert.Equal($"{flow}/test/1", again.Entries[^1].On);
    }

    [Fact]
    public async Task Its_lists_and_counts_are_read()
    {
        var lists = new OrderLists(Opened);

        var page = await lists.ListAsync(new(), Cancellation);
        var counts = await lists.CountAsync(Cancellation);

        Assert.Equal(Flows.Select(row => row.Data).Order(StringComparer.Ordinal), page.Orders.Select(order => order.OrderId).Order(StringComparer.Ordinal));
        Assert.Equal((5, 1), (counts.ByStatus[OrderStatus.Completed], counts.Parked));
    }

    public async ValueTask DisposeAsync()
    {
        await Opened.DisposeAsync();
        folder.Delete(recursive: true);
    }

    static void AssertSame(JsonNode? expected, object found)
    {
        var json = JsonSerializer.SerializeToNode(found, found.GetType(), EventJson.Options);
        Assert.True(JsonNode.DeepEquals(expected, json), $"Recorded {expected}, read {json}");
    }
}
