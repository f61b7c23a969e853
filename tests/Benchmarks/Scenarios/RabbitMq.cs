using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>A private broker on 127.0.0.1, with its own data, ports and cookie. It ends with this program.</summary>
sealed class RabbitMq : IAsyncDisposable
{
    const string Server = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    static readonly TimeSpan StartMax = TimeSpan.FromSeconds(90);

    readonly TemporaryFolder folder = new();
    readonly List<Process> processes = [];

    public int Port { get; } = FreePort();

    /// <summary>Returns null if RabbitMQ is not installed and could not be installed.</summary>
    public static async Task<RabbitMq?> StartAsync()
    {
        if (!File.Exists(Server) && (!Environment.IsPrivilegedProcess || !await InstallAsync()))
            return null;
        var broker = new RabbitMq();
        try
        {
            await broker.RunAsync();
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Installs Debian's package without starting its service.</summary>
    static async Task<bool> InstallAsync()
    {
        using var shell = Process.Start(new ProcessStartInfo(
            "sh", ["-c", "apt-get update && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends rabbitmq-server"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        if (shell is null)
            return false;
        await Task.WhenAll(shell.StandardOutput.ReadToEndAsync(), shell.StandardError.ReadToEndAsync());
        await shell.WaitForExitAsync();
        return shell.ExitCode == 0 && File.Exists(Server);
    }

    async Task RunAsync()
    {
        var epmd = $"{FreePort()}";
        var environment = new Dictionary<string, string>
        {
            ["HOME"] = folder.FullName,
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["ERL_EPMD_PORT"] = epmd,
            ["RABBITMQ_NODENAME"] = $"benchmarks-{Environment.ProcessId}@localhost",
            ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODE_PORT"] = $"{Port}",
            ["RABBITMQ_DIST_PORT"] = $"{FreePort()}",
            ["RABBITMQ_MNESIA_BASE"] = Path.Combine(folder.FullName, "data"),
            ["RABBITMQ_LOG_BASE"] = Path.Combine(folder.FullName, "log"),
            ["RABBITMQ_PID_FILE"] = Path.Combine(folder.FullName, "pid"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(folder.FullName, "plugins"),
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
            ["RABBITMQ_CONFIG_FILE"] = Path.Combine(folder.FullName, "none"),
        };
        Start("epmd", environment, "-address", "127.0.0.1", "-port", epmd);
        var server = Start(Server, environment);
        for (var since = Stopwatch.GetTimestamp(); !await AnswersAsync(); await Task.Delay(200))
        {
            if (server.HasExited || Stopwatch.GetElapsedTime(since) > StartMax)
                throw new SideFailedException("RabbitMQ did not start.");
        }
    }

    Process Start(string file, Dictionary<string, string> environment, params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        processes.Add(process);
        return process;
    }

    async Task<bool> AnswersAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(processes))
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
        folder.Dispose();
    }
}
