using Microsoft.Azure.Amqp;
using Microsoft.Azure.Amqp.Encoding;
using Microsoft.Azure.Amqp.Framing;

namespace OrderFunctions.ServiceBusBroker;

/// <summary>What the client is told instead of an answer.</summary>
sealed class BrokerException(AmqpSymbol condition, string description) : Exception(description)
{
    public AmqpSymbol Condition => condition;
    public Error Error => new() { Condition = condition, Description = Message };

    /// <summary>Whether a client asked for what this broker does not know: the test is told, too.</summary>
    public bool IsUnknown => condition.Equals(AmqpErrorCode.NotImplemented);

    public static BrokerException Unknown(string what) =>
        new(AmqpErrorCode.NotImplemented, $"The broker of the tests does not know {what}.");

    public AmqpException ToAmqp() => new(Error);
}
