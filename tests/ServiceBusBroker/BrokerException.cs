using Microsoft.Azure.Amqp;
using Microsoft.Azure.Amqp.Encoding;
using Microsoft.Azure.Amqp.Framing;

namespace OrderFunctions.ServiceBusBroker;

/// <summary>The error sent to the client instead of an answer.</summary>
sealed class BrokerException(AmqpSymbol condition, string description) : Exception(description)
{
    public AmqpSymbol Condition => condition;
    public Error Error => new() { Condition = condition, Description = Message };

    /// <summary>Whether a client requested something this broker does not support. If so, the test is notified as well.</summary>
    public bool IsUnknown => condition.Equals(AmqpErrorCode.NotImplemented);

    public static BrokerException Unknown(string what) =>
        new(AmqpErrorCode.NotImplemented, $"The broker of the tests does not know {what}.");

    public AmqpException ToAmqp() => new(Error);
}
