using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;

namespace OrderFunctions.AppHost;

/// <summary>The tools that are not NuGet packages.</summary>
static class Prerequisites
{
    /// <summary>The first that listens on this machine's loopback address only.</summary>
    static readonly Version CoreTools = new(4, 13);

    /// <summary>A line for each that is missing, with what to do.</summary>
    public static List<string> Missing(IEnumerable<IResource> resources, IConfiguration configuration)
    {
        var missing = new List<string>();
        var runtime = configuration["ASPIRE_CONTAINER_RUNTIME"] ?? "docker";
        if (resources.OfType<ContainerResource>().Any() && Run(runtime, "version") is null)
            missing.Add($"{runtime} is missing or not running. The emulators need it: https://docs.docker.com/get-started/get-docker. "
                + "Or name your own with ServiceBus, Cosmos__Endpoint and AzureWebJobsStorage in the environment.");
        if (!Version.TryParse(Run("func", "--version"), out var version) || version < CoreTools)
            missing.Add($"The Azure Functions Core Tools (func) are needed, {CoreTools} or later: "
                + "npm install -g azure-functions-core-tools@4.");
        return missing;
    }

    /// <summary>The first line that the tool prints; null if it is not there or fails.</summary>
    static string? Run(string tool, string argument)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(PathOf(tool), argument)
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output.Split('\n')[0].Trim() : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>npm installs tools for Windows as .cmd files, which a process cannot be started from by their bare name.</summary>
    static string PathOf(string tool) => !OperatingSystem.IsWindows() ? tool :
        (from folder in Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
         from extension in (string[])[".exe", ".cmd"]
         let path = Path.Combine(folder, tool + extension)
         where File.Exists(path)
         select path).FirstOrDefault(tool);
}
