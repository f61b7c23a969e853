using OrderFunctions.Kernel;
using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

/// <summary>
/// One participant's streams, one document per order. Any number of processes may read and write at once: the ETag decides who was first.
/// </summary>
public interface IStreamStore
{
    /// <summary>
    /// The latest stream of an order, never a stale one: what is read here decides whether a card is charged. Null where there is none.
    /// </summary>
    /// <exception cref="TransientException">The store did not answer.</exception>
    Task<OrderStream?> LoadAsync(string orderId, CancellationToken cancellation);

    /// <summary>
    /// Creates the stream where <see cref="OrderStream.ETag"/> is null, else replaces the one that has this ETag. After a
    /// <see cref="TransientException"/> it may have been written or not. Saving the same again then ends in a conflict; loading shows which
    /// it was.
    /// </summary>
    /// <param name="summary">What lists show of the order, stored with the stream; null at every participant but Orders.</param>
    /// <exception cref="StreamConflictException">Another writer saved first; nothing was written now.</exception>
    /// <exception cref="TransientException">The outcome is unknown.</exception>
    Task SaveAsync(OrderStream stream, OrderSummary? summary, CancellationToken cancellation);

    /// <summary>Orders whose <see cref="OrderStream.PendingSince"/> is before <paramref name="before"/>, oldest first.</summary>
    Task<IReadOnlyList<string>> PendingAsync(DateTimeOffset before, int max, CancellationToken cancellation);
}

/// <summary>
/// The topic. It drops a message whose id it has accepted within its duplicate window, so publishing the same again is safe.
/// </summary>
public interface IEventBus
{
    /// <summary>
    /// Publishes the messages in their order, all or none where they fit one batch. May be called twice with the same messages.
    /// </summary>
    /// <exception cref="TransientException">The outcome is unknown.</exception>
    Task PublishAsync(IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation);
}

/// <summary>
/// Stock by warehouse. A reservation is all or nothing and made once per order; its first outcome is final, so <see cref="ReserveAsync"/>,
/// <see cref="ReleaseAsync"/> and <see cref="ConsumeAsync"/> may be called any number of times. At every moment, for each SKU,
/// available + reserved + consumed = received.
/// </summary>
public interface IStock
{
    /// <summary><see cref="StockReserved"/>, or <see cref="StockShort"/> with the SKUs that are unknown or short.</summary>
    /// <param name="lines">One line per SKU, quantities from 1.</param>
    /// <exception cref="TransientException">The outcome is unknown.</exception>
    Task<Answer> ReserveAsync(string orderId, string warehouse, IReadOnlyList<StockLine> lines, CancellationToken cancellation);

    /// <summary>
    /// Puts a reservation back on the shelf. Where there is none yet, none can be made afterwards: a late attempt is refused.
    /// </summary>
    /// <exception cref="TransientException">The outcome is unknown.</exception>
    Task<StockReleased> ReleaseAsync(string orderId, string warehouse, CancellationToken cancellation);

    /// <summary>Takes a reservation off the shelf for good.</summary>
    /// <exception cref="TransientException">The outcome is unknown.</exception>
    Task<StockConsumed> ConsumeAsync(string orderId, string warehouse, CancellationToken cancellation);

    /// <summary>
    /// Sets how many of a SKU the warehouse has received in all, so that a second call changes nothing. Null where more than that is
    /// reserved or consumed: nothing is changed then.
    /// </summary>
    /// <param name="by">Who said so last, kept beside the number; null where nobody is known.</param>
    /// <exception cref="TransientException">The outcome is unknown.</exception>
    Task<StockLevel?> SetReceivedAsync(string warehouse, string sku, long received, CancellationToken cancellation, Caller? by = null);

    /// <summary>Null where the warehouse does not know the SKU.</summary>
    Task<StockLevel?> LevelAsync(string warehouse, string sku, CancellationToken cancellation);
}

/// <summary>Pieces of one SKU in one warehouse; received = available + reserved + consumed.</summary>
public sealed record StockLevel(string Sku, string Warehouse, long Received, long Available, long Reserved, long Consumed);

