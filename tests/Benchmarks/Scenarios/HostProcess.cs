using System.Diagnostics;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>The local host as a user starts it: <c>./run</c>, with a file and no orders. It ends with this object.</summary>
sealed class HostProcess : IAsyncDisposable
{
    public const int Connections = 64;

    static readonly TimeSpan StartMax = TimeSpan.FromMinutes(1);

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
