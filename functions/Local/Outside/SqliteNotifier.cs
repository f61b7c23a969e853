using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Outside;

/// <summary>Sends nothing, but keeps each notice: once per idempotency key, which is forgotten after a day.</summary>
public sealed class SqliteNotifier(Database database, TimeProvider time) : INotifier
{
    static readonly TimeSpan KeyMemory = TimeSpan.FromHours(24);

    public Task<Notified> NotifyAsync(string key, string orderId, Notify notice, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return database.RunAsync(connection =>
        {
            var number = database.Numbers.FindOrGive(connection, orderId);
            var known = connection.Sql("SELECT count(*) FROM notice WHERE number = ? AND key = ? AND at > ?")
                .Bind(number).Bind(key).Bind((now - KeyMemory).UtcTicks).First(row => row.Long(0));
            if (known == 0)
            {
                connection.Sql("INSERT INTO notice (number, key, at, customer, detail) VALUES (?, ?, ?, ?, ?)")
                    .Bind(number).Bind(key).Bind(now.UtcTicks).Bind(notice.CustomerId).Bind(notice.Detail).Run();
            }
            return new Notified();
        });
    }

    /// <summary>The notices to the order's customer, oldest first.</summary>
    public Task<IReadOnlyList<string>> NoticesAsync(string orderId) => database.RunAsync<IReadOnlyList<string>>(connection =>
        connection.Sql("SELECT detail FROM notice JOIN order_number USING (number) WHERE order_id = ? ORDER BY id")
            .Bind(orderId).Rows(row => row.Text(0)));
}
