using System.IO.Compression;

namespace OrderFunctions.Http.Tests;

/// <summary>What HTTP itself promises: methods, headers, encodings.</summary>
public sealed class ProtocolTests(ApiHost host) : IClassFixture<ApiHost>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HEAD_is_answered_like_GET_without_a_body()
    {
        var id = await host.PlaceAsync();
        string[] paths = ["/", "/openapi.json", "/api/orders", $"/api/orders/{id}", "/api/operations/counts", "/api/stock/none"];
        foreach (var path in paths)
        {
            var get = await host.GetAsync(path);
            using var head = await host.Client.SendAsync(new(HttpMethod.Head, path), Cancellation);
            Assert.Equal((path, get.Status, get.ETag), (path, (int)head.StatusCode, head.Headers.ETag?.ToString()));
            Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancellation));
        }
    }

    [Theory]
    [InlineData("GET", "/nowhere", 404)]
    [InlineData("POST", "/api/orders/1/2/3", 404)]
    [InlineData("DELETE", "/api/orders", 405)]
    [InlineData("PUT", "/", 405)]
    public async Task An_unknown_path_or_method_is_answered_with_a_problem(string method, string path, int status)
    {
        using var reply = await host.Client.SendAsync(new(HttpMethod.Parse(method), path), Cancellation);
        Assert.Equal((status, "application/problem+json"), ((int)reply.StatusCode, reply.Content.Headers.ContentType?.MediaType));
        Assert.Contains($"\"status\":{status}", await reply.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal(status == 405, reply.Content.Headers.Allow.Count > 0);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/html")]
    public async Task The_timeline_varies_by_what_the_client_accepts(string accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/orders/{await host.PlaceAsync()}/timeline");
        request.Headers.Add("Accept", accept);
        Assert.Contains("Accept", (await host.SendAsync(request)).Headers.Vary);
    }

    [Theory]
    [InlineData("/", "gzip, br", true)]
    [InlineData("/openapi.json", "br, gzip;q=0.5", true)]
    [InlineData("/openapi.json", "gzip;q=0", false)]
    [InlineData("/openapi.json", "br", false)]
    [InlineData("/api/stock/none", "gzip", false)]
    public async Task A_long_answer_is_compressed_for_those_who_accept_it(string path, string accepted, bool isCompressed)
    {
        using var client = new HttpClient { BaseAddress = host.Client.BaseAddress };
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Accept-Encoding", accepted);
        using var reply = await client.SendAsync(request, Cancellation);
        Assert.Equal(isCompressed, reply.Content.Headers.ContentEncoding.Contains("gzip"));
        if (!isCompressed)
            return;
        Assert.Contains("Accept-Encoding", reply.Headers.Vary);
        await using var plain = new GZipStream(await reply.Content.ReadAsStreamAsync(Cancellation), CompressionMode.Decompress);
        Assert.Equal((await host.GetAsync(path)).Text, await new StreamReader(plain).ReadToEndAsync(Cancellation));
    }

    [Fact]
    public async Task Amounts_have_one_form_whatever_form_the_store_gives_them()
    {
        var reply = await host.PostAsync("/api/orders", OrderJson.WithLines([("a", "a", 2, 3.50m)]).ToJsonString());
        var id = (string)reply.Json!["id"]!;
        foreach (var answer in new[] { reply, await host.GetAsync($"/api/orders/{id}"), await host.GetAsync($"/api/orders?text={id}") })
            Assert.Contains("\"total\":{\"amount\":7,", answer.Text, StringComparison.Ordinal);
    }
}
