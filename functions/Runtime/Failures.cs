namespace OrderFunctions.Runtime;

/// <summary>What failed in one run over many orders, each of which is tried by itself.</summary>
sealed class Failures(string participant, string duty)
{
    /// <summary>After so many transient failures it is not single orders that are unavailable.</summary>
    const int TransientMax = 3;

    readonly List<Exception> all = [];

    /// <summary>Whether to leave the rest to the next run.</summary>
    public bool AreEnough => all.Count(e => e is TransientException) >= TransientMax;

    public void Add(string orderId, Exception exception)
    {
        Telemetry.UpkeepFailures.Add(1, new KeyValuePair<string, object?>("participant", participant), new("duty", duty));
        all.Add(exception is TransientException
            ? new TransientException($"Order {orderId}: {exception.Message}", exception)
            : new InvalidOperationException($"Order {orderId}: {exception.Message}", exception));
    }

    /// <exception cref="TransientException">All of them are.</exception>
    /// <exception cref="AggregateException">Some are not.</exception>
    public void ThrowIfAny()
    {
        if (all.Count > 0)
            throw all.TrueForAll(e => e is TransientException) ? all[0] : new AggregateException(all);
    }
}
