using Microsoft.Extensions.Logging;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Bus;

/// <summary>
/// Hands a subscription's messages to its participant: up to <see cref="OrdersAtOnce"/> orders at once, the messages of each one after the
/// other.
/// </summary>
sealed partial class Pump : IAsyncDisposable
{
    const int OrdersAtOnce = 32;

    /// <summary>How long messages in progress may take to finish when the host stops.</summary>
    static readonly TimeSpan StopMax = TimeSpan.FromSeconds(5);

    readonly SqliteBus bus;
    readonly MessageHandler handler;
    readonly ILogger<Pump> log;
    readonly Delivery?[] held = new Delivery?[OrdersAtOnce];
    readonly Task[] consumers;
    readonly ITimer renewal;
    readonly CancellationTokenSource receiving = new();
    readonly CancellationTokenSource handling = new();

    public Pump(SqliteBus bus, MessageHandler handler, TimeProvider time, ILogger<Pump> log)
    {
        this.bus = bus;
        this.handler = handler;
        this.log = log;
        renewal = time.CreateTimer(_ => Renew(), null, BusOptions.LockDuration / 3, BusOptions.LockDuration / 3);
        consumers = [.. Enumerable.Range(0, OrdersAtOnce).Select(place => Task.Run(() => ConsumeAsync(place)))];
    }

    async Task ConsumeAsync(int place)
    {
        while (!receiving.IsCancellationRequested)
        {
            try
            {
                var delivery = await bus.ReceiveAsync(handler.Participant, receiving.Token);
                Volatile.Write(ref held[place], delivery);
                await handler.HandleAsync(delivery.Message, delivery, handling.Token);
            }
            catch (Exception e) when (receiving.IsCancellationRequested)
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
                Volatile.Write(ref held[place], null);
            }
        }
    }

    void Renew()
    {
        for (var place = 0; place < held.Length; place++)
        {
            // It may have been settled or lost a moment ago: then there is nothing to renew.
            if (Volatile.Read(ref held[place]) is { } delivery)
                _ = delivery.RenewLockAsync(CancellationToken.None).Exception;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await receiving.CancelAsync();
        handling.CancelAfter(StopMax);
        await Task.WhenAll(consumers);
        await renewal.DisposeAsync();
        receiving.Dispose();
        handling.Dispose();
    }

    [LoggerMessage(LogLevel.Error, "A message of {Participant} was neither handled nor abandoned; it comes again when its lock expires.")]
    partial void LogFailed(Exception exception, string participant);

    [LoggerMessage(LogLevel.Debug, "A consumer of {Participant} stopped: {Description}")]
    partial void LogStopped(string participant, string description);
}
