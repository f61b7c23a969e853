using System.Globalization;
using OrderFunctions.Local.Bus;
using OrderFunctions.Local.Outside;
using OrderFunctions.Local.Storage;
using OrderFunctions.Local.Streams;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local;

/// <param name="Findings">What is wrong, one sentence each; empty if all is well.</param>
/// <param name="Takings">Charged and not refunded, by currency.</param>
public sealed record AuditReport(
    IReadOnlyList<string> Findings, long Orders, long Charges, long Refunds, IReadOnlyDictionary<string, decimal> Takings);

/// <summary>
/// Once all orders are final, compares what Orders says of each with what the simulated providers and the stock really did. The evidence is
/// their own tables, not the streams. What a real provider did only its own books show.
/// </summary>
public sealed class Audit(Database database, SqliteBus bus, RealProviders real)
{
    /// <summary>More of the same would be no news.</summary>
    const int FindingsMax = 50;

    public async Task<AuditReport> RunAsync() => await database.ReadAsync(connection =>
    {
        var findings = new List<string>();
        findings.AddRange(Orders(connection, out var orders, out var charges, out var refunds, out var takings));
        findings.AddRange(connection
            .Sql("""
                SELECT DISTINCT order_id FROM card_charge JOIN order_number USING (number)
                WHERE number NOT IN (SELECT number FROM summary)
                """)
            .Rows(row => $"A card was charged for order {row.Text(0)}, which does not exist."));
        findings.AddRange(connection
            .Sql("SELECT order_id, key FROM notice JOIN order_number USING (number) GROUP BY number, key HAVING count(*) > 1")
            .Rows(row => $"The customer of order {row.Text(0)} was notified of {row.Text(1)} more than once."));
        findings.AddRange(Stock(connection));
        findings.AddRange(Queues(connection));
        return new AuditReport(
            findings.Count <= FindingsMax
                ? findings
                : [.. findings.Take(FindingsMax), $"There are {findings.Count - FindingsMax} more findings."],
            orders, charges, refunds, takings);
    });

    List<string> Orders(
        Connection connection, out long orders, out long charges, out long refunds, out Dictionary<string, decimal> takings)
    {
        var rows = connection.Sql("""
            SELECT body,
                (SELECT group_concat(amount || ' ' || currency) FROM card_charge c WHERE c.number = s.number AND declined IS NULL),
                (SELECT group_concat(amount || ' ' || currency) FROM card_refund r WHERE r.number = s.number),
                (SELECT group_concat(state) FROM reservation v WHERE v.number = s.number),
                (SELECT count(*) FROM booking b WHERE b.number = s.number AND refused IS NULL AND NOT cancelled)
            FROM summary s
            """)
            .Rows(row => new AuditedOrder(
                StoredJson.Parse(row.Bytes(0), StreamJson.Summary),
                Amounts(row.TextOrNull(1)), Amounts(row.TextOrNull(2)), row.TextOrNull(3), row.Long(4)));
        orders = rows.Count;
        charges = rows.Sum(order => order.Charges.Count);
        refunds = rows.Sum(order => order.Refunds.Count);
        takings = rows.SelectMany(order => order.Charges.Concat(order.Refunds.Select(money => money with { Amount = -money.Amount })))
            .GroupBy(money => money.Currency).ToDictionary(money => money.Key, money => money.Sum(m => m.Amount));
        return [.. rows.SelectMany(order => order.Findings(isCharged: real.Cards is null, isShipped: real.Carrier is null))];
    }

    static IReadOnlyList<Money> Amounts(string? text) =>
        text is null ? []
        : [
            .. text.Split(',').Select(money => money.Split(' '))
                .Select(money => new Money(decimal.Parse(money[0], CultureInfo.InvariantCulture), money[1])),
        ];

