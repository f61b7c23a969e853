using Microsoft.Azure.Amqp;
using Microsoft.Azure.Amqp.Encoding;
using Microsoft.Azure.Amqp.Framing;

namespace OrderFunctions.ServiceBusBroker.Wire;

/// <param name="Status">An HTTP status code.</param>
/// <param name="Body">Null for an empty body.</param>
sealed record Reply(int Status, AmqpMap? Body = null, string StatusName = "statusCode", string DescriptionName = "statusDescription");

/// <summary>Receives requests on one link and answers them on the link that has the request's reply address.</summary>
sealed class RequestLink
{
    readonly Broker broker;
    readonly ReceivingAmqpLink link;
    readonly string entity;
    readonly Func<AmqpMessage, Reply> answer;
    readonly Func<AmqpConnection, string, SendingAmqpLink?> replyTo;

    public RequestLink(
        Broker broker, ReceivingAmqpLink link, string entity,
        Func<AmqpMessage, Reply> answer, Func<AmqpConnection, string, SendingAmqpLink?> replyTo)
    {
        (this.broker, this.link, this.entity, this.answer, this.replyTo) = (broker, link, entity, answer, replyTo);
        link.RegisterMessageListener(Received);
    }

    void Received(AmqpMessage request)
    {
        link.DisposeDelivery(request, settled: true, AmqpConstants.AcceptedOutcome);
        broker.Post(() =>
        {
            var operation = ((string)request.ApplicationProperties.Map["operation"])
                .Replace("com.microsoft:", "", StringComparison.Ordinal);
            var session = (request.ValueBody?.Value as AmqpMap)?.Of("session-id") as string;
            Reply? reply = null;
            var call = new BrokerCall(0, operation, entity, session, []);
            broker.Perform(link, call, () => reply = answer(request), refusal => Send(request, reply, refusal));
        });
    }

    void Send(AmqpMessage request, Reply? reply, BrokerException? refusal)
    {
        var response = AmqpMessage.Create(new AmqpValue { Value = reply?.Body ?? [] });
        response.Properties.CorrelationId = request.Properties.MessageId;
        var properties = response.ApplicationProperties.Map;
        properties[reply?.StatusName ?? "statusCode"] = reply?.Status ?? StatusOf(refusal!);
        properties[reply?.DescriptionName ?? "statusDescription"] = refusal?.Message ?? "OK";
        if (refusal is not null)
            properties["errorCondition"] = refusal.Condition;
        replyTo(link.Session.Connection, request.Properties.ReplyTo.ToString()!.ToLowerInvariant())
            ?.SendMessageNoWait(response, Guid.NewGuid().ToByteArray(), AmqpConstants.NullBinary);
    }

    static int StatusOf(BrokerException refusal) => refusal.Condition switch
    {
        var c when c.Equals(Conditions.SessionLockLost) || c.Equals(Conditions.MessageLockLost) => 410,
        var c when c.Equals(Conditions.MessageNotFound) || c.Equals(AmqpErrorCode.NotFound) => 404,
        var c when c.Equals(Conditions.ServerBusy) => 503,
        var c when c.Equals(AmqpErrorCode.NotImplemented) => 501,
        _ => 400,
    };
}

/// <summary>Authorization: every token is accepted, as on the emulator.</summary>
static class TokenRequests
{
    public static Reply Answer(AmqpMessage request) => request.ApplicationProperties.Map["operation"] is "put-token"
        ? new(202, StatusName: "status-code", DescriptionName: "status-description")
        : throw BrokerException.Unknown($"{request.ApplicationProperties.Map["operation"]} of $cbs");
}
