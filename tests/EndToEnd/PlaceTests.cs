using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace OrderFunctions.EndToEnd;

/// <summary>Places a file of orders on a host that is known only by its address.</summary>
public sealed class PlaceTests : IDisposable
{
    readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Orders_are_followed_to_their_ends_and_reported_as_a_run_reports_them()
    {
        using var host = await StartAsync();
        var file = data.Write("orders.ndjson", string.Join('\n',
            Order("k-1"), Order("k-2", token: "tok_declined"), Order("k-3", sku: "NONE"),
            Order("k-4", postalCode: "REFUSE"), Order("k-5")));

        var (status, output) = await PlaceAsync(host, file);

        Assert.True(status == 0, output);
        Assert.Matches(@"completed\W+2\b", output);
        foreach (var outcome in new[] { "card declined", "out of stock", "carrier refused" })
            Assert.Matches($@"rejected\W+{outcome}\W+1\b", output);
        Assert.Matches(@"From POST to final: p50 [\d,]+ ms", output);

        // The command must ignore orders that others placed.
        var other = data.Write("other.ndjson", Order("k-6"));
        var (_, second) = await PlaceAsync(host, other);
        Assert.Matches(@"completed\W+1\b", second);
        Assert.DoesNotContain("card declined", second);

        var (again, repeated) = await PlaceAsync(host, file);
        Assert.True(again == 0, repeated);
        Assert.Contains("5 orders had been placed before; none was placed twice.", repeated);
        Assert.Matches(@"completed\W+2\b", repeated);
    }

    [Fact]
    public async Task A_parked_order_and_a_refused_line_are_told_by_the_exit_status()
    {
        using var host = await StartAsync();

        var (parked, output) = await PlaceAsync(host, data.Write("parked.ndjson", Order("k-1", token: "tok_down")));
        Assert.True(parked == 1, output);
        Assert.Contains("parked at payments", output);
        Assert.Contains("1 orders are not final.", output);

        var (refused, errors) = await PlaceAsync(host, data.Write("refused.ndjson", $"{Order("k-2")}\nnot json"));
        Assert.True(refused == 3, errors);
        Assert.Contains("line 2:", errors);
        Assert.Matches(@"completed\W+1\b", errors);
    }

    [Fact]
    public async Task An_interrupted_command_says_how_far_it_came()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals.");
        using var host = await StartAsync();
        var file = data.Write("orders.ndjson", string.Join('\n', Enumerable.Range(1, 500).Select(number => Order($"k-{number}"))));
        using var placing = HostProcess.Start(["place", "--url", $"{host.Api.BaseAddress}", "--orders", file, "--rate", "10"]);
        while ((await host.Api.GetStringAsync("api/orders?limit=1")).Contains("\"orders\":[]", StringComparison.Ordinal))
            await Task.Delay(50, TestContext.Current.CancellationToken);
        placing.Signal("INT");

        Assert.True(await placing.ExitAsync() == 130, placing.Output);
        Assert.Matches(@"Interrupted: \d+ of 500 orders were placed; \d+ of these were not final yet\.", placing.Errors);
        Assert.DoesNotContain("line ", placing.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rate_is_kept()
    {
        using var host = await StartAsync();
        var file = data.Write("orders.ndjson", string.Join('\n', Enumerable.Range(1, 21).Select(number => Order($"k-{number}"))));

        var started = DateTimeOffset.UtcNow;
        var (status, output) = await PlaceAsync(host, file, "--rate", "5");

        Assert.True(status == 0, output);
        var orders = JsonNode.Parse(await host.Api.GetStringAsync("api/orders?limit=200"))!["orders"]!.AsArray();
        var last = orders.Max(order => DateTimeOffset.Parse((string)order!["placedAt"]!, null));

        // Measured from the start of the command: on a busy machine the first orders are late, and the others catch up.
        Assert.True(last - started > TimeSpan.FromSeconds(4), $"{last - started}");
    }

    [Theory]
    [InlineData("API_TOKEN", "token-of-the-environment", "token-of-the-environment")]
    [InlineData("API_AUDIENCE", "api-id", "token-of-az-for-api-id/.default")]
    public async Task The_caller_is_who_the_environment_or_the_Azure_CLI_says(string name, string value, string token)
    {
        using var folder = new DataFolder();
        var az = folder.Write("az", "#!/bin/sh\necho \"token-of-az-for-$4\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(az, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        using var listener = new HttpListener();
        var address = $"http://127.0.0.1:{HostProcess.FreePort()}/";
        listener.Prefixes.Add(address);
        listener.Start();
        var asked = AnswerAsync(listener);

        var path = $"{Path.GetDirectoryName(az)}:{Environment.GetEnvironmentVariable("PATH")}";
        var environment = new Dictionary<string, string> { [name] = value, ["PATH"] = path };
        var (status, output) = await HostProcess.RunAsync(
            environment, ":memory:", "place", "--url", address, "--orders", folder.Write("o", Order("k-1")));

        Assert.True(status == 2, output);
        Assert.Contains("line 1, key k-1: 403: No such role.", output);
        Assert.All(await asked, header => Assert.Equal($"Bearer {token}", header));
    }

    [Fact]
    public async Task An_unreachable_system_is_one_line()
    {
        var address = $"http://127.0.0.1:{HostProcess.FreePort()}/";

        var (status, output) = await HostProcess.RunAsync(":memory:", "place", "--url", address, "--orders", data.Write("o", Order("k-1")));

        Assert.Equal(2, status);
        Assert.StartsWith(address, Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    async Task<HostProcess> StartAsync()
    {
        var host = HostProcess.Start(data.Database, "--no-orders");
        await host.AnswersAsync();
        using var received = await host.Api.PutAsJsonAsync("api/stock/A", new { received = 100 });
        received.EnsureSuccessStatusCode();
        return host;
    }

    static Task<(int Status, string Output)> PlaceAsync(HostProcess host, string file, params string[] options) =>
        HostProcess.RunAsync(":memory:", ["place", "--url", $"{host.Api.BaseAddress}", "--orders", file, .. options]);

    /// <summary>Rejects two requests and returns the identity that each was sent with.</summary>
    static async Task<List<string?>> AnswerAsync(HttpListener listener)
    {
        var callers = new List<string?>();
        while (callers.Count < 2)
        {
            var context = await listener.GetContextAsync();
            callers.Add(context.Request.Headers["Authorization"]);
            context.Response.StatusCode = 403;
            await context.Response.OutputStream.WriteAsync("""{"detail":"No such role."}"""u8.ToArray());
            context.Response.Close();
        }
        return callers;
    }

    public static string Order(string key, string sku = "A", string token = "tok_visa", string postalCode = "E1") =>
        $$$"""
        {"key":"{{{key}}}","customerId":"1","currency":"GBP","lines":[{"sku":"{{{sku}}}","description":"a","quantity":1,"unitPrice":2.5}],
        "payment":{"cardToken":"{{{token}}}"},"shipTo":{"name":"n","line1":"l","city":"c","postalCode":"{{{postalCode}}}","country":"GB"}}
        """.ReplaceLineEndings("");
}