    static IEnumerable<string> Stock(Connection connection)
    {
        var pieces = new Dictionary<(string Warehouse, string Sku, string State), long>();
        foreach (var (warehouse, state, lines) in connection
            .Sql("SELECT warehouse, state, lines FROM reservation WHERE state IN ('reserved', 'consumed')")
            .Rows(row => (row.Text(0), row.Text(1), StoredJson.Parse(row.Bytes(2), ReservationJson.Default.IReadOnlyListStockLine))))
        {
            foreach (var line in lines)
                pieces[(warehouse, line.Sku, state)] = pieces.GetValueOrDefault((warehouse, line.Sku, state)) + line.Quantity;
        }
        return connection.Sql($"SELECT {StockRow.Columns} FROM stock").Rows(StockRow.Read)
            .Where(level => level.Received != level.Available + level.Reserved + level.Consumed
                || level.Reserved != pieces.GetValueOrDefault((level.Warehouse, level.Sku, "reserved"))
                || level.Consumed != pieces.GetValueOrDefault((level.Warehouse, level.Sku, "consumed")))
            .Select(level => $"The stock of {level.Sku} in {level.Warehouse} does not add up: {level.Received} received, "
                + $"{level.Available} available, {level.Reserved} reserved, {level.Consumed} consumed.");
    }

    IEnumerable<string> Queues(Connection connection)
    {
        foreach (var name in Topology.Current.Subscriptions.Select(s => s.Name))
        {
            var (waiting, dead) = bus.Depth(name);
            if (waiting > 0)
                yield return $"{waiting} messages are waiting for {name}.";
            if (dead > 0)
                yield return $"{dead} messages are dead-lettered at {name}.";
        }
        var unacknowledged = connection.Sql("SELECT count(*) FROM booking WHERE told_at IS NOT NULL").First(row => row.Long(0));
        if (unacknowledged > 0)
            yield return $"{unacknowledged} pick-ups not yet acknowledged.";
    }

    /// <summary>What the providers did for one order, beside what Orders says of it.</summary>
    sealed record AuditedOrder(
        OrderSummary Order, IReadOnlyList<Money> Charges, IReadOnlyList<Money> Refunds, string? Reservations, long Shipments)
    {
        bool IsSettled(string participant) => Order.Settled?.Contains(participant) ?? false;

        /// <summary>Money that the customer is to get back, and has not got yet.</summary>
        string Owed => Order.Owed is { } owed ? $", and {owed} are owed to customer {Order.CustomerId}" : "";

        /// <param name="isCharged">Whether what is charged and refunded is known here.</param>
        /// <param name="isShipped">Whether what is shipped is known here.</param>
        public IEnumerable<string> Findings(bool isCharged, bool isShipped)
        {
            var id = $"Order {Order.OrderId}";
            if (!Order.IsFinal)
                yield return $"{id} is open: {Order.Status}{Owed}.";
            if (Order.ParkedNow.Any())
                yield return $"{id} is parked at {string.Join(", ", Order.ParkedNow.Select(place => place.Key))}.";
            if (Charges.Count > 1)
                yield return $"{id} was charged {Charges.Count} times.";
            if (Refunds.Count > 1)
                yield return $"{id} was refunded {Refunds.Count} times.";
            if (Charges.Any(charge => charge.Rounded() != Order.Total.Rounded()))
                yield return $"{id} of {Order.Total} was charged {string.Join(" and ", Charges)}.";
            if (Order.Status is OrderStatus.Completed)
            {
                var isFree = Order.Total.Rounded().Amount == 0;
                if (isCharged && ((Charges.Count == 0) != isFree || Refunds.Count > 0))
                    yield return $"{id} of {Order.Total} is completed; charges: {Charges.Count}, refunds: {Refunds.Count}.";
                if (Reservations != (Order.NeedsStock ? "consumed" : null) || (isShipped && Shipments != 1))
                {
                    yield return $"{id} is completed, but its stock is {Reservations ?? "not reserved"} "
                        + $"and it was shipped {Shipments} times.";
                }
            }
            else if (Order.IsFinal)
            {
                if (!Charges.SequenceEqual(Refunds) && (Refunds.Count > 0 || !IsSettled(Participants.Payments)))
                {
                    yield return $"{id} is {Order.Status}, but was charged {string.Join(" and ", Charges)} "
                        + $"and refunded {string.Join(" and ", Refunds)}.";
                }
                if (Reservations is "reserved" or "consumed" || (Shipments != 0 && !IsSettled(Participants.Shipping)))
                    yield return $"{id} is {Order.Status}, but its stock is {Reservations} and it was shipped {Shipments} times.";
            }
        }
    }
}
