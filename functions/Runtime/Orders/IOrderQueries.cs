namespace OrderFunctions.Runtime;

/// <summary>Lists and counts from Orders' own store. Answers may be a moment behind the streams.</summary>
public interface IOrderQueries
{
    /// <summary>A page of orders, newest first.</summary>
    /// <exception cref="FormatException"><see cref="OrderFilter.After"/> is not a token of this store.</exception>
    Task<OrderPage> ListAsync(OrderFilter filter, CancellationToken cancellation);

    /// <summary>How many orders there are of each status, and how many are parked.</summary>
    Task<OrderCounts> CountAsync(CancellationToken cancellation);

    /// <summary>
    /// How many orders each fact is known of; a fact of no order may be left out. Costs more than <see cref="CountAsync"/>: for the one
    /// picture that shows it.
    /// </summary>
    Task<IReadOnlyDictionary<OrderFacts, long>> CountFactsAsync(CancellationToken cancellation);
}

/// <param name="Status">Only orders of this status; null for all.</param>
/// <param name="Text">Only orders whose id, customer or idempotency key begins with this; null for all.</param>
/// <param name="Parked">Only orders that are parked somewhere.</param>
/// <param name="After"><see cref="OrderPage.Next"/> of the page before; null for the first page.</param>
/// <param name="Limit">Orders per page, 1 to 200.</param>
public sealed record OrderFilter(
    OrderStatus? Status = null, string? Text = null, bool Parked = false, string? After = null, int Limit = 50);

/// <param name="Next">An opaque token for the next page; null at the end.</param>
public sealed record OrderPage(IReadOnlyList<OrderSummary> Orders, string? Next);

/// <param name="OldestOpen">When the oldest order that is not final was placed; null where all are final.</param>
/// <param name="ParkedSince">Since when the longest parked order has been parked; null where none is.</param>
public sealed record OrderCounts(
    IReadOnlyDictionary<OrderStatus, long> ByStatus, long Parked, DateTimeOffset? OldestOpen, DateTimeOffset? ParkedSince);
