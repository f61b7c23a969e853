using Microsoft.Extensions.Logging;

namespace OrderFunctions.Local;

/// <summary>Does something periodically while the host runs. A failure is logged and does not end the loop.</summary>
sealed partial class Loop : IAsyncDisposable
{
    readonly CancellationTokenSource stopping = new();
    readonly ILogger<Loop> log;
    readonly Task running;

    public Loop(string name, TimeSpan pause, Func<CancellationToken, Task> act, TimeProvider time, ILogger<Loop> log)
    {
        this.log = log;
        running = Task.Run(() => RunAsync(name, new(pause, time), act));
    }

    async Task RunAsync(string name, PeriodicTimer timer, Func<CancellationToken, Task> act)
    {
        using (timer)
        {
            try
            {
                while (await timer.WaitForNextTickAsync(stopping.Token))
                    await TryAsync(name, act);
            }
            catch (OperationCanceledException)
            {
                // The host stops.
            }
        }
    }

    async Task TryAsync(string name, Func<CancellationToken, Task> act)
    {
        try
        {
            await act(stopping.Token);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            LogFailed(e, name);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }

    [LoggerMessage(LogLevel.Error, "{Name} failed and will be tried again.")]
    partial void LogFailed(Exception exception, string name);
}
