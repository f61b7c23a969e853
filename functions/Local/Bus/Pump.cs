using Microsoft.Extensions.Logging;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Bus;

/// <summary>Hands a subscription's messages to its participant: so many orders at once, one message of each at a time, and none that waits in line is passed over.</summary>
sealed partial class Pump : IAsyncDisposable
{
    /// <summary>What is being handled may take so long to end when the host stops.</summary>
    static readonly TimeSpan EndMax = TimeSpan.FromSeconds(5);

    readonly SqliteBus bus;
    readonly MessageHandler handler;
    readonly ILogger<Pump> log;
    readonly Delivery?[] held;
    readonly Task[] consumers;
    readonly ITimer renewal;
    readonly CancellationTokenSource receiving = new();
    readonly CancellationTokenSource handling = new();

    public Pump(SqliteBus bus, MessageHandler handler, int ordersAtOnce, TimeSpan lockDuration, TimeProvider time, ILogger<Pump> log)
    {
        this.bus = bus;
        this.handler = handler;
        this.log = log;
        held = new Delivery?[ordersAtOnce];
        renewal = time.CreateTimer(_ => Renew(), null, lockDuration / 3, lockDuration / 3);
        consumers = [.. Enumerable.Range(0, ordersAtOnce).Select(place => Task.Run(() => ConsumeAsync(place)))];
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
                // What is not settled comes again after the restart.
                LogStopped(handler.Participant, e.Message);
            }
            catch (Exception e)
            {
                // The lock ends by itself, and the message comes again.
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
            // Settled or lost between the look and the renewal: then there is nothing to renew.
            if (Volatile.Read(ref held[place]) is { } delivery)
                _ = delivery.RenewLockAsync(CancellationToken.None).Exception;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await receiving.CancelAsync();
        handling.CancelAfter(EndMax);
        await Task.WhenAll(consumers);
        await renewal.DisposeAsync();
        receiving.Dispose();
        handling.Dispose();
    }

    [LoggerMessage(LogLevel.Error, "A message of {Participant} was neither handled nor given back; it comes again when its lock ends.")]
    partial void LogFailed(Exception exception, string participant);

    [LoggerMessage(LogLevel.Debug, "A consumer of {Participant} stopped: {Description}")]
    partial void LogStopped(string participant, string description);
}
