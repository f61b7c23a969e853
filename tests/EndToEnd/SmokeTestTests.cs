using System.Diagnostics;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json.Nodes;

namespace OrderFunctions.EndToEnd;

/// <summary>The pipeline's unchanged smoke test, against the local host instead of the deployed apps.</summary>
public sealed class SmokeTestTests : IDisposable
{
    static readonly string Script = Path.Combine(typeof(SmokeTestTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key is "Root").Value!, "pipelines/scripts/smoke-test.sh");

    readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Theory]
    [InlineData("whole", "Shipping", 1)]
    [InlineData("harmless", "Stock", 0)]
    public async Task An_order_is_placed_and_has_the_end_that_it_must_have(string kind, string failedAt, int stocked)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the script is for bash");
        using var host = HostProcess.Start(data.Database, "--no-orders");
        await host.AnswersAsync();

        var (status, output) = await RunAsync(kind, host.Api.BaseAddress!);

        Assert.True(status == 0, output);
        Assert.Matches(@"rejected\W+(carrier refused|out of stock)\W+1\b", output);
        var orders = (await host.Api.GetFromJsonAsync<JsonNode>("api/orders"))!["orders"]!.AsArray();
        Assert.Equal(failedAt, (string?)Assert.Single(orders)!["failedAt"]);
        using var stock = await host.Api.GetAsync("api/stock/SMOKE-TEST");
        Assert.Equal(stocked == 1, stock.IsSuccessStatusCode);
    }

    /// <summary>
    /// A script that knows the host's address replaces the Azure CLI, and another keeps the command line from being built again, which
    /// would take longer than all the rest.
    /// </summary>
    async Task<(int Status, string Output)> RunAsync(string kind, Uri address)
    {
        WriteScript("az", $"case $* in *get-access-token*) echo token ;; *) echo {$"{address}".TrimEnd('/')} ;; esac");
        var folder = WriteScript("dotnet", "shift; PATH=${PATH#*:}; exec dotnet run --no-build \"$@\"");
        var start = new ProcessStartInfo("bash", [Script, "dev", kind]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["API_AUDIENCE"] = "api-id";
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    /// <summary>Returns its folder.</summary>
    string WriteScript(string name, string commands)
    {
        var path = data.Write(name, $"#!/bin/sh\n{commands}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return Path.GetDirectoryName(path)!;
    }
}
