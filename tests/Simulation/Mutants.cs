using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace OrderFunctions.Simulation;

/// <summary>One change to one file that the simulation, or a suite of tests, must detect.</summary>
/// <param name="Name">What is broken, as a phrase.</param>
/// <param name="File">The path from the root of the repository.</param>
/// <param name="Find">The text to replace. It occurs in the file exactly once.</param>
/// <param name="Suite">Null for the simulation.</param>
sealed record Mutant(string Name, string File, string Find, string Replace, Suite? Suite);

/// <summary>Classes of a project of tests.</summary>
/// <param name="Line">The project's folder, then the names of the classes; none for all.</param>
sealed record Suite(string Line)
{
    public string Project => Line.Split(' ')[0];
    public IEnumerable<string> Classes => Line.Split(' ').Skip(1);
}

/// <param name="After">How many seeds it took, or 1 where a suite noticed it; null if nothing did.</param>
/// <param name="By">The law, or the test.</param>
sealed record Caught(string Name, long? After, string By);

/// <summary>
/// Proves that the simulation and the tests detect bugs. A switch in the simulation leaves out rules, one cell at a time. Every other mutant
/// is an edit of one file, compiled and run separately. None of this is compiled into the shipped code.
/// </summary>
static class Mutants
{
    static readonly string Here = Folder();
    static readonly string Root = Path.GetFullPath(Path.Combine(Here, "..", ".."));

    public static string ApprovedFile { get; } = Path.Combine(Here, "Approved", "mutants.txt");

    /// <summary>The edits in mutants.txt.</summary>
    public static IReadOnlyList<Mutant> Edits { get; } = Read(File.ReadAllText(Path.Combine(Here, "mutants.txt")));

    public static string NameOf(Cell cell) => $"no rule for {cell}";

    /// <summary>Everything that must be caught, in the order in which it runs.</summary>
    public static IEnumerable<string> Names => Rules.Table.Select(NameOf).Concat(Edits.Select(mutant => mutant.Name));

    /// <summary>A line of the approved file: how many seeds it took to catch the mutant; null if it was never caught.</summary>
    public static (string Name, long? Seeds) ReadResult(string line)
    {
        var (seeds, name) = (line[..5].Trim(), line[7..line.IndexOf(" — ", StringComparison.Ordinal)]);
        return (name, seeds == "never" ? null : long.Parse(seeds, CultureInfo.InvariantCulture));
    }

    /// <summary>Returns the exit code: 1 if a mutant was not caught. Rewrites the approved results of those that ran.</summary>
    /// <param name="only">Part of their names.</param>
    /// <param name="added">Only those that have no result yet.</param>
    public static int Run(string only, bool added, long seedsMax, TextWriter output)
    {
        var lines = File.ReadAllLines(ApprovedFile).Skip(1).ToDictionary(line => ReadResult(line).Name);
        var missed = 0;
        var watch = Stopwatch.StartNew();
        var known = added ? lines.Keys.ToHashSet() : [];
        foreach (var caught in All(name => name.Contains(only, StringComparison.Ordinal) && !known.Contains(name), seedsMax))
        {
            missed += caught.After is null ? 1 : 0;
            lines[caught.Name] = string.Create(CultureInfo.InvariantCulture, $"{caught.After?.ToString(CultureInfo.InvariantCulture) ?? "never",5}  {caught.Name} — {caught.By}");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds,6:F0} s {lines[caught.Name]}"));
        }
        File.WriteAllLines(ApprovedFile, Names.Where(lines.ContainsKey).Select(name => lines[name]).Prepend("Seeds until it was noticed (1 for a test), and by which law or test"));
        output.WriteLine(missed == 0 ? "All were caught." : $"{missed} were not caught.");
        return missed == 0 ? 0 : 1;
    }

    static IEnumerable<Caught> All(Func<string, bool> chosen, long seedsMax)
    {
        foreach (var cell in Rules.Table.Where(cell => chosen(NameOf(cell))))
        {
            var first = new Runner(0, seedsMax, Environment.ProcessorCount, new(0, Dropped: cell), StopAtFirst: true).Run().Violations.FirstOrDefault();
            yield return new(NameOf(cell), first.Value is null ? null : (long)first.Key + 1, first.Value?.Law ?? "");
        }
        foreach (var caught in new Laboratory(Root).Run(Edits.Where(mutant => chosen(mutant.Name)).ToList(), seedsMax))
            yield return caught;
    }

    /// <summary>
    /// One block per mutant: <c>## name</c>, <c># file</c>, <c># suite</c> unless the simulation is to detect it, the lines to find,
    /// <c>=></c>, the lines that replace them. Lines are used verbatim.
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
            var suite = lines[2].StartsWith("# ", StringComparison.Ordinal) ? new Suite(lines[2][2..]) : null;
            var find = lines[(suite is null ? 2 : 3)..arrow];
            mutants.Add(new(lines[0], lines[1][2..], string.Join('\n', find), string.Join('\n', lines[(arrow + 1)..]), suite));
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
