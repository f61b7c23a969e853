using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Outside;

/// <summary>Sends nothing, but keeps each notice: once per idempotency key, which is forgotten after a day.</summary>
public sealed class SqliteNotifier(Database database, TimeProvider time) : INotifier
{
    readonly OrderPart<Notices> orders = new(database, OrderParts.Notices, Notices.Read);

    public Task<Notified> NotifyAsync(string key, string orderId, Notify notice, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return orders.DecideAsync(orderId, notices =>
        {
            if (!notices.Keys.Exists(known => known.Is(key, now)))
            {
                database.Enqueue(new Insertion(database.Numbers, orderId, key, now, notice));
                notices.Keys.Add(new(key, now));
            }
            return new Notified();
        });
    }

    /// <summary>The notices to the order's customer, oldest first.</summary>
    public Task<IReadOnlyList<string>> NoticesAsync(string orderId) => database.ReadAsync<IReadOnlyList<string>>(connection =>
        connection.Sql("SELECT detail FROM notice JOIN order_number USING (number) WHERE order_id = ? ORDER BY id")
            .Bind(orderId).Rows(row => row.Text(0)));

    sealed class Notices
    {
        public List<IdempotencyKey> Keys { get; init; } = new(1);

        public static Notices Read(Connection connection, long number) => new()
        {
            Keys = connection.Sql("SELECT key, at FROM notice WHERE number = ?").Bind(number)
                .Rows(row => IdempotencyKey.Read(row, 0)),
        };
    }

    sealed class Insertion(OrderNumbers numbers, string orderId, string key, DateTimeOffset at, Notify notice) : Write
    {
        public override void Run(Connection connection) => connection
            .Sql("INSERT INTO notice (number, key, at, customer, detail) VALUES (?, ?, ?, ?, ?)")
            .Bind(numbers.FindOrGive(connection, orderId)).Bind(key).Bind(at.UtcTicks).Bind(notice.CustomerId).Bind(notice.Detail).Run();
    }
}
