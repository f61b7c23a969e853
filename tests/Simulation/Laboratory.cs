using System.Collections.Concurrent;
using System.Globalization;

namespace OrderFunctions.Simulation;

/// <summary>
/// Compiles edited sources, one file at a time, and runs each in its own process and folder, as many in parallel as there are processors.
/// It calls the compiler with the arguments of the normal build and lets the compiler server stay alive between calls: a whole build would
/// take twenty times as long.
/// </summary>
/// <param name="root">The root folder of the repository. The projects that are edited and the suites are built.</param>
sealed class Laboratory(string root)
{
    /// <summary>A run usually takes seconds, but may take very long on a busy machine.</summary>
    static readonly TimeSpan RunMax = TimeSpan.FromMinutes(30);

    /// <summary>A suite with an edit that makes it hang is stopped: that is noticed too.</summary>
    static readonly TimeSpan SuiteMax = TimeSpan.FromMinutes(3);

    static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    readonly ConcurrentDictionary<string, Lazy<Compiler>> compilers = [];
    readonly ConcurrentDictionary<Suite, Lazy<bool>> sound = [];

    /// <summary>Returns results in the order of <paramref name="mutants"/>, each as soon as it and all before it are known.</summary>
    public IEnumerable<Caught> Run(IReadOnlyList<Mutant> mutants, long seedsMax)
    {
        var results = mutants.Select(_ => new TaskCompletionSource<Caught>()).ToList();
        var next = -1;
        for (var worker = 0; worker < Environment.ProcessorCount; worker++)
            new Thread(Work) { IsBackground = true }.Start();
        for (var index = 0; index < mutants.Count; index++)
            yield return results[index].Task.GetAwaiter().GetResult();

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
                    // The others have their results all the same.
                    results[index].SetResult(new(mutants[index].Name, null, e.Message.ReplaceLineEndings(" ")));
                }
            }
        }
    }

    Caught Run(Mutant mutant, int index, long seedsMax)
    {
        if (mutant.Suite is { } suite && !sound.GetOrAdd(suite, _ => new(() => RunSuite(suite, $"mutant-{index}-none", edit: null).Exit == 0)).Value)
            throw new InvalidOperationException($"{suite} fails without an edit, so it proves nothing.");
        return mutant.Suite is null ? RunSeeds(mutant, index, seedsMax) : RunSuite(mutant, mutant.Suite, index);
    }

    Caught RunSeeds(Mutant mutant, int index, long seedsMax)
    {
        using var place = new Place(root, "tests/Simulation", $"mutant-{index}");
        Edit(mutant, place);
        var (exit, printed) = Shell.Run(place.Folder, RunMax,
            Path.Combine(place.Folder, "OrderFunctions.Simulation.dll"), "--parallel", "1", "--seeds", seedsMax.ToString(CultureInfo.InvariantCulture));
        if (exit == 0)
            return new(mutant.Name, null, "");

        // "1 × the law: seeds 17"
        var found = printed.Split('\n').FirstOrDefault(line => line.StartsWith("1 × ", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"'{mutant.Name}' neither ran to the end nor told what it broke:\n{printed}");
        var end = found.LastIndexOf(": seeds ", StringComparison.Ordinal);
        var seed = long.Parse(found[(end + ": seeds ".Length)..], CultureInfo.InvariantCulture);
        return new(mutant.Name, seed + 1, found["1 × ".Length..end]);
    }

    Caught RunSuite(Mutant mutant, Suite suite, int index)
    {
        var (exit, printed) = RunSuite(suite, $"mutant-{index}", mutant);
        if (exit == 0)
            return new(mutant.Name, null, "");

        // "    OrderFunctions.Runtime.Tests.TurnLaws.A_message_is_handled_once [FAIL]"
        var failed = printed.Split('\n').Where(line => line.EndsWith(" [FAIL]", StringComparison.Ordinal))
            .Select(line => line.Trim()[..^" [FAIL]".Length].Split('(')[0]).Select(name => name.Split('.') is [.., var type, var test] ? $"{type}.{test}" : name)
            .Order(StringComparer.Ordinal).FirstOrDefault();
        return new(mutant.Name, 1, failed ?? (exit == Shell.Stopped
            ? "it does not end"
            : throw new InvalidOperationException($"'{mutant.Name}' neither failed a test nor ran to the end:\n{printed}")));
    }

    (int Exit, string Printed) RunSuite(Suite suite, string name, Mutant? edit)
    {
        using var place = new Place(root, suite.Project, name);
        if (edit is not null)
            Edit(edit, place);
        return Shell.Run(place.Folder, SuiteMax, [
            Path.Combine(place.Folder, $"OrderFunctions.{Path.GetFileName(suite.Project)}.dll"), "-stopOnFail", "-noColor", .. suite.Classes.SelectMany(name => new[] { "-class", $"*.{name}" }),
        ]);
    }

    void Edit(Mutant mutant, Place place)
    {
        var edited = Path.Combine(place.Folder, Path.GetFileName(mutant.File));
        File.WriteAllText(edited, Mutants.Apply(mutant, root));
        var project = string.Join('/', mutant.File.Split('/').Take(2));
        compilers.GetOrAdd(project, _ => new(() => Compiler.Of(Path.Combine(root, project), Configuration))).Value
            .Compile(Path.Combine(root, mutant.File), edited, place.Folder, RunMax);
    }

    /// <summary>A copy of a project's output beside it, so that its tests find the repository from there as well.</summary>
    sealed class Place : IDisposable
    {
        public Place(string root, string project, string name)
        {
            var output = Path.Combine(root, project, "bin", Configuration, "net10.0");
            Folder = Path.Combine(root, project, "bin", Configuration, name);
            if (Directory.Exists(Folder))
                Directory.Delete(Folder, recursive: true);
            Directory.CreateDirectory(Folder);
            foreach (var file in Directory.EnumerateFiles(output))
                File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)));
            foreach (var folder in Directory.EnumerateDirectories(output))
                Directory.CreateSymbolicLink(Path.Combine(Folder, Path.GetFileName(folder)), folder);
        }

        public string Folder { get; }

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
