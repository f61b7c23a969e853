using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace OrderFunctions.EndToEnd;

/// <summary>
/// Sends SIGKILL at random moments under load, alone and as part of a power cut; of those, only what lost a write counts.
/// <c>KILLS=100 ./test --filter KillTests</c> kills more often. <c>SEED</c> repeats the moments of a run, as far as timing allows.
/// </summary>
public sealed class KillTests(ITestOutputHelper log) : IDisposable
{
    static readonly int Kills = int.TryParse(Environment.GetEnvironmentVariable("KILLS"), out var kills) ? kills : 5;
    static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("SEED"), out var seed) ? seed : Environment.TickCount;

    readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Theory, InlineData(false), InlineData(true)]
    public async Task Nothing_that_was_accepted_is_lost_and_no_card_is_charged_twice(bool withPowerCuts)
    {
        log.WriteLine($"SEED={Seed} KILLS={Kills}");
        if (withPowerCuts)
            PowerCut.SkipIfImpossible();
        var random = new Random(Seed);
        var power = new PowerCut(data.Database, random);
        var accepted = new ConcurrentDictionary<string, string>();
        var number = 0;
        for (var kill = 0; (withPowerCuts ? power.CutsWithLoss : kill) < Kills; kill++)
        {
            Assert.True(kill < 5 * Kills, "The power cuts find hardly anything to undo.");
            using var host = HostProcess.Start(withPowerCuts ? PowerCut.Environment() : [], data.Database, "--no-orders");
            await host.AnswersAsync();
            if (kill == 0)
                await ReceiveStockAsync(host);
            using var stop = new CancellationTokenSource();
            var load = Enumerable.Range(0, 8)
                .Select(_ => PlaceAsync(host, () => Interlocked.Increment(ref number), accepted, stop.Token)).ToList();
            await Task.Delay(random.Next(20, 1200));
            if (kill == 0)
                await AcceptedAsync(accepted, Kills + 1);
            host.Kill();
            await stop.CancelAsync();
            await Task.WhenAll(load);
            if (withPowerCuts)
                power.Strike();
        }
        log.WriteLine($"{accepted.Count} orders were accepted. {(withPowerCuts ? power : "")}");
        Assert.True(accepted.Count > Kills, "too few orders were accepted for the kills to mean anything");

        // After one more restart the host completes every order. The exit status shows the result of the audit.
        var nothing = data.Write("none.ndjson", "");
        var (status, output) = await HostProcess.RunAsync(data.Database, "--exit", "--orders", nothing);
        Assert.True(status == 0, output);

        using var last = HostProcess.Start(data.Database, "--no-orders");
        await last.AnswersAsync();
        foreach (var (id, key) in accepted)
        {
            var order = await last.Api.GetFromJsonAsync<JsonObject>($"api/orders/{id}");
            Assert.Contains(order!["status"]!.GetValue<string>(), new[] { "Completed", "Rejected", "Cancelled" });
            Assert.Equal(key, order["idempotencyKey"]!.GetValue<string>());
        }
    }

    /// <summary>Or the power cuts above would prove nothing.</summary>
    [Fact]
    public async Task A_disk_that_lies_about_its_syncs_loses_what_was_accepted()
    {
        PowerCut.SkipIfImpossible();
        var accepted = new ConcurrentDictionary<string, string>();
        using (var host = HostProcess.Start(PowerCut.Environment(lies: true), data.Database, "--no-orders"))
        {
            await host.AnswersAsync();
            using var stop = new CancellationTokenSource();
            var number = 0;
            var load = PlaceAsync(host, () => ++number, accepted, stop.Token);
            await AcceptedAsync(accepted, 10);
            host.Kill();
            await stop.CancelAsync();
            await load;
        }
        new PowerCut(data.Database, new Random(Seed)).Strike(all: true);

        using var last = HostProcess.Start(data.Database, "--no-orders");
        await last.AnswersAsync();
        Assert.NotEmpty(accepted);
        foreach (var id in accepted.Keys)
        {
            using var answer = await last.Api.GetAsync($"api/orders/{id}");
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_host_whose_log_was_deleted_after_a_kill_refuses_to_start_and_says_what_to_do()
    {
        using (var host = HostProcess.Start(data.Database, "--no-orders"))
        {
            await host.AnswersAsync();
            await ReceiveStockAsync(host);
            host.Kill();
        }
        File.Delete(data.Database + "-wal");

        var (status, output) = await HostProcess.RunAsync(data.Database, "--no-orders");
        Assert.True(status == 2, output);
        Assert.Contains($"its log {data.Database}-wal is gone", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    static async Task ReceiveStockAsync(HostProcess host)
    {
        foreach (var sku in new[] { "A", "B", "C" })
            (await host.Api.PutAsJsonAsync($"api/stock/{sku}", new { received = 1_000_000 })).EnsureSuccessStatusCode();
    }

    /// <summary>Places one order after another until the host dies. Every seventh is cancelled, and some fail.</summary>
    /// <summary>A busy machine may take long to accept the first ones.</summary>
    static async Task AcceptedAsync(ConcurrentDictionary<string, string> accepted, int count)
    {
        for (var wait = 0; accepted.Count < count && wait < 3_000; wait++)
            await Task.Delay(20);
    }

    static async Task PlaceAsync(HostProcess host, Func<int> next, ConcurrentDictionary<string, string> accepted, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var n = next();
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "api/orders") { Content = JsonContent.Create(Order(n)) };
                request.Headers.Add("Idempotency-Key", $"key-{n}");
                using var answer = await host.Api.SendAsync(request, stop);
                if (answer.StatusCode is not HttpStatusCode.Accepted)
                    continue;
                var id = (await answer.Content.ReadFromJsonAsync<JsonObject>(stop))!["id"]!.GetValue<string>();
                accepted[id] = $"key-{n}";
                if (n % 7 == 0)
                    (await host.Api.PostAsJsonAsync($"api/orders/{id}/cancel", new { reason = "changed my mind" }, stop)).Dispose();
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
            {
                return;
            }
        }
    }

    static object Order(int n) => new
    {
        customerId = $"{n % 50}",
        currency = "GBP",
        lines = new[] { "A", "B", "C" }.Select(sku => new { sku, description = sku, quantity = 1 + n % 3, unitPrice = 2.5 }),
        payment = new { cardToken = n % 11 == 0 ? "tok_declined" : n % 13 == 0 ? "tok_flaky" : "tok_visa" },
        shipTo = new { name = "Ada", line1 = "1 Street", city = "London", postalCode = PostalCode(n), country = "GB" },
    };

    static string PostalCode(int n) => n % 17 == 0 ? "REFUSE" : n % 19 == 0 ? "LATE" : n % 23 == 0 ? "QUIET" : "E1";
}
