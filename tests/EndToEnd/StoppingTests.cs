using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace OrderFunctions.EndToEnd;

/// <summary>Ctrl-C and SIGTERM end a host in order and at once.</summary>
public sealed class StoppingTests : IDisposable
{
    /// <summary>It takes a tenth of a second; a busy machine may take longer.</summary>
    static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(5);

    readonly DataFolder data = new();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => data.Dispose();

    [Theory, InlineData("INT"), InlineData("TERM")]
    public async Task A_host_that_serves_ends_with_0_and_leaves_everything_in_the_one_file(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals.");
        using var host = HostProcess.Start(data.Database, "--no-orders");
        await host.AnswersAsync();
        for (var sku = 0; sku < 50; sku++)
            (await host.Api.PutAsJsonAsync($"api/stock/{sku}", new { received = 5 }, Cancellation)).Dispose();

        // An open page must not delay it.
        using var page = await host.Api.GetAsync("api/operations/events", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        var begun = Stopwatch.StartNew();
        host.Signal(signal);

        Assert.True(await host.ExitAsync() == 0, host.Output);
        Assert.True(begun.Elapsed < AtOnce, $"{begun.Elapsed}");
        Assert.Equal([data.Database, $"{data.Database}.lock"], Directory.GetFiles(Path.GetDirectoryName(data.Database)!).Order());
        var copy = data.Write("copy.db", "");
        File.Copy(data.Database, copy, overwrite: true);
        using var other = HostProcess.Start(copy, "--no-orders");
        await other.AnswersAsync();
        var level = await other.Api.GetFromJsonAsync<JsonNode>("api/stock/49", Cancellation);
        Assert.Equal(5, (int)level!["received"]!);
    }

    [Fact]
    public async Task An_interrupted_run_says_how_far_it_came_and_the_same_command_goes_on()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals.");
        const int Orders = 20_000;
        var lines = Enumerable.Range(1, Orders).Select(number => PlaceTests.Order($"k-{number}"));
        var file = data.Write("orders.ndjson", string.Join('\n', lines));
        using (var host = HostProcess.Start(data.Database, "--orders", file, "--stock", "1000000"))
        {
            await host.AnswersAsync();
            while (await CountAsync(host) < 100)
                await Task.Delay(20, Cancellation);
            host.Signal("TERM");

            Assert.True(await host.ExitAsync() == 130, host.Output);
            Assert.Matches(@"Interrupted: [\d,]+ orders of 20,000 were placed; [\d,]+ of the [\d,]+ orders .* are final", host.Errors);
            Assert.DoesNotContain("line ", host.Output, StringComparison.Ordinal);
        }

        using var again = HostProcess.Start(data.Database, "--orders", data.Write("first.ndjson", PlaceTests.Order("k-1")), "--exit");
        Assert.True(await again.ExitAsync() == 0, again.Output);
        Assert.Contains("1 orders had been placed before; none was placed twice.", again.Output, StringComparison.Ordinal);
    }

    static async Task<long> CountAsync(HostProcess host)
    {
        var counts = await host.Api.GetFromJsonAsync<JsonNode>("api/operations/counts", Cancellation);
        return counts!["byStatus"]!.AsObject().Sum(status => (long)status.Value!);
    }
}
