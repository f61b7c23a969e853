using Azure.Messaging.ServiceBus;
using OrderFunctions.Contracts;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.Apps.Tests.ServiceBus.Wire;

/// <summary>A message under its session's lock. The shipped adapter settles it.</summary>
sealed class WireDelivery : IDelivery
{
    readonly ServiceBusSessionReceiver receiver;
    readonly ReceiverSessionActions session = new();
    readonly ServiceBusSettlement settlement;

    WireDelivery(ServiceBusSessionReceiver receiver, ServiceBusReceivedMessage message)
    {
        this.receiver = receiver;
        settlement = new(message, new ReceiverActions(receiver), session);
        Message = message.ToReceived();
    }

    public ReceivedMessage Message { get; }

    public static async Task<IDelivery?> ReceiveAsync(ServiceBusClient client, string topic, string subscription, TimeSpan wait)
    {
        using var end = new CancellationTokenSource(wait);
        try
        {
            var receiver = await client.AcceptNextSessionAsync(topic, subscription, cancellationToken: end.Token);
            if (await receiver.ReceiveMessageAsync(TimeSpan.FromSeconds(5)) is { } message)
                return new WireDelivery(receiver, message);
            await receiver.CloseAsync();
            return null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        catch (ServiceBusException e) when (e.Reason is ServiceBusFailureReason.ServiceTimeout)
        {
            return null;
        }
    }

    public Task CompleteAsync(CancellationToken cancellation) => settlement.CompleteAsync(cancellation);

    public Task AbandonAsync(CancellationToken cancellation) => settlement.AbandonAsync(cancellation);

    public Task DeadLetterAsync(string reason, string description, CancellationToken cancellation) =>
        settlement.DeadLetterAsync(reason, description, cancellation);

    public async Task ReleaseSessionAsync(CancellationToken cancellation)
    {
        await settlement.ReleaseSessionAsync(cancellation);
        if (session.IsReleased)
            await receiver.CloseAsync(cancellation);
    }

    public async Task RenewLockAsync(CancellationToken cancellation)
    {
        try
        {
            await ReceiverActions.HeldAsync(() => receiver.RenewSessionLockAsync(cancellation));
        }
        catch (ServiceBusException e) when (e.Reason is ServiceBusFailureReason.SessionLockLost)
        {
            throw new LockLostException(e.Message, e);
        }
    }
}
