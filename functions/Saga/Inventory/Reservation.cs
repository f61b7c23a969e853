namespace OrderFunctions.Saga.Inventory;

public abstract record ReservationState;
public sealed record NotReserved : ReservationState;
public sealed record Reserving(string Warehouse, string CustomerId, Money Total, string CardToken, Address ShipTo) : ReservationState
{
    /// <summary>Without the card token.</summary>
    public override string ToString() => nameof(Reserving);
}
public sealed record Reserved(string Warehouse) : ReservationState;
public sealed record NothingToReserve : ReservationState;
public sealed record OutOfStock : ReservationState;
public sealed record Releasing(string Reason) : ReservationState;
public sealed record CalledOff(string Reason) : ReservationState;
public sealed record Restocked : ReservationState;
public sealed record Consumed : ReservationState;

/// <summary>
/// Reserves an order's stock, all of it or nothing; puts it back if a later step fails; takes it off the shelf when it ships.
/// </summary>
public static class Reservation
{
    public static readonly Decider<ReservationState> Decider = new(new NotReserved(), Decide, Evolve);

    static IReadOnlyList<OrderEvent> Decide(ReservationState state, OrderEvent input) => (state, input) switch
    {
        (NotReserved, OrderCreated order) when NeedsStock(order) =>
            [new ReserveStock(order.Warehouse, PerSku(order.Lines), order.CustomerId, order.Total, order.CardToken, order.ShipTo)],
        (Reserving order, StockReserved) => [new InventoryReserved(order.CustomerId, order.Total, order.CardToken, order.ShipTo)],
        (Reserving, StockShort stock) => [new InventoryReservationFailed($"out of stock: {Listed(stock.Skus)}")],

        // Only postage, services and the like: the warehouse is not asked.
        (NotReserved, OrderCreated order) => [new InventoryReserved(order.CustomerId, order.Total, order.CardToken, order.ShipTo)],

        // The first RestockInventory is answered whatever was reserved, because Orders waits for the answer. After that the order is closed
        // here.
        (NotReserved or NothingToReserve or OutOfStock, RestockInventory restock) => [new InventoryRestocked(restock.Reason)],
        (Reserved order, RestockInventory restock) => [new ReleaseStock(order.Warehouse, restock.Reason)],
        (Releasing order, StockReleased) => [new InventoryRestocked(order.Reason)],

        // Called off before the order arrived: nothing may be reserved any more. An attempt that was never recorded may have reserved
        // already.
        (CalledOff closed, OrderCreated order) when NeedsStock(order) => [new ReleaseStock(order.Warehouse, closed.Reason)],

        (Reserved order, OrderShipped) => [new ConsumeStock(order.Warehouse)],

        // Answered before, or closed.
        _ => [],
    };

    static ReservationState Evolve(ReservationState state, OrderEvent @event) => (state, @event) switch
    {
        (NotReserved, ReserveStock order) => new Reserving(order.Warehouse, order.CustomerId, order.Total, order.CardToken, order.ShipTo),
        (Reserving order, InventoryReserved) => new Reserved(order.Warehouse),
        (NotReserved, InventoryReserved) => new NothingToReserve(),
        (Reserving, InventoryReservationFailed) => new OutOfStock(),
        (Reserved, ReleaseStock release) => new Releasing(release.Reason),
        (NotReserved, InventoryRestocked closed) => new CalledOff(closed.Reason),
        (NothingToReserve or OutOfStock or Releasing, InventoryRestocked) or (CalledOff, ReleaseStock) => new Restocked(),
        (Reserved, ConsumeStock) => new Consumed(),
        _ => throw new ImpossibleEventException(state, @event),
    };

    static bool NeedsStock(OrderCreated order) => order.Lines.Any(line => line.NeedsStock);

    /// <summary>An order may name a SKU on several lines (at different prices); the shelf knows it once.</summary>
    static IReadOnlyList<StockLine> PerSku(IReadOnlyList<OrderLine> lines) =>
    [
        .. lines.Where(line => line.NeedsStock).GroupBy(line => line.Sku, StringComparer.Ordinal)
            .Select(sku => new StockLine(sku.Key, sku.Sum(line => line.Quantity))),
    ];

    /// <summary>Enough of the SKUs for a person to see what is missing; a reason must stay short.</summary>
    static string Listed(IReadOnlyList<string> skus) =>
        string.Join(", ", skus.Take(5)) + (skus.Count > 5 ? $" and {skus.Count - 5} more" : "");
}
