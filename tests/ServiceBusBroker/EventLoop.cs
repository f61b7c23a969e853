using System.Threading.Channels;

namespace OrderFunctions.ServiceBusBroker;

/// <summary>
/// Runs posted work one item at a time. All broker state is accessed only from here, so that AMQP's callbacks never wait for each other.
/// </summary>
sealed class EventLoop : IAsyncDisposable
{
    readonly Channel<Action> posted = Channel.CreateUnbounded<Action>(new() { SingleReader = true });
    readonly Action<Exception> failed;
    readonly Task running;

    public EventLoop(Action<Exception> failed)
    {
        this.failed = failed;
        running = Task.Run(RunAsync);
    }

    public void Post(Action action) => posted.Writer.TryWrite(action);

    /// <summary>Returns the result of <paramref name="ask"/>, which runs after everything that was posted before.</summary>
    public Task<T> AskAsync<T>(Func<T> ask)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                answer.SetResult(ask());
            }
            catch (Exception e)
            {
                answer.SetException(e);
            }
        });
        return answer.Task;
    }

    async Task RunAsync()
    {
        await foreach (var action in posted.Reader.ReadAllAsync())
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failed(e);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        posted.Writer.TryComplete();
        await running;
    }
}
