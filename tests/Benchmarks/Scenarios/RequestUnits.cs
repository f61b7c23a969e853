namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>
/// An estimate by the figures that Microsoft publishes (learn.microsoft.com/azure/cosmos-db/optimize-cost-reads-writes): a point read of 1
/// KB takes 1 RU and of 100 KB 10, a write 5 and 50, a straight line between; the account's strong consistency doubles reads. What is
/// indexed comes on top, which here is a few small values.
/// </summary>
static class RequestUnits
{
    const double StrongReads = 2;

    public static double OfRead(int bytes) => StrongReads * Between(1, 10, bytes);

    public static double OfWrite(int bytes) => Between(5, 50, bytes);

    static double Between(double at1, double at100, int bytes) => at1 + (at100 - at1) * Math.Max(bytes / 1024.0 - 1, 0) / 99;
}
