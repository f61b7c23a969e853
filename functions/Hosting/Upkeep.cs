using OrderFunctions.Runtime;

namespace OrderFunctions.Hosting;

/// <summary>Work that no message triggers: publishes what a crash left unpublished, then handles parked messages that are due.</summary>
public sealed class Upkeep(Republisher republisher, Replayer replayer)
{
    /// <exception cref="TransientException">The store or the bus is unavailable; the next run is soon.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await republisher.RunAsync(cancellation);
        await replayer.RunAsync(cancellation);
    }
}
