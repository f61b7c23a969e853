namespace OrderFunctions.Runtime;

/// <summary>
/// Publishes what HTTP turns saved and a crash left unpublished, for orders that get no further message. Publishing something twice is
/// harmless: the ids are the same. One instance runs once at a time.
/// </summary>
public sealed class Republisher(Participant participant, IStreamStore store, TimeProvider time)
{
    /// <summary>Younger pending events are left alone: their turn may still be at work.</summary>
    public static readonly TimeSpan MinimumAge = TimeSpan.FromSeconds(10);

    /// <summary>Streams per run.</summary>
    const int StreamsMax = 500;

    /// <summary>Orders that failed in earlier runs. They go last, so that they never keep others from being tried.</summary>
    readonly HashSet<string> failed = [];

    /// <summary>Returns the number of messages published.</summary>
    /// <exception cref="TransientException">The store or the bus is unavailable.</exception>
    /// <exception cref="AggregateException">Some orders failed, for other reasons as well; all others were tried.</exception>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var failures = new Failures(participant.Name, "republish");
        var published = 0;
        var pending = await store.PendingAsync(time.GetUtcNow() - MinimumAge, StreamsMax + failed.Count, cancellation);
        failed.IntersectWith(pending);
        foreach (var orderId in pending.OrderBy(failed.Contains).ToList())
        {
            try
            {
                published += await participant.RepublishAsync(orderId, cancellation);
                failed.Remove(orderId);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failed.Add(orderId);
                failures.Add(orderId, e);
                if (failures.AreEnough)
                    break;
            }
        }
        Telemetry.RepublishRuns.Add(1, new KeyValuePair<string, object?>("participant", participant.Name));
        Telemetry.Republished.Add(published);
        failures.ThrowIfAny();
        return published;
    }
}
