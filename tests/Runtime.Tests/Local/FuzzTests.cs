using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using OrderFunctions.Local.Storage;

namespace OrderFunctions.Local.Tests;

/// <summary>
/// Sends damaged requests to the local host. <c>FUZZ=20000</c> sends more of them, <c>SEED</c> repeats a run: the requests of one run
/// depend on nothing else but the ids of the orders.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    const int Connections = 8;

    static readonly int Requests = int.TryParse(Environment.GetEnvironmentVariable("FUZZ"), out var requests) ? requests : 2_000;
    static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("SEED"), out var seed) ? seed : Environment.TickCount;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_request_is_answered_with_a_server_error_whatever_is_wrong_with_it()
    {
        output.WriteLine($"SEED={Seed} FUZZ={Requests}");
        await using var host = await LocalHost.StartAsync(Database.InMemory, port: 0);
        using var client = new HttpClient { BaseAddress = host.Address };
        await client.PutAsJsonAsync("api/stock/A", new { received = 1_000 }, Cancellation);
        var ids = new List<string> { await PlaceAsync(client, "tok_visa"), await PlaceAsync(client, "tok_down") };

        var answers = new int[600];
        await Parallel.ForAsync(
            0, Connections, new ParallelOptions { MaxDegreeOfParallelism = Connections, CancellationToken = Cancellation },
            async (connection, cancellation) =>
            {
                var fuzz = new FuzzRequest(new(unchecked(Seed * Connections + connection)), ids);
                for (var sent = 0; sent < Requests / Connections; sent++)
                {
                    var (request, isWhole) = fuzz.Next();
                    var status = await SendAsync(host.Address.Port, request, isWhole, cancellation);
                    Assert.True(status < 500, $"SEED={Seed}: answered {status}:\n{FuzzRequest.Text(request)}");
                    Interlocked.Increment(ref answers[status]);
                }
            });

        output.WriteLine(string.Join(", ", answers.Index().Where(one => one.Item > 0).Select(one => $"{one.Index}: {one.Item}")));
        foreach (var status in new[] { 200, 202, 400, 401, 404, 405, 409, 415 })
            Assert.True(answers[status] > 0, $"SEED={Seed}: no request was answered {status}, so this test shows less than it should.");
        await PlaceAsync(client, "tok_visa");
    }

    [Theory]
    [InlineData(200, """{"isOn":true}""", "application/json; charset=\"utf-8\"")]
    [InlineData(415, """{"isOn":true}""", "application/json; charset=\"utf-16\"")]
    [InlineData(415, """{"isOn":true}""", "application/json; charset=none")]
    [InlineData(400, "null", "application/json")]
    [InlineData(400, """{"isOn":null}""", "application/json")]
    [InlineData(400, "{}", "application/json")]
    [InlineData(400, "", "application/json")]
    public async Task A_call_of_the_local_host_reads_its_body_as_all_others_do(int expected, string body, string type)
    {
        await using var host = await LocalHost.StartAsync(Database.InMemory, port: 0);
        var request = $"""
            PUT /api/local/card-outage HTTP/1.1
            Host: 127.0.0.1
            Connection: close
            Content-Type: {type}
            Content-Length: {body.Length}

            {body}
            """;
        var status = await SendAsync(host.Address.Port, Encoding.ASCII.GetBytes(request.ReplaceLineEndings("\r\n")), isWhole: true, Cancellation);
        Assert.Equal(expected, status);
    }

    static async Task<string> PlaceAsync(HttpClient client, string card)
    {
        var order = JsonNode.Parse($$"""
            {"customerId":"1","currency":"GBP","lines":[{"sku":"A","description":"a","quantity":1,"unitPrice":2.5}],
            "payment":{"cardToken":"{{card}}" },
            "shipTo":{"name":"n","line1":"34 High Street","city":"c","postalCode":"E1","country":"GB"} }
            """);
        using var placed = await client.PostAsJsonAsync("api/orders", order, Cancellation);
        Assert.Equal(202, (int)placed.StatusCode);
        return (string)(await placed.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!["id"]!;
    }

    /// <summary>The status of the answer; 0 where the host only closed the connection, as it may if it cannot read the request.</summary>
    static async Task<int> SendAsync(int port, byte[] request, bool isWhole, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        using var connection = new TcpClient();
        await connection.ConnectAsync("127.0.0.1", port, limit.Token);
        var stream = connection.GetStream();
        var line = new byte["HTTP/1.1 200".Length];
        try
        {
            await stream.WriteAsync(request, limit.Token);
            if (!isWhole)
                connection.Client.Shutdown(SocketShutdown.Send);
            var read = await stream.ReadAtLeastAsync(line, line.Length, throwOnEndOfStream: false, limit.Token);
            return read == line.Length ? int.Parse(Encoding.ASCII.GetString(line)[^3..], null) : 0;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return 0;
        }
    }
}
