namespace OrderFunctions.Simulation;

/// <summary>SplitMix64: the same numbers from the same seed on every machine and every version of .NET.</summary>
sealed class Chance(ulong seed)
{
    static readonly long[] Scales =
    [
        TimeSpan.TicksPerMillisecond, 10 * TimeSpan.TicksPerMillisecond, 100 * TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerSecond,
        10 * TimeSpan.TicksPerSecond, TimeSpan.TicksPerMinute, 10 * TimeSpan.TicksPerMinute, TimeSpan.TicksPerHour, 6 * TimeSpan.TicksPerHour,
        TimeSpan.TicksPerDay, 3 * TimeSpan.TicksPerDay,
    ];

    ulong state = seed * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D;

    public ulong Next()
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 to <paramref name="limit"/> - 1.</summary>
    public int Below(int limit) => (int)(((Next() >> 32) * (ulong)limit) >> 32);

    /// <summary>From 0 to just below 1.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    public bool Hits(double chance) => chance > 0 && Unit() < chance;

    public bool OneIn(int count) => Below(count) == 0;

    public T Of<T>(IReadOnlyList<T> all) => all[Below(all.Count)];

    public TimeSpan Below(TimeSpan limit) => TimeSpan.FromTicks((long)(Unit() * limit.Ticks));

    public TimeSpan Between(TimeSpan from, TimeSpan to) => from + Below(to - from);

    /// <summary>
    /// Milliseconds are as likely as hours, because things happen at very different scales. Taken from a table, because the last digit of a
    /// logarithm differs between machines.
    /// </summary>
    public TimeSpan OfAnyScale(TimeSpan max)
    {
        var scales = 1;
        while (scales < Scales.Length && Scales[scales] <= max.Ticks)
            scales++;
        var to = Below(scales);
        var from = to == 0 ? 0 : Scales[to - 1];
        return TimeSpan.FromTicks(from + (long)(Unit() * (Scales[to] - from)));
    }
}
