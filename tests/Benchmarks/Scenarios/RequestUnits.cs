namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>
/// An estimate from the figures that Microsoft publishes (learn.microsoft.com/azure/cosmos-db/optimize-cost-reads-writes): a point read
/// takes 1 RU for 1 KB and 10 RU for 100 KB, a write 5 and 50, linear in between. Strong consistency of the account doubles reads. Indexing
/// adds to that, which here is only a few small values.
/// </summary>
static class RequestUnits
{
    const double StrongReads = 2;

    public static double OfRead(int bytes) => StrongReads * Between(1, 10, bytes);

    public static double OfWrite(int bytes) => Between(5, 50, bytes);

    static double Between(double at1, double at100, int bytes) => at1 + (at100 - at1) * Math.Max(bytes / 1024.0 - 1, 0) / 99;
}
