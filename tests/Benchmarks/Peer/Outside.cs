using System.Collections.Concurrent;
using OrderFunctions.Benchmarks.Sides;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Peer;

/// <summary>
/// Stock, card provider, carrier and notifier, with the same answers as our simulated ones. All are in memory, so the peer loses their
/// state when it ends and pays nothing for storing it.
/// </summary>
/// <param name="finals">Hears of what fails.</param>
/// <param name="pickedUp">Publishes that a parcel was picked up: the order, and the tracking id.</param>
public sealed class Outside(Finals finals, Func<Guid, string, Task> pickedUp)
{
    const int ReportsMax = 10;
    static readonly TimeSpan ReportPause = TimeSpan.FromMilliseconds(100);

    readonly Dictionary<string, long> shelf = Workload.Skus.ToDictionary(sku => sku, _ => 1_000_000_000L);
    readonly ConcurrentDictionary<Guid, IReadOnlyList<OrderLine>> reservations = [];
    readonly ConcurrentDictionary<Guid, (string ChargeId, Money Amount)> charges = [];
    readonly ConcurrentDictionary<Guid, string> bookings = [];
    readonly ConcurrentDictionary<Guid, string> notices = [];

    /// <summary>Returns the SKU that is out of stock, or null.</summary>
    public string? Reserve(Guid order, IReadOnlyList<OrderLine> lines)
    {
        lock (shelf)
        {
            if (lines.FirstOrDefault(line => shelf.GetValueOrDefault(line.Sku) < line.Quantity) is { } missing)
                return missing.Sku;
            if (reservations.TryAdd(order, lines))
                Move(lines, -1);
            return null;
        }
    }

    public void Release(Guid order)
    {
        lock (shelf)
        {
            if (reservations.TryRemove(order, out var lines))
                Move(lines, 1);
        }
    }

    public void Consume(Guid order) => reservations.TryRemove(order, out _);

    void Move(IReadOnlyList<OrderLine> lines, int sign)
    {
        foreach (var line in lines)
            shelf[line.Sku] += sign * line.Quantity;
    }

    /// <summary>Returns null if the card is declined.</summary>
    public string? Charge(Guid order, Money amount, string cardToken) =>
        cardToken is "tok_declined" ? null : charges.GetOrAdd(order, id => ($"ch_{id:N}", amount)).ChargeId;

    public (string RefundId, Money Amount) Refund(Guid order) => ($"re_{order:N}", charges[order].Amount);

    /// <summary>
    /// Returns null if the carrier refuses. Pick-up is immediate. The webhook that would report it is not simulated; the carrier only
    /// publishes.
    /// </summary>
    public string? Book(Guid order, Address shipTo)
    {
        if (shipTo.PostalCode is "REFUSE")
            return null;
        var trackingId = $"trk_{order:N}";
        if (bookings.TryAdd(order, trackingId))
            ThreadPool.UnsafeQueueUserWorkItem(_ => PickUpAsync(order, trackingId), null);
        return trackingId;
    }

    /// <summary>Reports again until it is acknowledged, as carriers do.</summary>
    async void PickUpAsync(Guid order, string trackingId)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await pickedUp(order, trackingId);
                return;
            }
            catch (Exception) when (attempt < ReportsMax)
            {
                await Task.Delay(attempt * ReportPause);
            }
            catch (Exception e)
            {
                finals.Fail(e);
                return;
            }
        }
    }

    public void Notify(Guid order, string detail) => notices.TryAdd(order, detail);
}
