using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

/// <summary>A public event on its way to the topic.</summary>
/// <param name="Id">Also the event's id: <c>orderId/participant/sequence</c>, at most 128 characters. The bus's duplicate detection goes by it.</param>
/// <param name="OrderId">The session.</param>
/// <param name="CausationId">The id of the message that caused it.</param>
/// <param name="TraceParent">W3C trace context of the turn that said it.</param>
/// <param name="EnqueueAt">When it is to be heard, not before; null for now.</param>
/// <param name="SaidAt">When its sender recorded it.</param>
public sealed record OutboundMessage(
    string Id, string OrderId, PublicEvent Event, string? CausationId, string? TraceParent, DateTimeOffset? EnqueueAt, DateTimeOffset? SaidAt = null);

/// <summary>A message as a subscription delivers it.</summary>
/// <param name="Event">Null where the body could not be read; <paramref name="Unreadable"/> then says why.</param>
/// <param name="Type">The event's name, as the message states it.</param>
/// <param name="EnqueuedAt">When the bus accepted it.</param>
/// <param name="DeliveryCount">1 for the first delivery.</param>
/// <param name="SaidAt">When its sender recorded it; null where that is not known.</param>
public sealed record ReceivedMessage(
    string Id,
    string OrderId,
    string Type,
    OrderEvent? Event,
    string? CausationId,
    string? TraceParent,
    DateTimeOffset EnqueuedAt,
    int DeliveryCount,
    string? Unreadable = null,
    DateTimeOffset? SaidAt = null)
{
    /// <summary>Below every bus's memory of ids.</summary>
    static readonly TimeSpan SoonAfter = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Nobody can have handled it before: it is the first delivery, and not of a second copy, which a sender publishes that was away for longer than the bus
    /// remembers ids.
    /// </summary>
    public bool IsFirst => DeliveryCount == 1 && !(EnqueuedAt - SaidAt > SoonAfter);
}

/// <summary>What a consumer may do with the message it holds. One of the first three once, then the release.</summary>
public interface ISettlement
{
    /// <exception cref="LockLostException">It is delivered again.</exception>
    Task CompleteAsync(CancellationToken cancellation);

    /// <summary>Gives the message back, to be delivered again with a higher delivery count.</summary>
    /// <exception cref="LockLostException">It is delivered again anyway.</exception>
    Task AbandonAsync(CancellationToken cancellation);

    /// <exception cref="LockLostException">It is delivered again.</exception>
    Task DeadLetterAsync(string reason, string description, CancellationToken cancellation);

    /// <summary>Lets the session go to whoever is next. Never before the message is settled: such a delivery is not counted.</summary>
    Task ReleaseSessionAsync(CancellationToken cancellation);
}

/// <summary>The dead-letter queue of a participant's subscription. It knows no sessions; a received message is locked for a while.</summary>
public interface IDeadLetterQueue
{
    /// <summary>Locks up to <paramref name="max"/> messages that are not locked, oldest first; none where there is none.</summary>
    Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(int max, CancellationToken cancellation);

    /// <exception cref="LockLostException">Somebody else may have it.</exception>
    Task RenewLockAsync(ReceivedMessage message, CancellationToken cancellation);

    /// <exception cref="LockLostException">Somebody else may have it.</exception>
    Task CompleteAsync(ReceivedMessage message, CancellationToken cancellation);

    /// <exception cref="LockLostException">Somebody else may have it.</exception>
    Task AbandonAsync(ReceivedMessage message, CancellationToken cancellation);
}
