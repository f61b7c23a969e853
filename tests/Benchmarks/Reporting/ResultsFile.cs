using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using MassTransit;
using OrderFunctions.Benchmarks.Scenarios;

namespace OrderFunctions.Benchmarks.Reporting;

/// <summary>RESULTS.md: all results, with what a reader needs to judge them.</summary>
static class ResultsFile
{
    const string MethodHeading = "## How it is measured";
    const string LimitsHeading = "## What limits it";

    public static string FullName => Path.Combine(Bench.Root, "tests", "Benchmarks", "RESULTS.md");

    /// <summary>Rewrites the file, but keeps the handwritten part from <see cref="MethodHeading"/> on.</summary>
    public static async Task WriteAsync(IReadOnlyList<Section> sections, string command)
    {
        var byHand = await ByHandAsync();
        var text = new StringBuilder("""
            # Results

            Written by `tests/Benchmarks`; what follows "How it is measured" is by hand. Ratios count, absolute times are this machine's.


            """);
        foreach (var (name, value) in Facts(command))
            text.Append(CultureInfo.InvariantCulture, $"- {name}: {value}\n");

        var goals = new Grid(["goal", "wanted", "measured", ""]);
        foreach (var goal in sections.SelectMany(section => section.Goals))
            goals.Add(goal.What, goal.Target, goal.Measured, goal.IsReached ? "reached" : "**not reached**");
        text.Append("\n## Goals\n\n");
        Append(text, goals);

        foreach (var section in sections)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {section.Name}\n\n{section.About}\n");
            foreach (var grid in section.Grids)
            {
                text.Append('\n');
                Append(text, grid);
            }
            foreach (var remark in section.Remarks)
                text.Append(CultureInfo.InvariantCulture, $"\n{remark}\n");
        }
        text.Append('\n').Append(byHand);
        foreach (var goal in sections.SelectMany(section => section.Goals).Where(goal => !goal.IsReached && !byHand.Contains(goal.What)))
            text.Append(CultureInfo.InvariantCulture, $"\n- {goal.What}:\n");
        await File.WriteAllTextAsync(FullName, text.ToString());
    }

    /// <summary>Returns the handwritten part of the existing file.</summary>
    static async Task<string> ByHandAsync()
    {
        var before = File.Exists(FullName) ? await File.ReadAllTextAsync(FullName) : "";
        var at = before.IndexOf(MethodHeading, StringComparison.Ordinal);
        return at < 0 ? $"{MethodHeading}\n\n{LimitsHeading}\n" : before[at..];
    }

    static IEnumerable<(string, string)> Facts(string command)
    {
        yield return ("date", DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        yield return ("command", $"`{command}`");
        yield return ("machine", $"{Environment.ProcessorCount} processors ({Processor()}), "
            + $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GB, {RuntimeInformation.OSDescription}");
        yield return ("versions", $"{RuntimeInformation.FrameworkDescription}, SQLite {SQLitePCL.raw.sqlite3_libversion().utf8_to_string()}, "
            + $"MassTransit {typeof(IBus).Assembly.GetName().Version?.ToString(3)}");
    }

    static string Processor()
    {
        var lines = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo") : [];
        return lines.FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
            ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    static void Append(StringBuilder text, Grid grid)
    {
        text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", grid.Columns)} |\n");
        text.Append(CultureInfo.InvariantCulture, $"| --- |{string.Concat(grid.Columns.Skip(1).Select(_ => " ---: |"))}\n");
        foreach (var row in grid.Rows)
            text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row)} |\n");
    }
}
