using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace OrderFunctions.Simulation;

/// <summary>
/// Compiles edited sources, one file at a time, and runs each in its own process and folder, as many in parallel as there are processors.
/// It calls the compiler with the arguments of the normal build and lets the compiler server stay alive between calls: a whole build would
/// take twenty times as long.
/// </summary>
sealed class Laboratory : IDisposable
{
    /// <summary>A run usually takes seconds, but may take very long on a busy machine.</summary>
    static readonly TimeSpan RunMax = TimeSpan.FromMinutes(30);

    readonly string root;
    readonly string folder = Directory.CreateTempSubdirectory("mutants-").FullName;
    readonly Dictionary<string, CompilerCall> compilers = [];

    /// <param name="root">The root folder of the repository.</param>
    /// <param name="simulation">
    /// The folder of the simulation's project. Its dependencies were built with it and are not built again.
    /// </param>
    public Laboratory(string root, string simulation)
    {
        this.root = root;
        foreach (var project in new[] { "functions/Saga", "functions/Kernel", "functions/Runtime", Path.GetRelativePath(root, simulation).Replace('\\', '/') })
            compilers.Add(project, CompilerCall.Of(Path.Combine(root, project)));
    }

    /// <summary>Returns results in the order of <paramref name="mutants"/>, each as soon as it and all before it are known.</summary>
    public IEnumerable<(string Name, ulong? Seed, string Law)> Run(IReadOnlyList<Mutant> mutants, long seedsMax)
    {
        var results = mutants.Select(_ => new TaskCompletionSource<(ulong? Seed, string Law)>()).ToList();
        var next = -1;
        for (var worker = 0; worker < Environment.ProcessorCount; worker++)
            new Thread(Work) { IsBackground = true }.Start();
        for (var index = 0; index < mutants.Count; index++)
        {
            var (seed, law) = results[index].Task.GetAwaiter().GetResult();
            yield return (mutants[index].Name, seed, law);
        }

        void Work()
        {
            while (Interlocked.Increment(ref next) is var index && index < mutants.Count)
            {
                try
                {
                    results[index].SetResult(Run(mutants[index], index, seedsMax));
                }
                catch (Exception e)
                {
                    results[index].SetException(e);
                }
            }
        }
    }

    (ulong? Seed, string Law) Run(Mutant mutant, int index, long seedsMax)
    {
        var place = Path.Combine(folder, index.ToString(CultureInfo.InvariantCulture));
        Directory.CreateDirectory(place);
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory))
            File.Copy(file, Path.Combine(place, Path.GetFileName(file)));

        var edited = Path.Combine(place, Path.GetFileName(mutant.File));
        File.WriteAllText(edited, Mutants.Apply(mutant, root));
        var project = string.Join('/', mutant.File.Split('/').Take(2));
        compilers[project].Compile(Path.Combine(root, mutant.File), edited, place);

        var (exit, printed) = Shell.Run(place, RunMax,
            Path.Combine(place, "OrderFunctions.Simulation.dll"), "--parallel", "1", "--seeds", seedsMax.ToString(CultureInfo.InvariantCulture));
        Directory.Delete(place, recursive: true);
        if (exit == 0)
            return (null, "");

        // "1 × the law: seeds 17"
        var found = printed.Split('\n').FirstOrDefault(line => line.StartsWith("1 × ", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"'{mutant.Name}' neither ran to the end nor told what it broke:\n{printed}");
        var end = found.LastIndexOf(": seeds ", StringComparison.Ordinal);
        return (ulong.Parse(found[(end + ": seeds ".Length)..], CultureInfo.InvariantCulture), found["1 × ".Length..end]);
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // Another worker still writes there because this one has failed. Its exception matters more than a temporary folder.
        }
    }

    /// <summary>How one project is compiled.</summary>
    sealed class CompilerCall(string project, string compiler, IReadOnlyList<string> arguments)
    {
        /// <param name="project">The project's folder.</param>
        public static CompilerCall Of(string project)
        {
            var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
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
        public void Compile(string file, string instead, string into)
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
                project, RunMax, compiler, "/noconfig", $"/shared:{server}", "/keepalive:60", "@" + response);
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
                throw new TimeoutException($"dotnet {string.Join(' ', arguments)} has not ended within {limit}.");
            }
            return (process.ExitCode, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
        }
    }
}
