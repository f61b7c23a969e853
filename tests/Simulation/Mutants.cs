using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace OrderFunctions.Simulation;

/// <summary>One change to one file that must not go unnoticed.</summary>
/// <param name="Name">What is broken, as a phrase.</param>
/// <param name="File">Below the root of the repository.</param>
/// <param name="Find">Stands in the file exactly once.</param>
sealed record Mutant(string Name, string File, string Find, string Replace);

/// <summary>
/// Proof that the simulation bites. Rules are left out one cell at a time by a switch in the simulation; everything else is edited in a copy of the
/// sources, built there and run. Nothing of it is compiled into what is shipped.
/// </summary>
static class Mutants
{
    static readonly string Here = Folder();
    static readonly string Root = Path.GetFullPath(Path.Combine(Here, "..", ".."));

    public static string ApprovedFile { get; } = Path.Combine(Here, "Approved", "mutants.txt");

    /// <summary>The edits of mutants.txt.</summary>
    public static IReadOnlyList<Mutant> All { get; } = Read(File.ReadAllText(Path.Combine(Here, "mutants.txt")));

    public static string NameOf(Cell cell) => $"no rule for {cell}";

    /// <summary>Everything that must be caught, in the order in which it is tried.</summary>
    public static IEnumerable<string> Names => Rules.Table.Select(NameOf).Concat(All.Select(mutant => mutant.Name));

    /// <summary>What a line of the approved file says: how many seeds it took, null where it was never caught.</summary>
    public static (string Name, long? Seeds) ReadResult(string line)
    {
        var (seeds, name) = (line[..5].Trim(), line[7..line.IndexOf(" — ", StringComparison.Ordinal)]);
        return (name, seeds == "never" ? null : long.Parse(seeds, CultureInfo.InvariantCulture));
    }

    /// <summary>Gives the exit code: 1 where one was not caught. A run of all of them rewrites the approved file.</summary>
    public static int Run(string? only, long seedsMax, TextWriter output)
    {
        var results = new StringBuilder("Seeds until it was noticed, and by which law\n");
        var missed = 0;
        foreach (var (name, seed, law) in Caught(only, seedsMax))
        {
            missed += seed is null ? 1 : 0;
            var line = string.Create(CultureInfo.InvariantCulture, $"{(seed is { } s ? s + 1 : "never"),5}  {name} — {law}");
            output.WriteLine(line);
            results.Append(line).Append('\n');
        }
        if (only is null)
            File.WriteAllText(ApprovedFile, results.ToString());
        output.WriteLine(missed == 0 ? "All were caught." : $"{missed} were not caught.");
        return missed == 0 ? 0 : 1;
    }

    static IEnumerable<(string Name, ulong? Seed, string Law)> Caught(string? only, long seedsMax)
    {
        foreach (var cell in Rules.Table.Where(cell => only is null || NameOf(cell).Contains(only, StringComparison.Ordinal)))
        {
            var first = new Runner(0, seedsMax, Environment.ProcessorCount, new(0, Dropped: cell), StopAtFirst: true).Run().Violations.FirstOrDefault();
            yield return (NameOf(cell), first.Value is null ? null : first.Key, first.Value?.Law ?? "");
        }
        var edits = All.Where(mutant => only is null || mutant.Name.Contains(only, StringComparison.Ordinal)).ToList();
        if (edits.Count == 0)
            yield break;
        using var copies = new SourceCopies(Root, Math.Min(edits.Count, Environment.ProcessorCount));
        foreach (var caught in copies.Run(edits, seedsMax))
            yield return caught;
    }

    /// <summary>
    /// A block a mutant: <c>## name</c>, <c># file</c>, the lines to find, <c>=></c>, the lines that take their place. Lines are taken as they stand.
    /// </summary>
    static List<Mutant> Read(string text)
    {
        var mutants = new List<Mutant>();
        foreach (var block in text.ReplaceLineEndings("\n").Split("\n## ").Skip(1))
        {
            var lines = block.TrimEnd('\n').Split('\n');
            var arrow = Array.IndexOf(lines, "=>");
            if (!lines[1].StartsWith("# ", StringComparison.Ordinal) || arrow < 0)
                throw new FormatException($"mutants.txt: '{lines[0]}' has no file or no arrow.");
            mutants.Add(new(lines[0], lines[1][2..], string.Join('\n', lines[2..arrow]), string.Join('\n', lines[(arrow + 1)..])));
        }
        return mutants;
    }

    /// <summary>The file with the change made. It must apply exactly once: a mutant that has lost its place proves nothing.</summary>
    public static string Apply(Mutant mutant, string root)
    {
        var text = File.ReadAllText(Path.Combine(root, mutant.File)).ReplaceLineEndings("\n");
        var at = text.IndexOf(mutant.Find, StringComparison.Ordinal);
        if (at < 0 || text.IndexOf(mutant.Find, at + 1, StringComparison.Ordinal) >= 0)
            throw new InvalidOperationException($"'{mutant.Name}' must find its lines exactly once in {mutant.File}.");
        return text[..at] + mutant.Replace + text[(at + mutant.Find.Length)..];
    }