/// <summary>
/// The card provider. The first answer under a key is final, a refusal too, until the provider forgets the key (usually after a day).
/// Pending is no answer. Every call may throw <see cref="TransientException"/>: the outcome is unknown, call again with the same key; and
/// <see cref="ProviderException"/>: it has answered, but there is no outcome yet, or none that can be acted on.
/// </summary>
public interface ICardProvider
{
    /// <summary>
    /// For how long a look-up may miss what was just done. What is called off because nothing was found is looked up again after that.
    /// </summary>
    TimeSpan LookUpLag => TimeSpan.Zero;

    /// <summary><see cref="CardCharged"/>, with the amount that was really charged, or <see cref="CardDeclined"/>.</summary>
    Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation);

    /// <summary>
    /// The outcome of the order's charge, however long ago: also <see cref="ChargeReturned"/>; null where none was made, or only within
    /// <see cref="LookUpLag"/>.
    /// </summary>
    Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation);

    /// <summary>Like <see cref="FindChargeAsync"/>, for an order that is called off: a pending charge is cancelled first.</summary>
    Task<Answer?> EndChargeAsync(string key, string orderId, CancellationToken cancellation);

    /// <summary>Gives back all that was charged. Returns once the provider says that it has succeeded.</summary>
    Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation);

    /// <summary>The order's refund of this charge, however long ago, and whoever asked for it; null where none was made.</summary>
    Task<CardRefunded?> FindRefundAsync(string orderId, string chargeId, Money amount, CancellationToken cancellation);
}

/// <summary>
/// The carrier. The first answer under a key is final, a refusal too. It reports a pick-up by its webhook. Every call may throw what those
/// of <see cref="ICardProvider"/> may.
/// </summary>
public interface ICarrier
{
    /// <inheritdoc cref="ICardProvider.LookUpLag"/>
    TimeSpan LookUpLag => TimeSpan.Zero;

    /// <summary><see cref="CarrierBooked"/> or <see cref="CarrierRefused"/>.</summary>
    Task<Answer> BookAsync(string key, string orderId, Address shipTo, CancellationToken cancellation);

    /// <summary>The outcome of the order's booking, however long ago; null where none was made.</summary>
    Task<Answer?> FindBookingAsync(string orderId, CancellationToken cancellation);

    /// <summary>
    /// <see cref="CarrierCancelled"/>, or <see cref="CarrierTooLate"/> once it is picked up. A cancelled booking stays cancelled: may be
    /// called any number of times.
    /// </summary>
    Task<Answer> CancelAsync(string key, string orderId, string trackingId, CancellationToken cancellation);

    /// <summary>Whether the parcel has left: <see cref="ParcelPickedUp"/> or <see cref="ParcelNotPickedUp"/>.</summary>
    Task<Answer> FindParcelAsync(string orderId, string trackingId, CancellationToken cancellation);
}

/// <summary>Notifies customers: once per key, for as long as the channel remembers keys.</summary>
public interface INotifier
{
    /// <exception cref="TransientException">The outcome is unknown: call again with the same key.</exception>
    Task<Notified> NotifyAsync(string key, string orderId, Notify notice, CancellationToken cancellation);
}

/// <summary>Something outside was busy, unavailable or silent. Whether it did what was asked is unknown: ask the same again.</summary>
public sealed class TransientException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The HTTP status with which it answered; null where it did not.</summary>
    public int? Status { get; init; }

    /// <summary>How long the outside asks to be left alone; null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>
/// A provider has answered, but not with an outcome. A retry at once would not help: the message is parked, and the look-up comes first
/// when it is replayed.
/// </summary>
/// <param name="failure">Never <see cref="Failure.Transient"/>.</param>
/// <param name="message">For operators: contains what the provider said.</param>
public sealed class ProviderException(Failure failure, string message) : Exception(message)
{
    public Failure Failure => failure;

    /// <inheritdoc cref="TransientException.Status"/>
    public int? Status { get; init; }
}

/// <summary>Another writer saved the stream since it was loaded.</summary>
public sealed class StreamConflictException(string orderId, Exception? inner = null)
    : Exception($"The stream of order {orderId} has changed.", inner);

/// <summary>The lock on the message or its session was lost: it will be delivered again, and this consumer must not settle it.</summary>
public sealed class LockLostException(string message, Exception? inner = null) : Exception(message, inner);
