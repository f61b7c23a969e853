using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;

namespace OrderFunctions.Runtime;

/// <summary>
/// Work that no message triggers: publishes what a crash left unpublished, handles parked messages that are due, and at Orders measures
/// what no single turn can. Each duty is done whatever becomes of the others.
/// </summary>
public sealed partial class Upkeep(Republisher republisher, Replayer replayer, ILogger<Upkeep> log, Gauges? gauges = null)
{
    /// <exception cref="Exception">
    /// A duty failed, and the next run is soon: thrown once all are done, so that the host counts the run as failed.
    /// </exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var failures = new List<Exception>();
        await TryAsync("Republishing", republisher.RunAsync);
        await TryAsync("Replaying", replayer.RunAsync);
        if (gauges is not null)
            await TryAsync("Measuring", gauges.MeasureAsync);
        if (failures.Count == 1)
            ExceptionDispatchInfo.Throw(failures[0]);
        if (failures.Count > 1)
            throw new AggregateException(failures);

        async Task TryAsync(string duty, Func<CancellationToken, Task> act)
        {
            try
            {
                await act(cancellation);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                LogFailed(e, duty);
                failures.Add(e);
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "{Duty} failed and will be tried again.")]
    partial void LogFailed(Exception exception, string duty);
}
