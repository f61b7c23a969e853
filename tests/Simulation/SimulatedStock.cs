using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>Warehouses and their reservations. Reservations are never deleted, because the first answer to an order is final.</summary>
sealed class SimulatedStock(World world)
{
    readonly Dictionary<(string Warehouse, string Sku), StockLevel> levels = [];
    readonly Dictionary<string, Reservation> reservations = [];

    /// <summary>A line of an order that no warehouse knows.</summary>
    public const string Postage = "postage";

    public Service Service { get; } = new("stock", Fault.StockBusy, Fault.StockAnswerLost, Fault.StockDown);

    public enum Status
    {
        Refused,
        Reserved,
        Released,
        Consumed,
    }

    public Status? Of(string orderId) => reservations.GetValueOrDefault(orderId)?.Status;

    public Answer Reserve(string orderId, string warehouse, IReadOnlyList<StockLine> lines)
    {
        if (lines.Count == 0 || lines.Any(line => line.Sku == Postage))
            world.Invariants.Broken("What needs no stock is not reserved", orderId, $"{lines.Count} lines");
        if (!reservations.TryGetValue(orderId, out var reservation))
        {
            string[] missing = [.. lines.Where(line => (Level(warehouse, line.Sku)?.Available ?? 0) < line.Quantity).Select(line => line.Sku)];
            reservation = new(lines, missing) { Status = missing.Length > 0 ? Status.Refused : Status.Reserved };
            reservations.Add(orderId, reservation);
            if (reservation.Status is Status.Reserved)
                Move(warehouse, reservation, (level, pieces) => level with { Available = level.Available - pieces, Reserved = level.Reserved + pieces });
        }
        return reservation.Status is Status.Refused ? new StockShort(reservation.Missing) : new StockReserved();
    }

    public StockReleased Release(string orderId, string warehouse)
    {
        if (!reservations.TryGetValue(orderId, out var reservation))
        {
            reservations.Add(orderId, new([], []) { Status = Status.Refused });
        }
        else if (reservation.Status is Status.Reserved)
        {
            reservation.Status = Status.Released;
            Move(warehouse, reservation, (level, pieces) => level with { Available = level.Available + pieces, Reserved = level.Reserved - pieces });
        }
        return new();
    }

    public StockConsumed Consume(string orderId, string warehouse)
    {
        if (reservations.TryGetValue(orderId, out var reservation) && reservation.Status is Status.Reserved)
        {
            reservation.Status = Status.Consumed;
            Move(warehouse, reservation, (level, pieces) => level with { Reserved = level.Reserved - pieces, Consumed = level.Consumed + pieces });
        }
        return new();
    }

    public StockLevel? SetReceived(string warehouse, string sku, long received)
    {
        var level = Level(warehouse, sku) ?? new(sku, warehouse, 0, 0, 0, 0);
        if (level.Reserved + level.Consumed > received)
            return null;
        level = level with { Received = received, Available = received - level.Reserved - level.Consumed };
        return levels[(warehouse, sku)] = level;
    }

    public StockLevel? Level(string warehouse, string sku) => levels.GetValueOrDefault((warehouse, sku));

    void Move(string warehouse, Reservation reservation, Func<StockLevel, int, StockLevel> move)
    {
        foreach (var line in reservation.Lines)
            levels[(warehouse, line.Sku)] = move(levels[(warehouse, line.Sku)], line.Quantity);
        foreach (var level in levels.Values)
        {
            if (level.Available < 0 || level.Reserved < 0 || level.Available + level.Reserved + level.Consumed != level.Received)
                world.Invariants.Broken("available + reserved + consumed = received", "", level.ToString());
        }
    }

    sealed class Reservation(IReadOnlyList<StockLine> lines, string[] missing)
    {
        public IReadOnlyList<StockLine> Lines => lines;
        public string[] Missing => missing;
        public Status Status { get; set; }
    }
}

sealed class StockPort(Host host, SimulatedStock stock) : IStock
{
    public Task<Answer> ReserveAsync(string orderId, string warehouse, IReadOnlyList<StockLine> lines, CancellationToken cancellation) =>
        host.CallAsync(stock.Service, "reserves", orderId, () => stock.Reserve(orderId, warehouse, lines), cancellation);

    public Task<StockReleased> ReleaseAsync(string orderId, string warehouse, CancellationToken cancellation) =>
        host.CallAsync(stock.Service, "releases", orderId, () => stock.Release(orderId, warehouse), cancellation);

    public Task<StockConsumed> ConsumeAsync(string orderId, string warehouse, CancellationToken cancellation) =>
        host.CallAsync(stock.Service, "consumes", orderId, () => stock.Consume(orderId, warehouse), cancellation);

    public Task<StockLevel?> SetReceivedAsync(
        string warehouse, string sku, long received, CancellationToken cancellation, Caller? by = null) =>
        host.CallAsync(stock.Service, "receives goods", sku, () => stock.SetReceived(warehouse, sku, received), cancellation);

    public Task<StockLevel?> LevelAsync(string warehouse, string sku, CancellationToken cancellation) =>
        host.CallAsync(stock.Service, "counts", sku, () => stock.Level(warehouse, sku), cancellation);
}
