using OrderFunctions.Runtime;

namespace OrderFunctions.Hosting;

/// <summary>What no message sets off: publishes what a crash left unpublished, then handles parked messages that are due.</summary>
public sealed class Upkeep(Republisher republisher, Replayer replayer)
{
    /// <exception cref="TransientException">Store or bus are away; the next run is soon.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await republisher.RunAsync(cancellation);
        await replayer.RunAsync(cancellation);
    }
}
