using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using OrderFunctions.Benchmarks.Sides;
using OrderFunctions.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>The local host as a user starts it: <c>./run</c>, with a file and no orders. It ends with this object.</summary>
sealed class HostProcess : IAsyncDisposable
{
    public const int Connections = 64;
    public const int WarmUp = 10_000;

    static readonly TimeSpan StartMax = TimeSpan.FromMinutes(1);
    static readonly TimeSpan FinalMax = TimeSpan.FromMinutes(2);

    readonly TemporaryFolder folder = new();
    readonly Process process;

    HostProcess()
    {
        var port = RabbitMq.FreePort();
        Http = new(new SocketsHttpHandler { MaxConnectionsPerServer = Connections, UseProxy = false }) { BaseAddress = new($"http://127.0.0.1:{port}") };
        process = Run("--no-orders", "--port", $"{port}", "--data", Path.Combine(folder.FullName, "saga.db"));
    }

    public HttpClient Http { get; }

    /// <summary>Memory that it occupies (its resident set).</summary>
    public double Megabytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64 / 1048576.0;
        }
    }

    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Builds it where that is needed, so that no measurement includes that.</summary>
    public static async Task BuildAsync()
    {
        using var help = Run("--help");
        await help.WaitForExitAsync();
        if (help.ExitCode != 0)
            throw new SideFailedException("./run cannot be started.");
    }

    /// <summary>Starts it; returns as soon as <paramref name="isUp"/> is true.</summary>
    public static async Task<HostProcess> StartAsync(Func<HttpClient, Task<bool>> isUp)
    {
        var started = Stopwatch.GetTimestamp();
        var host = new HostProcess();
        while (!await IsUpAsync(host.Http, isUp))
        {
            if (host.process.HasExited || Stopwatch.GetElapsedTime(started) > StartMax)
            {
                await host.DisposeAsync();
                throw new SideFailedException("./run did not start.");
            }
            await Task.Delay(10);
        }
        return host;
    }

    /// <summary>Starts it, with stock of everything, and lets it handle so many orders that its code is compiled as well as it will be.</summary>
    public static async Task<HostProcess> StartWarmAsync()
    {
        var host = await StartAsync(HasStockAsync);
        await host.PostAsync(WarmUp, seed: 1);
        await host.FinalAsync();
        return host;
    }

    static async Task<bool> IsUpAsync(HttpClient http, Func<HttpClient, Task<bool>> isUp)
    {
        try
        {
            return await isUp(http);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>It serves, and has stock of everything that is ordered.</summary>
    static async Task<bool> HasStockAsync(HttpClient http)
    {
        foreach (var sku in Workload.Skus)
        {
            using var answer = await http.PutAsJsonAsync(Paths.Stock.Replace("{sku}", sku), new { received = 1_000_000_000 });
            answer.EnsureSuccessStatusCode();
        }
        return true;
    }

    /// <summary>Places orders, many at once. Returns how long it took until all were accepted.</summary>
    public async Task<TimeSpan> PostAsync(int orders, int seed)
    {
        var bodies = Workload.Orders(orders, seed)
            .Select(order => JsonSerializer.SerializeToUtf8Bytes(PostedOrder.Of(order.Order), JsonSerializerOptions.Web)).ToList();
        var started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(bodies, new ParallelOptions { MaxDegreeOfParallelism = Connections }, async (body, _) =>
        {
            using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var answer = await Http.PostAsync(Paths.Orders, content, CancellationToken.None);
            if (answer.StatusCode is not HttpStatusCode.Accepted)
                throw new SideFailedException($"An order was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(CancellationToken.None)}");
        });
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Returns once all orders are final.</summary>
    public async Task FinalAsync()
    {
        var started = Stopwatch.GetTimestamp();
        while (await UnfinishedAsync() > 0)
        {
            if (Stopwatch.GetElapsedTime(started) > FinalMax)
                throw new SideFailedException("Not all orders became final.");
            await Task.Delay(100);
        }
    }

    async Task<long> UnfinishedAsync()
    {
        using var counts = await Http.GetFromJsonAsync<JsonDocument>(Paths.Counts);
        return counts!.RootElement.GetProperty("byStatus").EnumerateObject()
            .Where(status => status.Name is not (nameof(OrderStatus.Completed) or nameof(OrderStatus.Rejected)))
            .Sum(status => status.Value.GetInt64());
    }

    static Process Run(params IReadOnlyList<string> arguments)
    {
        var process = Process.Start(new ProcessStartInfo(Path.Combine(Bench.Root, "run"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        Http.Dispose();
        folder.Dispose();
    }
}
