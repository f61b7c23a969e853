using Microsoft.Azure.Amqp;
using Microsoft.Azure.Amqp.Framing;

namespace OrderFunctions.ServiceBusBroker.Wire;

/// <summary>A client's sender. Each transfer is accepted completely or not at all.</summary>
sealed class PublishingLink
{
    readonly Broker broker;
    readonly ReceivingAmqpLink link;

    public PublishingLink(Broker broker, ReceivingAmqpLink link)
    {
        this.broker = broker;
        this.link = link;
        link.RegisterMessageListener(Received);
    }

    void Received(AmqpMessage transfer)
    {
        try
        {
            var messages = BrokerMessage.ReadAll(transfer);
            var call = new BrokerCall(0, "send", broker.Options.Topic, null, messages);
            broker.Post(() => broker.Perform(link, call, () => broker.Topic.Accept(messages), refusal => Answer(transfer, refusal)));
        }
        catch (Exception e)
        {
            Answer(transfer, broker.Report(e));
        }
    }

    void Answer(AmqpMessage transfer, BrokerException? refusal)
    {
        Outcome outcome = refusal is null ? AmqpConstants.AcceptedOutcome : new Rejected { Error = refusal.Error };
        link.DisposeDelivery(transfer, settled: true, outcome);
        transfer.Dispose();
    }
}
