using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrderFunctions.EndToEnd;

/// <summary>
/// On the console, from the card provider that will not give money back to the order that is final: the local host with a real provider,
/// whose settings come from the environment and from the command line.
/// </summary>
public sealed class SettleTests : IDisposable
{
    readonly DataFolder data = new();

    /// <summary>Takes money and gives none back.</summary>
    readonly HttpListener provider = new();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        provider.Close();
        data.Dispose();
    }

    [Fact]
    public async Task A_refund_that_was_made_by_hand_is_settled_and_the_order_becomes_final()
    {
        var address = $"http://127.0.0.1:{HostProcess.FreePort()}/";
        provider.Prefixes.Add(address);
        provider.Start();
        var answering = Task.Run(AnswerAsync, Cancellation);
        var environment = new Dictionary<string, string> { ["CardProvider__Mode"] = "http", ["CardProvider__ApiKey"] = "key" };
        string[] setting = ["--setting", $"CardProvider__BaseAddress={address}"];
        using var host = HostProcess.Start(environment, data.Database, ["--no-orders", .. setting]);
        await host.AnswersAsync();
        await SaysAsync(0, "9", "stock", "A", "--received", "9");

        // The carrier refuses these two, so their money must go back.
        string[] lines = [PlaceTests.Order("k-1", postalCode: "REFUSE"), PlaceTests.Order("k-2", postalCode: "REFUSE")];
        await SaysAsync(1, "parked at payments", "place", "--orders", data.Write("orders.ndjson", string.Join('\n', lines)));
        await SaysAsync(0, "RefundPayment at payments", "inspect", "k-1");
        Assert.Contains("2.50 GBP are owed to customer 1", await SaysAsync(1, "is open: Rejecting", "audit"), StringComparison.Ordinal);
        var (order, message) = await ParkedAsync("k-1");
        var refused = await SaysAsync(2, "Nothing was done: confirm with --yes.", "settle", "k-1", message, "--reason", "paid back by bank");
        Assert.DoesNotContain(order, refused, StringComparison.Ordinal);

        await SaysAsync(0, order, "settle", "k-1", message, "--reason", "paid back by bank", "--by", "ivo", "--yes");
        await EndsAsync("k-1", "Rejected");

        // One that was discarded first would stay open for ever.
        (_, message) = await ParkedAsync("k-2");
        await SaysAsync(2, "never becomes final", "discard", "k-2", message, "--reason", "given up", "--by", "ivo", "--yes");
        await SaysAsync(0, "given up", "discard", "k-2", message, "--reason", "given up", "--by", "ivo", "--yes", "--strand");
        await SaysAsync(1, "The order is not stopped at that message.", "settle", "k-2", message, "--reason", "r", "--yes");
        string[] byHand = ["--reason", "paid back in cash", "--by", "ada", "--yes"];
        await SaysAsync(0, "paid back in cash", ["settle", "k-2", message, "--participant", "payments", .. byHand]);
        await EndsAsync("k-2", "Rejected");

        await SaysAsync(0, "Nothing is parked.", "parked");
        await SaysAsync(0, "Audit clean: 2 orders", "audit");
        Assert.Matches("SettleRequested .*paid back by bank", await SaysAsync(0, "ivo", "timeline", "k-1"));
        host.Signal("TERM");
        Assert.True(await host.ExitAsync() == 0, host.Output);
        provider.Stop();
        await answering;

        async Task<string> SaysAsync(int expected, string text, params string[] arguments)
        {
            var (status, output, _) = await HostProcess.RunAsync([.. arguments, "--url", $"{host.Api.BaseAddress}"]);
            var isExpected = status == expected && output.Contains(text, StringComparison.Ordinal);
            Assert.True(isExpected, $"{string.Join(' ', arguments)}: {status}\n{output}");
            return output;
        }

        async Task<(string Order, string Message)> ParkedAsync(string key)
        {
            var (_, output, _) = await HostProcess.RunAsync(["inspect", key, "--json", "--url", $"{host.Api.BaseAddress}"]);
            var parked = JsonNode.Parse(output)!;
            var order = (string)parked["orderId"]!;
            return (order, ((string)parked["parked"]![0]!["messageId"]!).Replace($"{order}/", "", StringComparison.Ordinal));
        }

        async Task EndsAsync(string key, string status)
        {
            var (found, since) = ("", Environment.TickCount64);
            while (!found.Contains($"\"status\": \"{status}\"", StringComparison.Ordinal))
            {
                await Task.Delay(200, Cancellation);
                (_, found, _) = await HostProcess.RunAsync(["orders", "--text", key, "--json", "--url", $"{host.Api.BaseAddress}"]);
                Assert.True(Environment.TickCount64 - since < 60_000, found);
            }
        }
    }

    async Task AnswerAsync()
    {
        var done = new Dictionary<string, List<JsonObject>> { ["charges"] = [], ["refunds"] = [] };
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await provider.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            var request = context.Request;
            var what = done[request.Url!.Segments[1].TrimEnd('/')];
            JsonNode answer;
            if (request.HttpMethod == "GET")
            {
                var reference = request.QueryString["reference"];
                answer = new JsonArray([.. what.Where(one => (string?)one["reference"] == reference).Select(one => one.DeepClone())]);
            }
            else
            {
                var body = (await JsonSerializer.DeserializeAsync<JsonObject>(request.InputStream))!;
                body["id"] = $"{request.Url.Segments[1]}-{what.Count}";
                body["status"] = ReferenceEquals(what, done["refunds"]) ? "failed" : "succeeded";
                body["reason"] = "the account is closed";
                what.Add(body);
                answer = body.DeepClone();
            }
            context.Response.ContentType = "application/json";
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer.ToJsonString()));
            context.Response.Close();
        }
    }
}
