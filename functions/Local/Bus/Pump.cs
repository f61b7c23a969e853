using Microsoft.Extensions.Logging;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Bus;

/// <summary>
/// Hands a subscription's messages to its participant: up to <see cref="OrdersAtOnce"/> orders at once, the messages of each one after the
/// other. What a turn publishes is handled next by the thread that has published it, before other orders: so an order under way is soon
/// done, its state is still at hand, and most of its messages are completed before they would be written.
/// </summary>
sealed partial class Pump : IAsyncDisposable
{
    const int OrdersAtOnce = 32;

    /// <summary>How long messages in progress may take to finish when the host stops.</summary>
    static readonly TimeSpan StopMax = TimeSpan.FromSeconds(5);

    readonly Subscription subscription;
    readonly MessageHandler handler;
    readonly ILogger<Pump> log;
    readonly ITimer renewal;
    readonly CancellationTokenSource handling = new();
    readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    readonly Lock gate = new();
    readonly Queue<OrderQueue> waiting = new();
    readonly HashSet<Delivery> held = [];
    int running;
    bool isStopping;

    public Pump(Subscription subscription, MessageHandler handler, TimeProvider time, ILogger<Pump> log)
    {
        this.subscription = subscription;
        this.handler = handler;
        this.log = log;
        renewal = time.CreateTimer(_ => Renew(), null, BusOptions.LockDuration / 3, BusOptions.LockDuration / 3);
        subscription.Attach(Take);
    }

    /// <summary>Until it is disposed of.</summary>
    public bool IsRunning => !isStopping;

    void Take(OrderQueue order)
    {
        lock (gate)
        {
            if (isStopping)
                return;
            if (running == OrdersAtOnce)
            {
                waiting.Enqueue(order);
                return;
            }
            running++;
        }

        // Preferring the local queue is what lets this thread go on with the order.
        order.Pump = this;
        ThreadPool.UnsafeQueueUserWorkItem(order, preferLocal: true);
    }

    /// <summary>Handles the order's next message, and then those of orders that wait.</summary>
    public async Task RunAsync(OrderQueue order)
    {
        for (var next = order; next is not null; next = Next())
            await HandleAsync(next);
    }

    /// <summary>The order that has waited longest; null where none waits.</summary>
    OrderQueue? Next()
    {
        lock (gate)
        {
            if (!isStopping && waiting.TryDequeue(out var order))
                return order;
            if (--running == 0 && isStopping)
                stopped.TrySetResult();
            return null;
        }
    }

    async Task HandleAsync(OrderQueue order)
    {
        Delivery? delivery = null;
        try
        {
            delivery = subscription.Lock(order);
            lock (gate)
                held.Add(delivery);
            await handler.HandleAsync(delivery.Message, delivery, handling.Token);
        }
        catch (Exception e) when (isStopping)
        {
            // What is not settled is delivered again after the restart.
            LogStopped(handler.Participant, e.Message);
        }
        catch (Exception e)
        {
            // The lock expires, and the message is delivered again.
            LogFailed(e, handler.Participant);
        }
        finally
        {
            if (delivery is not null)
            {
                lock (gate)
                    held.Remove(delivery);
            }
        }
    }

    void Renew()
    {
        List<Delivery> deliveries;
        lock (gate)
            deliveries = [.. held];

        // One may have been settled or lost a moment ago: then there is nothing to renew.
        foreach (var delivery in deliveries)
            _ = delivery.RenewLockAsync(CancellationToken.None).Exception;
    }

    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            isStopping = true;
            if (running == 0)
                stopped.TrySetResult();
        }
        handling.CancelAfter(StopMax);
        await stopped.Task;
        await renewal.DisposeAsync();
        handling.Dispose();
    }

    [LoggerMessage(LogLevel.Error, "A message of {Participant} was neither handled nor abandoned; it comes again when its lock expires.")]
    partial void LogFailed(Exception exception, string participant);

    [LoggerMessage(LogLevel.Debug, "A consumer of {Participant} stopped: {Description}")]
    partial void LogStopped(string participant, string description);
}
