namespace OrderFunctions.Runtime;

/// <summary>
/// Publishes what HTTP turns saved and a crash left unpublished, for orders that get no further message. Publishing something twice is
/// harmless: the ids are the same.
/// </summary>
public sealed class Republisher(Participant participant, IStreamStore store, TimeProvider time)
{
    /// <summary>Younger pending events are left alone: their turn may still be at work.</summary>
    public static readonly TimeSpan MinimumAge = TimeSpan.FromSeconds(10);

    /// <summary>Streams per run.</summary>
    const int StreamsMax = 500;

    /// <summary>Returns the number of messages published.</summary>
    /// <exception cref="TransientException">The store or the bus is unavailable.</exception>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var published = 0;
        foreach (var orderId in await store.PendingAsync(time.GetUtcNow() - MinimumAge, StreamsMax, cancellation))
            published += await participant.RepublishAsync(orderId, cancellation);
        Telemetry.RepublishRuns.Add(1);
        Telemetry.Republished.Add(published);
        return published;
    }
}
