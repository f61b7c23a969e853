using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Contracts;
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
                AssertSame(summary, OrderSummary.Of(stream)! with { Steps = null }); // which is newer than the record

            await store.SaveAsync(stream.With(new($"{flow}/test/1", nameof(ReplayRequested), Via.Bus, stream.Entries[^1].At, [])), OrderSummary.For(participant)?.Invoke(stream), Cancellation);
        }

        // Past what is in memory: another instance reads the rows again.
        foreach (var participant in Topology.Current.Subscriptions.Select(subscription => subscription.Name))
            if (await new SqliteStreams(Opened).Of(participant).LoadAsync(flow, Cancellation) is { } again)
                Assert.Equal($"{flow}/test/1", again.Entries[^1].On);
    }

    [Theory, MemberData(nameof(Flows))]
    public async Task A_turn_on_rows_of_a_later_version_loses_nothing_of_them(string flow)
    {
        await Opened.CommitAsync(BecomeLater);
        var before = await Opened.ReadAtCommitAsync(RowsOfAll);
        var streams = new SqliteStreams(Opened);
        foreach (var participant in Topology.Current.Subscriptions.Select(subscription => subscription.Name))
        {
            var store = streams.Of(participant);
            if (await store.LoadAsync(flow, Cancellation) is not { } stream)
                continue;
            var next = stream.With(new($"{flow}/test/1", nameof(ReplayRequested), Via.Bus, stream.Entries[^1].At, []));
            await store.SaveAsync(next, OrderSummary.For(participant)?.Invoke(next), Cancellation);
        }

        var after = await Opened.ReadAtCommitAsync(RowsOfAll);

        Assert.Equal(before.Keys, after.Keys);
        Assert.Contains(after, stream => stream.Value.Count > before[stream.Key].Count);
        foreach (var (key, rows) in before)
        {
            Assert.Equal(rows.Select(row => row.Body), after[key].Take(rows.Count).Select(row => row.Body));
            Assert.True(JsonNode.DeepEquals(Json(rows[^1].Parked), Json(after[key][^1].Parked)), $"{Json(after[key][^1].Parked)}");
        }

        static JsonNode? Json(string? text) => text is null ? null : JsonNode.Parse(text);
    }

    /// <summary>As a version leaves it that has added a field to every object, and a column to the table.</summary>
    static bool BecomeLater(Connection connection)
    {
        connection.Script("ALTER TABLE entry ADD COLUMN later TEXT");
        foreach (var (key, rows) in RowsOfAll(connection))
        {
            foreach (var row in rows)
            {
                connection.Sql("UPDATE entry SET body = ?, parked = ?, later = 'later' WHERE place = ?")
                    .Bind(Later(row.Body)).Bind(Later(row.Parked)).Bind(row.Place).Run();
            }
        }
        return true;

        static byte[]? Later(string? json) =>
            json is null ? null : Encoding.UTF8.GetBytes(LaterVersion.Of(JsonNode.Parse(json)!).ToJsonString());
    }

    static Dictionary<long, List<(long Place, string? Body, string? Parked)>> RowsOfAll(Connection connection) => connection
        .Sql("SELECT place, body, parked FROM entry ORDER BY place")
        .Rows(row => (Place: row.Long(0), Body: Text(row.BytesOrNull(1)), Parked: Text(row.BytesOrNull(2))))
        .GroupBy(row => row.Place >> 16).ToDictionary(stream => stream.Key, stream => stream.ToList());

    static string? Text(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);

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
