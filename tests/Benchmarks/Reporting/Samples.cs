namespace OrderFunctions.Benchmarks.Reporting;

/// <summary>One quantity, measured several times.</summary>
sealed record Samples(IReadOnlyList<double> Values)
{
    readonly double[] sorted = [.. Values.Order()];

    public double Min => sorted[0];
    public double Max => sorted[^1];
    public double Median => sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;

    /// <summary>Returns the percentile: the value that the given share of samples does not exceed.</summary>
    public double At(double share) => sorted[Math.Max((int)Math.Ceiling(share * sorted.Length) - 1, 0)];
}
