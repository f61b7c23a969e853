using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace OrderFunctions.EndToEnd;

/// <summary>A host whose disk is full: nobody waits, nothing is lost, and it goes on by itself when there is room again.</summary>
public sealed class FullDiskTests : IDisposable
{
    static readonly TimeSpan Seconds = TimeSpan.FromSeconds(10);

    readonly DataFolder data = new();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Reads_go_on_writes_are_503_until_there_is_room_and_a_host_that_has_none_can_be_stopped()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux can lift a limit of another process.");
        var accepted = new List<string>();
        using (var host = HostProcess.StartOnSmallDisk(data.Database, "--no-orders"))
        {
            await host.AnswersAsync();
            host.LimitDisk("6000000");
            (await host.Api.PutAsJsonAsync("api/stock/A", new { received = 1_000_000 }, Cancellation)).Dispose();
            await FillAsync(host, accepted);
            Assert.True(accepted.Count > 10, host.Output);

            // The one that was answered 503 may have been written by half: whoever sends it again gets that order.
            Assert.InRange(await OrdersAsync(host), accepted.Count, accepted.Count + 1);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(host, "health/ready"));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, "health/live"));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, ""));

            host.LimitDisk("unlimited");
            var waiting = Stopwatch.StartNew();
            while (await StatusAsync(host, "health/ready") is not HttpStatusCode.OK)
            {
                Assert.True(waiting.Elapsed < Seconds * 3, host.Output);
                await Task.Delay(100, Cancellation);
            }
            Assert.Equal(HttpStatusCode.Accepted, await PlaceAsync(host, $"k-{accepted.Count}"));
        }

        // Killed: everything that was accepted is there, and ends as it must.
        var (status, output) = await HostProcess.RunAsync(data.Database, "--no-orders", "--exit");
        Assert.True(status == 0, output);
        Assert.Contains($"Audit clean: {accepted.Count + 1} orders", output, StringComparison.Ordinal);

        // Not even a stop can fold the log.
        using var full = HostProcess.StartOnSmallDisk(data.Database, "--no-orders");
        await full.AnswersAsync();
        full.LimitDisk("1");
        await FillAsync(full, []);
        var stopping = Stopwatch.StartNew();
        full.Signal("TERM");
        Assert.True(await full.ExitAsync() == 2, full.Output);
        Assert.True(stopping.Elapsed < Seconds, $"{stopping.Elapsed}");
        Assert.Contains("cannot be written", full.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", full.Errors, StringComparison.Ordinal);
    }

    /// <summary>Places orders until one is refused, which must take no longer than any other.</summary>
    static async Task FillAsync(HostProcess host, List<string> accepted)
    {
        for (var number = 0; ; number++)
        {
            var sent = Stopwatch.StartNew();
            var status = await PlaceAsync(host, $"k-{number}");
            Assert.True(sent.Elapsed < Seconds, $"{sent.Elapsed}");
            if (status is HttpStatusCode.ServiceUnavailable)
                return;
            Assert.Equal(HttpStatusCode.Accepted, status);
            accepted.Add($"k-{number}");
            Assert.True(number < 5_000, "The disk was never full.");
        }
    }

    static async Task<HttpStatusCode> PlaceAsync(HostProcess host, string key)
    {
        var order = JsonNode.Parse(PlaceTests.Order(key))!.AsObject();
        order.Remove("key");
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/orders")
        {
            Content = new StringContent(order.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Idempotency-Key", key);
        using var answer = await host.Api.SendAsync(request, Cancellation);
        if (answer.StatusCode is HttpStatusCode.ServiceUnavailable)
            Assert.Equal("5", answer.Headers.RetryAfter?.ToString());
        return answer.StatusCode;
    }

    static async Task<HttpStatusCode> StatusAsync(HostProcess host, string path)
    {
        using var answer = await host.Api.GetAsync(path, Cancellation);
        return answer.StatusCode;
    }

    static async Task<long> OrdersAsync(HostProcess host)
    {
        var counts = await host.Api.GetFromJsonAsync<JsonNode>("api/operations/counts", Cancellation);
        return counts!["byStatus"]!.AsObject().Sum(status => (long)status.Value!);
    }
}
