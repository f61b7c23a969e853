using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>A system that accepts orders and completes each of them.</summary>
interface IContender : IAsyncDisposable
{
    /// <summary>Completes once the order is accepted.</summary>
    Task PlaceAsync(Guid id, PlaceOrder order);

    Finals Finals { get; }

    /// <summary>Completes once all final orders are as durable as this system makes them.</summary>
    Task SettledAsync();
}

/// <summary>Counts the orders that have become final.</summary>
public sealed class Finals
{
    static readonly TimeSpan NoProgressMax = TimeSpan.FromSeconds(30);

    long completed;
    long rejected;
    long awaited = long.MaxValue;
    TaskCompletionSource reached = new();
    Exception? failure;

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

    /// <summary>The measurement fails, even if nobody waits yet.</summary>
    public void Fail(Exception exception)
    {
        Volatile.Write(ref failure, exception);
        Look();
    }

    /// <summary>Completes once that many orders are final in total.</summary>
    /// <exception cref="TimeoutException">No order became final for a while.</exception>
    /// <exception cref="Exception">What <see cref="Fail"/> was told.</exception>
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
        if (Volatile.Read(ref failure) is { } failed)
            reached.TrySetException(failed);
        if (Completed + Rejected >= Interlocked.Read(ref awaited))
            reached.TrySetResult();
    }
}
