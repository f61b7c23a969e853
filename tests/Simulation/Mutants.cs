using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace OrderFunctions.Simulation;

/// <summary>One change to one file that the simulation must detect.</summary>
/// <param name="Name">What is broken, as a phrase.</param>
/// <param name="File">The path from the root of the repository.</param>
/// <param name="Find">The text to replace. It occurs in the file exactly once.</param>
sealed record Mutant(string Name, string File, string Find, string Replace);

/// <summary>
/// Proves that the simulation detects bugs. A switch in the simulation leaves out rules, one cell at a time. Every other mutant is an edit
/// of one file, compiled and run separately. None of this is compiled into the shipped code.
/// </summary>
static class Mutants
{
    static readonly string Here = Folder();
    static readonly string Root = Path.GetFullPath(Path.Combine(Here, "..", ".."));

    public static string ApprovedFile { get; } = Path.Combine(Here, "Approved", "mutants.txt");

    /// <summary>The edits in mutants.txt.</summary>
    public static IReadOnlyList<Mutant> All { get; } = Read(File.ReadAllText(Path.Combine(Here, "mutants.txt")));

    public static string NameOf(Cell cell) => $"no rule for {cell}";

    /// <summary>Everything that must be caught, in the order in which it runs.</summary>
    public static IEnumerable<string> Names => Rules.Table.Select(NameOf).Concat(All.Select(mutant => mutant.Name));

    /// <summary>A line of the approved file: how many seeds it took to catch the mutant; null if it was never caught.</summary>
    public static (string Name, long? Seeds) ReadResult(string line)
    {
        var (seeds, name) = (line[..5].Trim(), line[7..line.IndexOf(" — ", StringComparison.Ordinal)]);
        return (name, seeds == "never" ? null : long.Parse(seeds, CultureInfo.InvariantCulture));
    }

    /// <summary>Returns the exit code: 1 if a mutant was not caught. A run of all mutants rewrites the approved file.</summary>
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
        using var laboratory = new Laboratory(Root, Here);
        foreach (var caught in laboratory.Run(edits, seedsMax))
            yield return caught;
    }

    /// <summary>
    /// One block per mutant: <c>## name</c>, <c># file</c>, the lines to find, <c>=></c>, the lines that replace them. Lines are used
    /// verbatim.
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

    /// <summary>
    /// Returns the file with the change applied. It must apply exactly once: a mutant whose text is no longer found proves nothing.
    /// </summary>
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
}
