using System.Collections.Concurrent;

namespace OrderFunctions.Runtime;

/// <summary>
/// Time limits that are used again and again: a new source of cancellation with its timer for each turn would be 6 % of what an order
/// allocates.
/// </summary>
sealed class TimeLimits(TimeSpan max, TimeProvider time)
{
    readonly ConcurrentBag<CancellationTokenSource> free = [];

    /// <summary>Begins now, and ends when it is disposed of.</summary>
    public TimeLimit Start()
    {
        if (!free.TryTake(out var source))
            return new(this, new(max, time));
        source.CancelAfter(max);
        return new(this, source);
    }

    internal readonly struct TimeLimit(TimeLimits limits, CancellationTokenSource source) : IDisposable
    {
        public CancellationToken Token => source.Token;

        /// <summary>Until what this returns is disposed of, the limit is also reached when <paramref name="other"/> is cancelled.</summary>
        public CancellationTokenRegistration EndsWith(CancellationToken other) =>
            other.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), source);

        /// <summary>One that was reached, or whose clock is not the system's, cannot be used again.</summary>
        public void Dispose()
        {
            if (source.TryReset())
                limits.free.Add(source);
            else
                source.Dispose();
        }
    }
}
