using System.Text;
using OrderFunctions.Apps.Tests.Infrastructure;
using OrderFunctions.Contracts;
using OrderFunctions.CosmosDb.Gateway;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

public sealed class DocumentTests
{
    [Theory]
    [InlineData("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "3f2504e0-4f89-11d3-9a0c-0305e82c3301")]
    [InlineData("84968F", "84968F")]
    [InlineData("a/b\\c?d#e", "a~2fb~5cc~3fd~23e")]
    [InlineData("a%2fb", "a~252fb")]
    [InlineData("a~2fb", "a~7e2fb")]
    [InlineData("end ", "end~20")]
    [InlineData("ö", "~c3~b6")]
    public void An_id_holds_only_what_Cosmos_DB_takes_and_no_two_texts_share_one(string text, string id) => Assert.Equal(id, CosmosId.Of(text));

    [Fact]
    public void A_stored_document_holds_the_stream_and_what_queries_use()
    {
        var stream = Samples.Stream(
            "o/1", new Entry("r-1", "CancelOrder", Via.Http, Samples.Noon, [new("o/1/orders/1", new OrderCancellationRequested("张", "\"no\""))]));
        var summary = Samples.Summary("o/1", 2, OrderStatus.Booked, "张", "key", Samples.Noon.AddHours(1));
        using var json = System.Text.Json.JsonDocument.Parse(StreamDocument.Write(stream, summary));
        var root = json.RootElement;

        Assert.Equal(
            ["id", "orderId", "entries", "parked", "unconfirmedSince", "summary", "list"],
            root.EnumerateObject().Select(field => field.Name));
        Assert.Equal("o~2f1", root.GetProperty("id").GetString());
        Assert.Equal("2026-03-01T12:00:00.0000000Z", root.GetProperty("unconfirmedSince").GetString());
        Assert.Equal(
            ("{'key':'2026-03-01T12:02:00.0000000Z/o/1','orderId':'o/1','customerId':'张','idempotencyKey':'key','status':'Booked','facts':{},"
                + "'openSince':'2026-03-01T12:02:00.0000000Z','parkedSince':'2026-03-01T13:00:00.0000000Z'}").Replace('\'', '"'),
            root.GetProperty("list").GetRawText());
        Assert.Contains("张", Encoding.UTF8.GetString(StreamDocument.Write(stream, summary).ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_final_order_is_not_open_and_a_published_stream_has_nothing_pending()
    {
        var stream = Samples.Stream("o-1", Samples.Entry("o-1", 1));
        using var json = System.Text.Json.JsonDocument.Parse(StreamDocument.Write(stream, Samples.Summary("o-1", 2, OrderStatus.Completed)));
        Assert.False(json.RootElement.TryGetProperty("unconfirmedSince", out _));
        Assert.False(json.RootElement.GetProperty("list").TryGetProperty("openSince", out _));
        Assert.False(json.RootElement.GetProperty("list").TryGetProperty("parkedSince", out _));
    }

    [Fact]
    public void What_a_later_version_wrote_into_an_entry_survives_a_turn_of_this_one()
    {
        var written = Text(Samples.Stream("o-1", Samples.Entry("o-1", 1, Via.Bus, new PaymentFailed("declined"))));
        var later = written.Replace("\"on\":", "\"later\":{\"a\":[1.50]},\"on\":", StringComparison.Ordinal)
            .Replace("\"reason\":", "\"code\":\"\\u0041\",\"reason\":", StringComparison.Ordinal)
            .Replace("\"entries\":", "\"_etag\":\"1\",\"entries\":", StringComparison.Ordinal);
        var entry = later[(later.IndexOf('[') + 1)..later.IndexOf("],\"parked\"", StringComparison.Ordinal)];

        var bytes = Encoding.UTF8.GetBytes(later);
        var loaded = StreamDocument.Read(new MemoryStream(bytes), bytes.Length);

        Assert.NotEqual(written, later);
        Assert.Contains(entry, Text(loaded.With(Samples.Entry("o-1", 2))), StringComparison.Ordinal);

        static string Text(OrderStream stream) => Encoding.UTF8.GetString(StreamDocument.Write(stream, summary: null).ToArray());
    }

    [Fact]
    public void Another_participants_stream_has_no_summary()
    {
        using var json = System.Text.Json.JsonDocument.Parse(StreamDocument.Write(Samples.Stream("o-1", Samples.Entry("o-1", 1)), summary: null));
        Assert.Equal(["id", "orderId", "entries", "parked"], json.RootElement.EnumerateObject().Select(field => field.Name));
    }

    [Fact]
    public void Bicep_indexes_what_the_queries_use_and_nothing_else()
    {
        var index = Repository.Read("bicep/modules/store.bicep").Split("var streamIndex = {")[1].Split("excludedPaths")[0];
        Assert.Equal(CosmosContainers.StreamPaths.Order(), index.Split('\'').Where(text => text.StartsWith('/')).Order());
    }

    [Theory]
    [InlineData("SELECT * FROM c WHERE c.a LIKE 'x%'")]
    [InlineData("SELECT VALUE MAX(c.a) FROM c")]
    [InlineData("SELECT * FROM c JOIN d IN c.e")]
    [InlineData("SELECT * FROM c WHERE c.a = 1 GROUP BY c.a")]
    public void The_gateway_of_the_tests_refuses_what_it_does_not_know(string query) =>
        Assert.Throws<NotSupportedException>(() => Sql.Run(query, new Dictionary<string, System.Text.Json.Nodes.JsonNode?>(), []));
}
