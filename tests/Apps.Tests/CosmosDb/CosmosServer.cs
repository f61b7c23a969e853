using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.Azure.Cosmos;
using OrderFunctions.Apps.Tests.Infrastructure;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// An independent server, <c>@vercel/cosmosdb-server</c> from npm. It checks that the test gateway answers point operations as other
/// implementations do. It is installed into an ignored folder on first use.
/// </summary>
public sealed partial class CosmosServer : IAsyncLifetime
{
    const string Package = "@vercel/cosmosdb-server";
    const string Version = "1.0.1";

    readonly TaskCompletionSource<string> ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    Process? server;
    string? whyNot;
    string endpoint = "";

    public async ValueTask InitializeAsync()
    {
        var folder = Repository.PathOf(".tools/cosmosdb-server");
        var program = Path.Combine(folder, "node_modules", Package, "lib", "cli.js");
        if (!File.Exists(program))
        {
            Directory.CreateDirectory(folder);
            using var npm = TryStart("npm", "install", "--no-audit", "--no-fund", "--prefix", folder, $"{Package}@{Version}");
            if (npm is null)
            {
                whyNot = "npm is not installed, so there is no witness for the point operations.";
                return;
            }
            await npm.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(5));
            Assert.True(npm.ExitCode == 0, $"npm could not install {Package}.");
        }
        server = TryStart("node", program, "--no-ssl", "--host", "127.0.0.1", "-p", "0")!;
        endpoint = $"http://127.0.0.1:{await ready.Task.WaitAsync(TimeSpan.FromMinutes(1))}/";
    }

    public CosmosClient Client()
    {
        Assert.SkipWhen(whyNot is not null, whyNot ?? "");
        var options = CosmosSettings.ForEmulator();
        options.ServerCertificateCustomValidationCallback = null;
        return new(endpoint, CosmosSettings.EmulatorKey, options);
    }

    public ValueTask DisposeAsync()
    {
        server?.Kill();
        server?.Dispose();
        return default;
    }

    /// <summary>Returns null if the program does not exist.</summary>
    Process? TryStart(string program, params string[] arguments)
    {
        try
        {
            var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true });
            process!.OutputDataReceived += (_, line) =>
            {
                if (line.Data is { } text && text.StartsWith("Ready", StringComparison.Ordinal))
                    ready.TrySetResult(Port().Match(text).Value);
            };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            return process;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\d+$", RegexOptions.None, 1_000)]
    private static partial Regex Port();
}
