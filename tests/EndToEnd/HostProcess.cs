using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;

namespace OrderFunctions.EndToEnd;

/// <summary>The local host as a user starts it, in a process that can be killed.</summary>
public sealed class HostProcess : IDisposable
{
    static readonly string Host = typeof(HostProcess).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key is "LocalHost").Value!;

    readonly Process process;
    readonly StringBuilder output = new();
    readonly StringBuilder errors = new();

    HostProcess(Process process, int port)
    {
        this.process = process;
        Api = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/"), Timeout = TimeSpan.FromSeconds(20) };
    }

    public HttpClient Api { get; }

    /// <summary>Both streams, as a terminal shows them.</summary>
    public string Output => Read(output);

    /// <summary>Standard error alone.</summary>
    public string Errors => Read(errors);

    /// <summary>Starts a host on a free port.</summary>
    public static HostProcess Start(string data, params string[] arguments) => StartAt(FreePort(), data, arguments);

    /// <inheritdoc cref="Start(string, string[])"/>
    public static HostProcess Start(Dictionary<string, string> environment, string data, params string[] arguments) =>
        StartAt(FreePort(), data, arguments, environment);

    public static HostProcess StartAt(int port, string data, params string[] arguments) => StartAt(port, data, arguments, []);

    static HostProcess StartAt(int port, string data, string[] arguments, Dictionary<string, string> environment) =>
        Start(["--data", data, "--port", $"{port}", .. arguments], port, environment);

    /// <summary>Starts a host whose disk can be made full.</summary>
    public static HostProcess StartOnSmallDisk(string data, params string[] arguments)
    {
        // A file that may not grow is an error, as on a full disk, and no signal. The runtime must not keep code in such files.
        var port = FreePort();
        string[] shell = ["-c", "trap '' XFSZ; exec dotnet \"$@\"", "bash", Host];
        var start = new ProcessStartInfo("bash", [.. shell, "--data", data, "--port", $"{port}", .. arguments]);
        return Start(start, port, new() { ["DOTNET_EnableWriteXorExecute"] = "0" });
    }

    /// <summary>From now on none of its files can grow beyond so many bytes, or any number again.</summary>
    public void LimitDisk(string bytes)
    {
        using var limit = Process.Start("prlimit", ["--pid", $"{process.Id}", $"--fsize={bytes}:unlimited"]);
        limit.WaitForExit();
    }

    /// <summary>Starts it with exactly these arguments.</summary>
    public static HostProcess Start(string[] arguments) => Start(arguments, FreePort(), []);

    static HostProcess Start(string[] arguments, int port, Dictionary<string, string> environment) =>
        Start(new ProcessStartInfo("dotnet", [Host, .. arguments]), port, environment);

    static HostProcess Start(ProcessStartInfo start, int port, Dictionary<string, string> environment)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = start.RedirectStandardInput = true;
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var host = new HostProcess(Process.Start(start)!, port);
        host.process.OutputDataReceived += (_, line) => host.Note(line.Data);
        host.process.ErrorDataReceived += (_, line) =>
        {
            host.Note(line.Data);
            host.Note(line.Data, host.errors);
        };
        host.process.BeginOutputReadLine();
        host.process.BeginErrorReadLine();
        return host;
    }

    /// <summary>Runs the host until it exits and returns its exit status and output.</summary>
    public static Task<(int Status, string Output)> RunAsync(string data, params string[] arguments) => RunAsync([], data, arguments);

    /// <summary>Runs the host with exactly these arguments until it exits.</summary>
    public static async Task<(int Status, string Output, string Errors)> RunAsync(string[] arguments)
    {
        using var host = Start(arguments, FreePort(), []);
        return (await host.ExitAsync(), host.Output, host.Errors);
    }

    /// <inheritdoc cref="RunAsync(string, string[])"/>
    public static async Task<(int Status, string Output)> RunAsync(
        Dictionary<string, string> environment, string data, params string[] arguments)
    {
        using var host = StartAt(FreePort(), data, arguments, environment);
        return (await host.ExitAsync(), host.Output);
    }

    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The host did not end within five minutes. It printed:\n{Output}");
        }
        return process.ExitCode;
    }

    /// <summary>Waits until the host answers.</summary>
    public async Task AnswersAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var answer = await Api.GetAsync("api/operations/counts");
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException) when (attempt < 600)
            {
                // Not listening yet.
            }
            Assert.False(process.HasExited, $"The host has ended. It printed:\n{Output}");
            await Task.Delay(50);
        }
    }

    /// <summary>Sends SIGKILL: no handler runs and nothing is flushed.</summary>
    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    /// <summary>Sends SIGINT or SIGTERM, as Ctrl-C and a service manager do.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", ["-s", name, $"{process.Id}"]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!process.HasExited)
            Kill();
        process.Dispose();
        Api.Dispose();
    }

    void Note(string? line, StringBuilder? to = null)
    {
        // The end of a stream is a line too, which is none.
        if (line is null)
            return;
        lock (to ??= output)
            to.AppendLine(line);
    }

    static string Read(StringBuilder lines)
    {
        lock (lines)
            return lines.ToString();
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
