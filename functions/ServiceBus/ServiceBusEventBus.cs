using Azure.Messaging.ServiceBus;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.ServiceBus;

/// <summary>Sends to the topic, in one batch where it has room for all.</summary>
public sealed class ServiceBusEventBus(ServiceBusSender sender) : IEventBus
{
    /// <exception cref="ServiceBusException">
    /// A single message is larger than the bus accepts. The limits on orders rule that out.
    /// </exception>
    public async Task PublishAsync(IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation)
    {
        try
        {
            var waiting = new Queue<ServiceBusMessage>(messages.Select(message => message.ToServiceBus()));
            while (waiting.Count > 0)
            {
                using var batch = await sender.CreateMessageBatchAsync(cancellation);
                while (waiting.TryPeek(out var next) && batch.TryAddMessage(next))
                    waiting.Dequeue();
                if (batch.Count == 0)
                {
                    throw new ServiceBusException(
                        $"Message {waiting.Peek().MessageId} fits no batch.", ServiceBusFailureReason.MessageSizeExceeded);
                }
                await sender.SendMessagesAsync(batch, cancellation);
            }
            Telemetry.Sent(messages);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && !IsTooLarge(e))
        {
            // Deliberately any failure, also of permissions or names: without the bus an order cannot even be parked, and a batch may have
            // arrived.
            throw new TransientException($"The topic did not take the messages: {e.Message}", e);
        }
    }

    static bool IsTooLarge(Exception e) => e is ServiceBusException { Reason: ServiceBusFailureReason.MessageSizeExceeded };
}
