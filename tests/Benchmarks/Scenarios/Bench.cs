using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using OrderFunctions.Benchmarks.Reporting;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <param name="Orders">Per measurement; null for each scenario's own default.</param>
/// <param name="OrdersFile">The file that the contention scenario places in its original order; null for the packaged sample.</param>
sealed record BenchOptions(int? Orders, int Runs, string? OrdersFile);

/// <summary>A process that measures one system and prints one line of JSON.</summary>
sealed record Subject(string Name, string File, params IReadOnlyList<string> Arguments)
{
    /// <summary>It runs without our limit on new objects (Gen0MaxBudget), which would cost it a tenth.</summary>
    public bool IsPeer { get; init; }
}

/// <summary>Runs each measurement in its own process and reports progress.</summary>
sealed class Bench(BenchOptions options, Action<string> progress)
{
    static readonly TimeSpan SideMax = TimeSpan.FromMinutes(10);

    /// <summary>The root folder of the repository.</summary>
    public static string Root => Metadata(nameof(Root));

    public BenchOptions Options => options;

    public static string Metadata(string key) =>
        typeof(Bench).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;

    public void Tell(string what) => progress(what);

    /// <summary>Returns the child process that measures one of this program's own sides.</summary>
    public static Subject Side(string name, string side, int orders, params IReadOnlyList<string> more) =>
        new(name, typeof(Bench).Assembly.Location, ["side", side, "--orders", $"{orders}", .. more]);

    /// <summary>Measures all of them alternately (A B A B …), so that other load on the machine affects each equally.</summary>
    public async Task<IReadOnlyList<Measured>> InTurnAsync(params IReadOnlyList<Subject> subjects)
    {
        var lines = subjects.Select(_ => new List<Dictionary<string, double>>()).ToList();
        for (var run = 1; run <= options.Runs; run++)
        {
            for (var index = 0; index < subjects.Count; index++)
            {
                progress($"{subjects[index].Name}, run {run} of {options.Runs}");
                lines[index].Add(await MeasureAsync(subjects[index]));
            }
        }
        return [.. subjects.Select((subject, index) => new Measured(
            subject.Name, lines[index][0].Keys.ToDictionary(key => key, key => new Samples([.. lines[index].Select(line => line[key])]))))];
    }

    /// <exception cref="SideFailedException">The process ended with an error or did not end.</exception>
    public static async Task<Dictionary<string, double>> MeasureAsync(Subject subject)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", subject.File, .. subject.Arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (subject.IsPeer)
            (start.Environment["DOTNET_GCGen0MaxBudget"], start.Environment["DOTNET_GCDynamicAdaptationMode"]) = ("0", "1");
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(SideMax);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            if (process.ExitCode != 0)
                throw new SideFailedException($"{subject.Name} failed: {Short(await error)}");
            var last = (await output).TrimEnd().Split('\n')[^1];
            return JsonSerializer.Deserialize<Dictionary<string, double>>(last) ?? throw new SideFailedException($"{subject.Name} measured nothing.");
        }
        catch (OperationCanceledException)
        {
            throw new SideFailedException($"{subject.Name} did not end within {SideMax.TotalMinutes} minutes.");
        }
        catch (JsonException e)
        {
            throw new SideFailedException($"{subject.Name} printed no result: {e.Message}");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    static string Short(string error) =>
        string.Join(" | ", error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Take(6));
}

/// <summary>The measurements of one subject, by quantity.</summary>
sealed record Measured(string Name, IReadOnlyDictionary<string, Samples> Samples)
{
    public Samples this[string quantity] => Samples[quantity];
}

sealed class SideFailedException(string message) : Exception(message);
