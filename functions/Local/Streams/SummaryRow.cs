using System.Text.Json;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Streams;

/// <summary>An order's row in the lists, and its part in the counts.</summary>
static class SummaryRow
{
    public static void Write(Connection connection, long number, int participant, OrderSummary? before, OrderSummary after)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(after, StreamJson.Summary);
        if (before is null)
        {
            connection
                .Sql("""
                    INSERT INTO summary (number, participant, placed_at, status, facts, customer, idempotency_key, parked_since, body)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """)
                .Bind(number).Bind(participant).Bind(after.PlacedAt.UtcTicks).Bind(after.Status.ToString()).Bind((int)after.Facts)
                .Bind(after.CustomerId).Bind(after.IdempotencyKey).Bind(ParkedSince(after)).Bind(body).Run();
        }
        else if (before.Status == after.Status && ParkedSince(before) == ParkedSince(after))
        {
            connection.Sql("UPDATE summary SET facts = ?, body = ? WHERE number = ?").Bind((int)after.Facts).Bind(body).Bind(number).Run();
        }
        else
        {
            connection.Sql("UPDATE summary SET status = ?, facts = ?, parked_since = ?, body = ? WHERE number = ?")
                .Bind(after.Status.ToString()).Bind((int)after.Facts).Bind(ParkedSince(after)).Bind(body).Bind(number).Run();
        }
        if (before?.Status == after.Status && before.Facts == after.Facts)
            return;
        if (before is { IsFinal: true })
            Count(connection, before, -1);
        if (after.IsFinal)
            Count(connection, after, 1);
    }

    static void Count(Connection connection, OrderSummary order, int more) =>
        connection
            .Sql("""
                INSERT INTO final_count (status, facts, orders) VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET orders = orders + excluded.orders
                """)
            .Bind(order.Status.ToString()).Bind((int)order.Facts).Bind(more).Run();

    /// <summary>When the first of its parked messages was parked; null if none is.</summary>
    static long? ParkedSince(OrderSummary order) =>
        order.Parked.IsEmpty ? null : order.ParkedNow.Min(place => place.Value.Since?.UtcTicks);
}
