using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrderFunctions.Kernel;
using OrderFunctions.Local.Storage;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Tests;

/// <summary>
/// While the disk takes nothing, reads go on, whoever wants to change something is told to come again, and nothing is lost. Another program
/// that keeps the file locked is such a disk.
/// </summary>
public sealed class DiskFailureTests : IAsyncLifetime
{
    /// <summary>"Within seconds", on a busy machine.</summary>
    static readonly TimeSpan Seconds = TimeSpan.FromSeconds(10);

    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("orderfunctions-");
    Connection? other;
    LocalHost host = null!;
    HttpClient http = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    string File => Path.Combine(folder.FullName, "saga.db");

    public async ValueTask InitializeAsync()
    {
        host = await LocalHost.StartAsync(File, port: 0);
        http = new() { BaseAddress = host.Address, Timeout = Seconds };
    }

    public async ValueTask DisposeAsync()
    {
        Recover();
        http.Dispose();
        await host.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Reads_are_answered_from_the_disk_writes_with_503_and_all_goes_on_when_it_recovers()
    {
        using var received = await http.PutAsJsonAsync("/api/stock/a", new { received = 9 }, Cancellation);
        var placed = await PlaceAsync("k-1");
        await ShowsAsync(placed, "Reserved");
        await ParkedAsync();
        Fail();

        // Under way when the disk fails: saved in memory, so turns go on with it, and told to nobody.
        var underway = RefusedAsync(HttpMethod.Post, $"/api/orders/{placed}/cancel", new { reason = "changed my mind" });
        await host.Saga[Participants.Orders].RequestAsync(
            placed, MessageId.OfRequest(placed, nameof(CancelOrder)), new CancelOrder("changed my mind"), Cancellation)
            .ContinueWith(_ => { }, TaskScheduler.Default);
        await underway;
        Assert.True(host.Saga.Database.DiskFails);

        await ShowsAsync(placed, "Reserved");
        foreach (var path in new[] { "/", $"/api/orders/{placed}/timeline", "/api/orders", "/api/operations/counts", "/api/local/stock" })
            await AnswersAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync($"/api/orders/{new string('0', 32)}", Cancellation)).StatusCode);

        await HealthAsync("live", "alive");
        await HealthAsync("ready", "not ready", ("writer", "The disk fails."), ("bus", "ok"), ("store", "ok"));

        await RefusedAsync(HttpMethod.Post, "/api/orders", OrderOf("k-2"), "k-2");
        await RefusedAsync(HttpMethod.Put, "/api/stock/a", new { received = 5 });
        await RefusedAsync(HttpMethod.Put, "/api/local/card-outage", new { isOn = false });
        await RefusedAsync(HttpMethod.Post, "/api/operations/replay", new { all = true });

        Recover();
        while (host.Saga.Database.DiskFails)
            await Task.Delay(50, Cancellation);
        await HealthAsync("ready", "ready", ("writer", "ok"), ("bus", "ok"), ("store", "ok"));
        await PlaceAsync("k-2");
        await ShowsAsync(placed, "Cancelling");
        Assert.Equal(2, (await ReadAsync("/api/orders"))["orders"]!.AsArray().Count);
    }

    async Task ParkedAsync()
    {
        while ((int)(await ReadAsync("/api/operations/counts"))["parked"]! == 0)
            await Task.Delay(50, Cancellation);
    }

    async Task ShowsAsync(string order, string status)
    {
        JsonNode? found = null;
        for (var since = Environment.TickCount64; (string?)found?["status"] != status; await Task.Delay(50, Cancellation))
        {
            found = await ReadAsync($"/api/orders/{order}");
            Assert.True(Environment.TickCount64 - since < 20_000, $"{found}");
        }
    }

    /// <summary>An order that is parked, because its card provider is down, and so is open whenever the disk fails.</summary>
    async Task<string> PlaceAsync(string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders") { Content = JsonContent.Create(OrderOf(key)) };
        request.Headers.Add("Idempotency-Key", key);
        using var response = await http.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return (string)(await response.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!["id"]!;
    }

    async Task RefusedAsync(HttpMethod method, string path, object body, string? key = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        using var response = await http.SendAsync(request, Cancellation);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "5"), (response.StatusCode, response.Headers.RetryAfter?.ToString()));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    async Task HealthAsync(string path, string status, params (string Name, string State)[] checks)
    {
        using var answer = await http.GetAsync($"/health/{path}", Cancellation);
        var isHealthy = checks.All(check => check.State is "ok");
        Assert.Equal(isHealthy ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(isHealthy ? null : "5", answer.Headers.RetryAfter?.ToString());
        var body = (await answer.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!;
        Assert.Equal(status, (string?)body["status"]);
        Assert.Equal(checks, (body["checks"]?.AsObject() ?? []).Select(check => (check.Key, (string)check.Value!)));
    }

    async Task<JsonNode> ReadAsync(string path) => (await http.GetFromJsonAsync<JsonNode>(path, Cancellation))!;

    async Task AnswersAsync(string path)
    {
        using var response = await http.GetAsync(path, Cancellation);
        response.EnsureSuccessStatusCode();
    }

    void Fail()
    {
        other = new($"Data Source={File};Pooling=False");
        other.Script("BEGIN IMMEDIATE");
    }

    void Recover()
    {
        other?.Dispose();
        other = null;
    }

    static JsonNode OrderOf(string customer) => JsonNode.Parse($$"""
        {
          "customerId": "{{customer}}", "currency": "GBP", "lines": [{ "sku": "a", "description": "b", "quantity": 1, "unitPrice": 1 }],
          "payment": { "cardToken": "tok_down" },
          "shipTo": { "name": "Ada", "line1": "34 High Street", "city": "London", "postalCode": "E14 7AA", "country": "GB" }
        }
        """)!;
}
