namespace OrderFunctions.Runtime;

/// <summary>Lists and counts from Orders' own store. Answers may be a moment behind the streams.</summary>
public interface IOrderQueries
{
    /// <summary>
    /// A page of orders, newest first. A search that no index of the store serves looks at a bounded number of orders at a time: then a
    /// page may hold fewer orders than its limit, even none, and still have a next one.
    /// </summary>
    /// <exception cref="FormatException"><see cref="OrderFilter.After"/> is not a token of this store.</exception>
    Task<OrderPage> ListAsync(OrderFilter filter, CancellationToken cancellation);

    /// <summary>The first orders of a list, page by page, and whether there are more.</summary>
    /// <param name="max">Not less than the pages' limit.</param>
    async Task<(List<OrderSummary> Orders, bool More)> FirstAsync(OrderFilter filter, int max, CancellationToken cancellation)
    {
        var orders = new List<OrderSummary>();
        do
        {
            var page = await ListAsync(filter, cancellation);
            orders.AddRange(page.Orders);
            filter = filter with { After = page.Next };
        }
        while (filter.After is not null && orders.Count < max);
        return (orders, filter.After is not null);
    }

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
/// <param name="Contains">
/// Only orders whose id, customer, idempotency key, tracking id or reason contains this, in either case; null for all.
/// </param>
/// <param name="Sku">Only orders of this SKU; null for all.</param>
/// <param name="TrackingId">Only the order that is shipped under this id; null for all.</param>
/// <param name="From">Only orders placed at this moment or later; null for all.</param>
/// <param name="To">Only orders placed before this moment; null for all.</param>
public sealed record OrderFilter(
    OrderStatus? Status = null, string? Text = null, bool Parked = false, string? After = null, int Limit = 50,
    string? Contains = null, string? Sku = null, string? TrackingId = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <param name="Next">An opaque token for the next page; null at the end.</param>
/// <param name="SearchedTo">
/// When the last order was placed that a bounded search looked at, and there are older ones; null where nothing older was left out.
/// </param>
public sealed record OrderPage(IReadOnlyList<OrderSummary> Orders, string? Next, DateTimeOffset? SearchedTo = null);

/// <param name="OldestOpen">When the oldest order that is not final was placed; null where all are final.</param>
/// <param name="ParkedSince">Since when the longest parked order has been parked; null where none is.</param>
public sealed record OrderCounts(
    IReadOnlyDictionary<OrderStatus, long> ByStatus, long Parked, DateTimeOffset? OldestOpen, DateTimeOffset? ParkedSince);
