namespace OrderFunctions.Runtime;

/// <summary>
/// Publishes what HTTP turns saved and a crash kept from being published, for orders on which no further message comes. Publishing again what went out
/// is harmless: the ids are the same.
/// </summary>
public sealed class Republisher(Participant participant, IStreamStore store, TimeProvider time)
{
    /// <summary>A turn that is still at work is left alone for this long.</summary>
    public static readonly TimeSpan MinimumAge = TimeSpan.FromSeconds(10);

    /// <summary>Streams looked at in one run.</summary>
    const int StreamsMax = 500;

    /// <summary>Gives the number of messages published.</summary>
    /// <exception cref="TransientException">The store or the bus is away.</exception>
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
