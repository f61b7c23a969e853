using System.Diagnostics;
using System.Text.Json;

namespace OrderFunctions.Simulation;

/// <summary>How one project is compiled.</summary>
sealed class Compiler(string project, string compiler, IReadOnlyList<string> arguments)
{
    /// <param name="project">The project's folder.</param>
    public static Compiler Of(string project, string configuration)
    {
        var (exit, printed) = Shell.Run(project, TimeSpan.FromMinutes(5),
            "msbuild", "-nologo", "-nodeReuse:false", "-t:PrepareResources;Compile", "-getItem:CscCommandLineArgs", "-getProperty:RoslynTargetsPath",
            $"-p:Configuration={configuration}", "-p:BuildProjectReferences=false", "-p:ProvideCommandLineArgs=true", "-p:SkipCompilerExecution=true", "-p:NonExistentFile=__none__/__none__",
            "-p:TreatWarningsAsErrors=false", "-p:RunAnalyzers=false", "-p:GenerateDocumentationFile=false");
        if (exit != 0)
            throw new InvalidOperationException($"{project} does not tell how it is compiled:\n{printed}");
        using var answer = JsonDocument.Parse(printed);
        var arguments = answer.RootElement.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!).ToList();
        var roslyn = answer.RootElement.GetProperty("Properties").GetProperty("RoslynTargetsPath").GetString()!;
        return new(project, Path.Combine(roslyn, "bincore", "csc.dll"), arguments);
    }

    /// <summary>Compiles the project with one file replaced by another.</summary>
    public void Compile(string file, string instead, string into, TimeSpan limit)
    {
        var changed = arguments.Where(IsNeeded).Select(argument =>
            argument.StartsWith("/out:", StringComparison.Ordinal) ? $"/out:\"{Path.Combine(into, Path.GetFileName(argument["/out:".Length..].Trim('"')))}\""
            : !argument.StartsWith('/') && Path.GetFullPath(argument.Trim('"'), project) == file ? $"\"{instead}\""
            : argument).ToList();
        if (!changed.Contains($"\"{instead}\""))
            throw new InvalidOperationException($"{file} is not compiled in {project}.");
        var response = Path.Combine(into, "csc.rsp");
        File.WriteAllLines(response, changed.Where(argument => argument != "/noconfig"));
        var server = Path.GetFileName(Path.GetDirectoryName(into));
        var (exit, printed) = Shell.Run(
            project, limit, compiler, "/noconfig", $"/shared:{server}", "/keepalive:60", "@" + response);
        if (exit != 0)
            throw new InvalidOperationException($"The edit of {file} does not compile:\n{printed}");
    }

    /// <summary>Whether the compiler needs the argument: of the analyzers, only those that generate sources.</summary>
    static bool IsNeeded(string argument) =>
        !argument.StartsWith("/refout:", StringComparison.Ordinal) && !argument.StartsWith("/embed:", StringComparison.Ordinal)
        && (!argument.StartsWith("/analyzer:", StringComparison.Ordinal) || argument.Contains("Generat", StringComparison.Ordinal));
}

static class Shell
{
    /// <summary>Instead of an exit code, where it had to be stopped.</summary>
    public const int Stopped = -1;

    /// <summary>
    /// Runs <c>dotnet</c> and returns everything that it printed. The pipes are read to their end, so no process that outlives the call
    /// may hold them open, as MSBuild's nodes and server would.
    /// </summary>
    public static (int Exit, string Printed) Run(string folder, TimeSpan limit, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start.");
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            return (Stopped, output.GetAwaiter().GetResult());
        }
        return (process.ExitCode, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
    }
}