    public static string Apply(Mutant mutant) => Apply(mutant, Root);

    static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    /// <summary>As many copies as there are processors: one mutant builds while another one runs.</summary>
    sealed class SourceCopies : IDisposable
    {
        readonly List<SourceCopy> copies = [];

        public SourceCopies(string root, int count)
        {
            for (; count > 0; count--)
                copies.Add(new(root));
        }

        /// <summary>In the order of <paramref name="mutants"/>.</summary>
        public IEnumerable<(string Name, ulong? Seed, string Law)> Run(List<Mutant> mutants, long seedsMax)
        {
            using var done = new BlockingCollection<(int Index, ulong? Seed, string Law)>();
            var next = -1;
            foreach (var copy in copies)
                new Thread(() => Work(copy)) { IsBackground = true }.Start();
            var waiting = new Dictionary<int, (ulong? Seed, string Law)>();
            for (var index = 0; index < mutants.Count; index++)
            {
                while (!waiting.ContainsKey(index))
                {
                    var result = done.Take();
                    waiting.Add(result.Index, (result.Seed, result.Law));
                }
                yield return (mutants[index].Name, waiting[index].Seed, waiting[index].Law);
            }

            void Work(SourceCopy copy)
            {
                while (Interlocked.Increment(ref next) is var index && index < mutants.Count)
                {
                    var (seed, law) = copy.Run(mutants[index], seedsMax);
                    done.Add((index, seed, law));
                }
            }
        }

        public void Dispose() => copies.ForEach(copy => copy.Dispose());
    }

    /// <summary>What the simulation is built from, in a temporary folder.</summary>
    sealed class SourceCopy : IDisposable
    {
        const string Built = "bin/Release/net10.0";

        readonly string folder = Directory.CreateTempSubdirectory("mutants-").FullName;

        public SourceCopy(string root)
        {
            string[] folders = ["functions/Saga", "functions/Runtime", "tests/Simulation", "tests/Saga.Tests"];
            foreach (var file in folders.SelectMany(f => Directory.EnumerateFiles(Path.Combine(root, f), "*", SearchOption.AllDirectories))
                .Concat(Directory.EnumerateFiles(root)).Concat(Directory.EnumerateFiles(Path.Combine(root, "functions")))
                .Concat(Directory.EnumerateFiles(Path.Combine(root, "tests"))))
            {
                var relative = Path.GetRelativePath(root, file);
                if (relative.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
                    continue;
                var target = Path.Combine(folder, relative);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
            Build("tests/Simulation");
            Copy($"tests/Simulation/{Built}", "unharmed");
        }

        public (ulong? Seed, string Law) Run(Mutant mutant, long seedsMax)
        {
            var file = Path.Combine(folder, mutant.File);
            var original = File.ReadAllText(file);
            File.WriteAllText(file, Apply(mutant, folder));

            // Only the assembly that the change is in is built: no change alters what another one sees of it.
            var project = string.Join('/', mutant.File.Split('/').Take(2));
            Build(project, "--no-restore", "--no-dependencies");
            File.WriteAllText(file, original);
            Copy("unharmed", "mutant");
            var assembly = $"OrderFunctions.{project.Split('/')[1]}.dll";
            File.Copy(Path.Combine(folder, project, Built, assembly), Path.Combine(folder, "mutant", assembly), overwrite: true);

            var (exit, printed) = Start("mutant/OrderFunctions.Simulation.dll", "--parallel", "1", "--seeds", seedsMax.ToString(CultureInfo.InvariantCulture));
            var found = printed.Split('\n').FirstOrDefault(line => line.StartsWith("Seed ", StringComparison.Ordinal));
            if (found is null)
                return exit == 0 ? (null, "") : (0, "The simulation itself fails at nothing");
            var colon = found.IndexOf(':', StringComparison.Ordinal);
            var law = printed.Split('\n').First(line => line.Contains(" × ", StringComparison.Ordinal)).Split(" × ")[1];
            return (ulong.Parse(found[5..colon], CultureInfo.InvariantCulture), law[..law.LastIndexOf(": seeds", StringComparison.Ordinal)]);
        }

        void Copy(string from, string to)
        {
            Directory.CreateDirectory(Path.Combine(folder, to));
            foreach (var file in Directory.EnumerateFiles(Path.Combine(folder, from)))
                File.Copy(file, Path.Combine(folder, to, Path.GetFileName(file)), overwrite: true);
        }

        void Build(string project, params string[] more)
        {
            var (exit, printed) = Start(
                ["build", project, "-c", "Release", "-v", "quiet", "-nologo", "-nodeReuse:false",
                    "-p:TreatWarningsAsErrors=false", "-p:RunAnalyzers=false", "-p:GenerateDocumentationFile=false", .. more]);
            if (exit != 0)
                throw new InvalidOperationException($"The copy does not build:\n{printed}");
        }

        (int Exit, string Printed) Start(params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true })
                ?? throw new InvalidOperationException("dotnet does not start.");
            var printed = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, printed);
        }

        public void Dispose() => Directory.Delete(folder, recursive: true);
    }
}
