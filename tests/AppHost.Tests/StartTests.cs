using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrderFunctions.Runtime;

namespace OrderFunctions.AppHost.Tests;

/// <summary>The host as `dotnet run` starts it, with scripts in place of Docker and the Core Tools.</summary>
public sealed partial class StartTests : IDisposable
{
    static readonly Endpoints Named = new("Endpoint=sb://127.0.0.1:5673;UseDevelopmentEmulator=true;", "http://127.0.0.1:8082/", "storage");

    readonly string tools = Directory.CreateTempSubdirectory("apphost").FullName;

    public StartTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "The tools' stand-ins are shell scripts.");

    public void Dispose() => Directory.Delete(tools, recursive: true);

    [Fact]
    public async Task With_endpoints_in_the_environment_the_five_apps_start_on_them_without_a_container()
    {
        Install("func", """
            [ "$1" = --version ] && echo 4.13.0 && exit
            { pwd; echo "$@"; env; } >"$0.$6.part"
            mv "$0.$6.part" "$0.$6"
            exec sleep 600
            """);
        using var host = Start(
            ("ServiceBus", Named.ServiceBus), ("Cosmos__Endpoint", Named.CosmosEndpoint), ("AzureWebJobsStorage", Named.Storage));
        var output = Task.WhenAll(host.StandardOutput.ReadToEndAsync(), host.StandardError.ReadToEndAsync());
        try
        {
            foreach (var (index, participant) in Topology.Current.Subscriptions.Select(subscription => subscription.Name).Index())
            {
                var started = await StartedAsync(7071 + index, output);

                Assert.True(File.Exists($"{started[0]}/host.json"));
                Assert.Contains($"/{participant}App/bin/", started[0], StringComparison.OrdinalIgnoreCase);
                Assert.Equal($"start --no-build --address 127.0.0.1 --port {7071 + index}", started[1]);
                Assert.All(AppSettings.Of(participant, Named), setting => Assert.Contains($"{setting.Key}={setting.Value}", started));
                Assert.Contains($"OTEL_SERVICE_NAME={participant}", started);
                Assert.Contains($"OTEL_EXPORTER_OTLP_ENDPOINT={host.StartInfo.Environment["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"]}", started);

                // Meant for the dashboard. A Functions worker would listen there.
                Assert.DoesNotContain(started, line => line.StartsWith("ASPNETCORE_URLS", StringComparison.Ordinal));
            }
        }
        finally
        {
            // Not SIGINT: a shell that runs in the background has its children ignore it.
            using var end = Process.Start("kill", $"-TERM {host.Id}");
            await host.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        }
        Assert.Equal(0, host.ExitCode);
    }

    [Fact]
    public async Task Each_missing_tool_is_one_line()
    {
        using var host = Start();

        await EndsForWantOfDockerAndCoreToolsAsync(host);
    }

    [Fact]
    public async Task A_Docker_that_does_not_answer_and_Core_Tools_that_listen_on_all_addresses_will_not_do()
    {
        Install("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
        Install("func", "echo 4.12.0");
        using var host = Start();

        await EndsForWantOfDockerAndCoreToolsAsync(host);
    }

    void Install(string tool, string script)
    {
        var path = Path.Combine(tools, tool);
        File.WriteAllText(path, $"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    Process Start(params (string Name, string Value)[] settings)
    {
        var dotnet = new DirectoryInfo(RuntimeEnvironment.GetRuntimeDirectory()).Parent!.Parent!.Parent!.FullName;
        var start = new ProcessStartInfo(Path.Combine(dotnet, "dotnet"), [typeof(AppSettings).Assembly.Location])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PATH"] = $"{tools}:{dotnet}" },
        };
        foreach (var (name, value) in LaunchProfile().Concat(settings))
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>What `dotnet run` takes from launchSettings.json, on ports that are free.</summary>
    static IEnumerable<(string Name, string Value)> LaunchProfile()
    {
        var file = Path.Combine(Projects.AppHost.ProjectPath, "Properties/launchSettings.json");
        using var settings = JsonDocument.Parse(File.ReadAllText(file));
        var profile = settings.RootElement.GetProperty("profiles").GetProperty("AppHost");
        yield return ("ASPNETCORE_URLS", OnFreePort(profile.GetProperty("applicationUrl").GetString()!));
        foreach (var variable in profile.GetProperty("environmentVariables").EnumerateObject())
            yield return (variable.Name, OnFreePort(variable.Value.GetString()!));
    }

    static string OnFreePort(string value) => Port().Replace(value, _ =>
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"localhost:{((IPEndPoint)listener.LocalEndpoint).Port}";
    });

    static async Task EndsForWantOfDockerAndCoreToolsAsync(Process host)
    {
        var (output, errors) = (host.StandardOutput.ReadToEndAsync(), host.StandardError.ReadToEndAsync());
        await host.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal((1, ""), (host.ExitCode, await output));
        Assert.Collection(
            (await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => Assert.StartsWith("docker is missing or not running.", line, StringComparison.Ordinal),
            line => Assert.StartsWith("The Azure Functions Core Tools (func) are needed, 4.13 or later:", line, StringComparison.Ordinal));
    }

    /// <summary>What the script wrote that stands in for the app's Core Tools: its folder, its arguments, its environment.</summary>
    async Task<string[]> StartedAsync(int port, Task<string[]> output)
    {
        var file = Path.Combine(tools, $"func.{port}");
        for (var waited = Stopwatch.StartNew(); !File.Exists(file); await Task.Delay(100))
        {
            Assert.False(output.IsCompleted, output.IsCompleted ? string.Concat(await output) : null);
            Assert.True(waited.Elapsed < TimeSpan.FromMinutes(2), $"No app on port {port}.");
        }
        return await File.ReadAllLinesAsync(file);
    }

    [GeneratedRegex(@"localhost:\d+")]
    private static partial Regex Port();
}
