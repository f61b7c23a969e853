using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>A system that takes orders and brings each to its end.</summary>
interface IContender : IAsyncDisposable
{
    /// <summary>Ends once the order is accepted.</summary>
    Task PlaceAsync(Guid id, PlaceOrder order);

    Finals Finals { get; }

    /// <summary>Ends once everything final is as durable as this system makes it.</summary>
    Task SettledAsync();
}

/// <summary>Counts the orders that have become final.</summary>
sealed class Finals
{
    static readonly TimeSpan NoProgressMax = TimeSpan.FromSeconds(30);

    long completed;
    long rejected;
    long awaited = long.MaxValue;
    TaskCompletionSource reached = new();

    public long Completed => Interlocked.Read(ref completed);
    public long Rejected => Interlocked.Read(ref rejected);

    public void Complete()
    {
        Interlocked.Increment(ref completed);
        Look();
    }

    public void Reject()
    {
        Interlocked.Increment(ref rejected);
        Look();
    }

    public void Fail(Exception exception) => reached.TrySetException(exception);

    /// <summary>Ends once that many orders are final in all.</summary>
    /// <exception cref="TimeoutException">None became final for a while.</exception>
    public async Task ReachAsync(long orders)
    {
        reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref awaited, orders);
        Look();
        for (var before = -1L; ; before = Completed + Rejected)
        {
            if (await Task.WhenAny(reached.Task, Task.Delay(NoProgressMax)) == reached.Task)
            {
                await reached.Task;
                return;
            }
            if (Completed + Rejected == before)
                throw new TimeoutException($"{before} of {orders} orders are final, and no more for {NoProgressMax.TotalSeconds} seconds.");
        }
    }

    void Look()
    {
        if (Completed + Rejected >= Interlocked.Read(ref awaited))
            reached.TrySetResult();
    }
}
