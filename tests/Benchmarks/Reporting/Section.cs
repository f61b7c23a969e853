using System.Globalization;

namespace OrderFunctions.Benchmarks.Reporting;

/// <summary>The results of one scenario.</summary>
/// <param name="About">What was compared, and how.</param>
sealed record Section(string Name, string About)
{
    public List<Grid> Grids { get; } = [];
    public List<Goal> Goals { get; } = [];

    /// <summary>What a reader must know to interpret the numbers.</summary>
    public List<string> Remarks { get; } = [];
}

/// <summary>A table.</summary>
sealed record Grid(IReadOnlyList<string> Columns)
{
    public List<IReadOnlyList<string>> Rows { get; } = [];

    public void Add(params IReadOnlyList<string> cells) => Rows.Add(cells);

    /// <summary>A table with the median, minimum and maximum.</summary>
    public static Grid OfSamples(string what) => new([what, "median", "min", "max"]);

    public void Add(string what, Samples samples) => Add(what, Text(samples.Median), Text(samples.Min), Text(samples.Max));

    /// <summary>Formats with only as many digits as are meaningful.</summary>
    public static string Text(double value) =>
        value.ToString(Math.Abs(value) >= 100 || value == Math.Round(value) ? "N0" : Math.Abs(value) >= 10 ? "N1" : "N2", CultureInfo.InvariantCulture);
}

/// <summary>A target number from the design.</summary>
/// <param name="Target">As written in the design.</param>
sealed record Goal(string What, string Target, string Measured, bool IsReached)
{
    public static Goal AtLeast(string what, double target, double measured, string unit) =>
        new(what, $"≥ {target.ToString(CultureInfo.InvariantCulture)}{unit}", $"{Grid.Text(measured)}{unit}", measured >= target);

    public static Goal AtMost(string what, double target, double measured, string unit) =>
        new(what, $"≤ {target.ToString(CultureInfo.InvariantCulture)}{unit}", $"{Grid.Text(measured)}{unit}", measured <= target);
}
