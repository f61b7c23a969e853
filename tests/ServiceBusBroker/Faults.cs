using Microsoft.Azure.Amqp;
using Microsoft.Azure.Amqp.Encoding;

namespace OrderFunctions.ServiceBusBroker;

/// <summary>A client's request to the broker.</summary>
/// <param name="Operation">
/// send, accept, complete, abandon, dead-letter or put-token; or an operation of the management link without its prefix, for example
/// renew-session-lock.
/// </param>
/// <param name="Entity">The topic, a subscription, or <c>$cbs</c>.</param>
/// <param name="Session">The session, if the call concerns one.</param>
/// <param name="Messages">The messages, if the call concerns any.</param>
public sealed record BrokerCall(int Number, string Operation, string Entity, string? Session, IReadOnlyList<BrokerMessage> Messages);

/// <summary>A failure to inject into a call.</summary>
/// <param name="Kind">How the client notices it.</param>
/// <param name="IsApplied">Whether the call is carried out anyway.</param>
/// <param name="Condition">The AMQP error that is sent to the client.</param>
/// <param name="Delay">How long a slow call takes.</param>
public sealed record Fault(FaultKind Kind, bool IsApplied = false, string? Condition = null, TimeSpan Delay = default)
{
    public static readonly Fault LostBefore = new(FaultKind.Lost);
    public static readonly Fault LostAfter = new(FaultKind.Lost, IsApplied: true);
    public static readonly Fault Throttled = new(FaultKind.Refused, Condition: Conditions.ServerBusy.Value);
    public static readonly Fault Detached = new(FaultKind.Detached, Condition: AmqpErrorCode.DetachForced.Value);

    public static Fault Refused(string condition) => new(FaultKind.Refused, Condition: condition);
    public static Fault Slow(TimeSpan delay) => new(FaultKind.Slow, Delay: delay);
}

public enum FaultKind
{
    /// <summary>The whole connection breaks.</summary>
    Lost,

    /// <summary>The call is answered with an error.</summary>
    Refused,

    /// <summary>The link is closed with an error.</summary>
    Detached,

    /// <summary>The call is carried out and answered late.</summary>
    Slow,
}

/// <summary>Service Bus's own error conditions.</summary>
static class Conditions
{
    public static readonly AmqpSymbol ServerBusy = "com.microsoft:server-busy";
    public static readonly AmqpSymbol Timeout = "com.microsoft:timeout";
    public static readonly AmqpSymbol SessionLockLost = "com.microsoft:session-lock-lost";
    public static readonly AmqpSymbol SessionCannotBeLocked = "com.microsoft:session-cannot-be-locked";
    public static readonly AmqpSymbol MessageLockLost = "com.microsoft:message-lock-lost";
    public static readonly AmqpSymbol MessageNotFound = "com.microsoft:message-not-found";
}
