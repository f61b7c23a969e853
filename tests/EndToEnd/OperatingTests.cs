using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrderFunctions.EndToEnd.Browser;

namespace OrderFunctions.EndToEnd;

/// <summary>The console commands against a running host, and what a run sends to a collector.</summary>
public sealed class OperatingTests(SampleHost sample) : IClassFixture<SampleHost>
{
    [Theory]
    [InlineData(0, "card declined", "orders", "--status", "Rejected")]
    [InlineData(0, "OrderCompleted", "timeline", "536370")]
    [InlineData(0, "Nothing is parked.", "parked")]
    [InlineData(1, "There is no order no-such-key. See ./run orders.", "timeline", "no-such-key")]
    [InlineData(1, "No order matches.", "orders", "--text", "no-such-customer")]
    [InlineData(0, "\"parked\": []", "parked", "--json")]
    [InlineData(0, "No parked order matches.", "replay", "--all")]
    [InlineData(1, "No parked order matches.", "replay", "536370")]
    [InlineData(2, "can no longer be cancelled", "cancel", "536370")]
    [InlineData(0, "Audit clean: 200 orders", "audit")]
    [InlineData(0, "\"findings\": []", "audit", "--json")]
    [InlineData(0, "85123A", "stock")]
    [InlineData(0, "available", "stock", "85123A")]
    [InlineData(0, "9,999", "stock", "new", "--received", "9999")]
    [InlineData(1, "never received", "stock", "no-such-sku")]
    [InlineData(2, "already reserved or consumed", "stock", "85123A", "--received", "0")]
    [InlineData(2, "all must be true", "replay")]
    public async Task A_command_prints_its_answer_and_its_exit_status_says_how_it_went(int expected, string text, params string[] arguments)
    {
        var (status, output) = await HostProcess.RunAsync(":memory:", [.. arguments, "--url", $"{sample.Host.Api.BaseAddress}"]);
        Assert.True(status == expected, output);
        Assert.Contains(text, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_json_a_command_prints_the_apis_own_answer()
    {
        var (status, output) = await HostProcess.RunAsync(
            ":memory:", "orders", "--limit", "3", "--json", "--url", $"{sample.Host.Api.BaseAddress}");
        Assert.Equal((0, 3), (status, JsonNode.Parse(output)!["orders"]!.AsArray().Count));
    }

    [Fact]
    public async Task A_parked_message_is_shown_without_secrets_and_discarded_after_confirmation()
    {
        using var data = new DataFolder();
        using var host = HostProcess.Start(data.Database, "--no-orders");
        await host.AnswersAsync();
        await host.Api.PutAsJsonAsync("api/stock/A", new { received = 5 }, TestContext.Current.CancellationToken);
        var order = JsonNode.Parse("""
            {"customerId":"1","currency":"GBP","lines":[{"sku":"A","description":"a","quantity":1,"unitPrice":2.5}],
            "payment":{"cardToken":"tok_down"},"shipTo":{"name":"n","line1":"34 High Street","city":"c","postalCode":"E1","country":"GB"}}
            """);
        using var placed = await host.Api.PostAsJsonAsync("api/orders", order, TestContext.Current.CancellationToken);
        var id = (string)JsonNode.Parse(await placed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["id"]!;
        await PrintsAsync("inventory/", "parked");

        var message = (string)JsonNode.Parse(await PrintsAsync("messageId", "inspect", id, "--json"))!["parked"]![0]!["messageId"]!;
        var inspected = await PrintsAsync("InventoryReserved at payments", "inspect", id);
        Assert.Contains("\"customerId\": \"1\"", inspected, StringComparison.Ordinal);
        Assert.DoesNotContain("tok_down", inspected, StringComparison.Ordinal);
        Assert.DoesNotContain("High Street", inspected, StringComparison.Ordinal);

        var refused = await EndsAsync(1, "discard", id, "orders/1", "--reason", "r");
        Assert.Contains($"payments is stopped at {message}", refused, StringComparison.Ordinal);
        Assert.Contains("--yes", await EndsAsync(2, "discard", id, message, "--reason", "paid in cash"), StringComparison.Ordinal);
        var end = message.Replace($"{id}/", "", StringComparison.Ordinal);
        Assert.Contains(end, await EndsAsync(0, "parked"), StringComparison.Ordinal);
        var answer = JsonNode.Parse(await EndsAsync(0, "discard", id, end, "--reason", "paid in cash", "--by", "ivo", "--yes", "--json"))!;
        Assert.Equal(
            ("payments", "ivo", "paid in cash"), ((string?)answer["participant"], (string?)answer["by"], (string?)answer["reason"]));
        await PrintsAsync("Nothing is parked.", "parked");
        Assert.Contains("payments: paid in cash", await EndsAsync(0, "timeline", id), StringComparison.Ordinal);

        async Task<string> EndsAsync(int expected, params string[] arguments)
        {
            var (status, output) = await HostProcess.RunAsync(":memory:", [.. arguments, "--url", $"{host.Api.BaseAddress}"]);
            Assert.True(status == expected, output);
            return output;
        }

        async Task<string> PrintsAsync(string text, params string[] arguments)
        {
            for (var since = Environment.TickCount64; ; await Task.Delay(500))
            {
                var (_, output) = await HostProcess.RunAsync(":memory:", [.. arguments, "--url", $"{host.Api.BaseAddress}"]);
                if (output.Contains(text, StringComparison.Ordinal))
                    return output;
                Assert.True(Environment.TickCount64 - since < 60_000, output);
            }
        }
    }

    [Fact]
    public async Task A_deployed_system_which_has_no_books_of_its_providers_is_audited_by_Orders_itself()
    {
        using var system = new HttpListener();
        var address = $"http://127.0.0.1:{HostProcess.FreePort()}/";
        system.Prefixes.Add(address);
        system.Start();
        var asked = Task.Run(async () =>
        {
            var paths = new List<string>();
            while (paths.Count < 2)
            {
                var context = await system.GetContextAsync();
                paths.Add(context.Request.Url!.AbsolutePath);
                context.Response.StatusCode = paths.Count == 1 ? 404 : 200;
                await context.Response.OutputStream.WriteAsync(paths.Count == 1
                    ? """{"detail":"There is nothing at this path."}"""u8.ToArray()
                    : """
                        {"orders":7,"more":false,"findings":[{"orderId":"o-1","finding":"It was refunded twice."}],"owed":[{"orderId":"o-2",
                        "customerId":"17850","status":"Rejecting","amount":{"amount":2.5,"currency":"GBP"},"placedAt":"2026-01-02T03:04:05Z"}]}
                        """u8.ToArray());
                context.Response.Close();
            }
            return paths;
        }, TestContext.Current.CancellationToken);

        var (status, output, _) = await HostProcess.RunAsync(["audit", "--url", address]);

        Assert.Equal(["/api/local/audit", "/api/operations/audit"], await asked);
        Assert.Equal(1, status);
        Assert.Contains("Audit: Order o-1: It was refunded twice.", output, StringComparison.Ordinal);
        Assert.Contains("Audit: 2.50 GBP are owed to customer 17850: order o-2 is Rejecting.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unreachable_host_is_a_clear_error()
    {
        var (status, output) = await HostProcess.RunAsync(":memory:", "orders", "--url", "http://127.0.0.1:1");
        Assert.Equal(2, status);
        Assert.Contains("http://127.0.0.1:1", output, StringComparison.Ordinal);
        Assert.Contains("Start a host with ./run", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_sends_traces_and_metrics_to_a_collector_and_writes_a_trace_without_secrets()
    {
        using var collector = new Collector();
        using var data = new DataFolder();
        const string Order = """
            {"key":"k","customerId":"1","currency":"GBP","lines":[{"sku":"A","description":"a","quantity":1,"unitPrice":2.5}],
            "payment":{"cardToken":"tok_visa"},
            "shipTo":{"name":"n","line1":"34 High Street","city":"c","postalCode":"E1","country":"GB"}}
            """;
        var file = data.Write("one.ndjson", Order.ReplaceLineEndings(""));
        var (status, output) = await HostProcess.RunAsync(
            data.Database, "--exit", "--orders", file, "--verbose", "--otlp", collector.Address);
        Assert.True(status == 0, output);
        Assert.Contains("process OrderCreated", collector.Received("/v1/traces"), StringComparison.Ordinal);
        Assert.Contains("orders.placed", collector.Received("/v1/metrics"), StringComparison.Ordinal);
        foreach (var line in new[] { "request PlaceOrder", "process OrderCreated", "process PaymentSucceeded", "process OrderShipped" })
            Assert.Contains(line, output, StringComparison.Ordinal);
        foreach (var secret in new[] { "tok_visa", "High Street" })
            Assert.DoesNotContain(secret, output + collector.Received("/v1/traces"), StringComparison.Ordinal);
        Assert.Equal(Assert.Single(collector.TracesOf("request PlaceOrder")), Assert.Single(collector.TracesOf("process OrderCompleted")));
    }
}
