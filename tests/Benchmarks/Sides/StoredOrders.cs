using System.Text;
using Microsoft.Data.Sqlite;
using OrderFunctions.Local.Storage;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>
/// The rows of orders that the durable host has really handled. They can be written again under other ids any number of times, with the
/// same shapes, sizes and indexes.
/// </summary>
sealed class StoredOrders
{
    const int TemplateOrders = 500;

    /// <summary>
    /// What the host inserted for an order, messages included, before it kept from the file what is completed within a transaction. Held,
    /// so that a host that writes fewer rows does not raise the bar that it is measured against.
    /// </summary>
    const double RowsOfLimit = 24.9;

    const string SentLog = "sent_log";

    readonly List<Table> tables = [];
    readonly string[] ids;
    readonly byte[][] idTexts;

    /// <param name="withMessages">
    /// Includes the rows that are deleted once an order is done: one per message and subscriber, and the ids used to detect duplicates.
    /// </param>
    StoredOrders(SqliteConnection connection, bool withMessages)
    {
        ids = [.. Rows(connection, "SELECT order_id FROM order_number ORDER BY number").Select(row => (string)row[0]!)];
        idTexts = [.. ids.Select(Encoding.UTF8.GetBytes)];
        Add(connection, "order_number", "SELECT number, number, order_id FROM order_number ORDER BY number", [Column.Number, Column.OrderId]);
        Add(connection, "entry", "SELECT place >> 20, place, version, size, body, parked FROM entry ORDER BY place",
            [Column.Place, .. Same(2), Column.Body, .. Same(1)]);
        Add(connection, "summary", """
            SELECT number, number, participant, placed_at, status, facts, customer, idempotency_key, parked_since, body FROM summary ORDER BY number
            """, [Column.Number, .. Same(7), Column.Body]);
        Add(connection, "reservation", "SELECT number, number, warehouse, state, lines, short FROM reservation ORDER BY number",
            [Column.Number, .. Same(4)]);
        Add(connection, "card_charge", """
            SELECT number, id, number, key, at, token, amount, currency, declined, answers FROM card_charge ORDER BY number
            """, [Column.RowId, Column.Number, Column.Text, .. Same(6)]);
        Add(connection, "card_refund", """
            SELECT number, id, number, key, at, charge_id, amount, currency FROM card_refund ORDER BY number
            """, [Column.RowId, Column.Number, Column.Text, .. Same(4)]);
        Add(connection, "booking", """
            SELECT number, id, number, key, at, promised_by, picked_up_at, told_at, refused, cancelled FROM booking ORDER BY number
            """, [Column.RowId, Column.Number, Column.Text, .. Same(6)]);
        Add(connection, "notice", "SELECT number, id, number, key, at, customer, detail FROM notice ORDER BY number",
            [Column.RowId, Column.Number, Column.Text, .. Same(3)]);
        if (!withMessages)
            return;
        Add(connection, "message", $"""
            SELECT number, sequence, subscription, id, order_id, type, body, causation_id, trace_parent, enqueued_at, due, deliveries,
                dead_reason, dead_description
            FROM {SentLog} JOIN order_number USING (order_id) ORDER BY number
            """, [Column.RowId, .. Same(1), Column.Text, Column.OrderId, .. Same(1), Column.Body, Column.Text, .. Same(6)]);

        // These rows do not say which order they belong to, and it does not matter.
        Add(connection, "accepted", $"SELECT row % {ids.Length} + 1 AS number, row, at, ids FROM accepted ORDER BY number",
            [Column.RowId, .. Same(2)]);
        RepeatMessages();
    }

    /// <summary>As many messages as it takes to come to <see cref="RowsOfLimit"/>.</summary>
    void RepeatMessages()
    {
        var messages = tables.Single(table => table.Insert.StartsWith("INSERT INTO message ", StringComparison.Ordinal)).Rows;
        var any = messages.SelectMany(rows => rows).First();
        var missing = (int)((RowsOfLimit - RowsPerOrder) * ids.Length);
        for (var row = 0; row < missing; row++)
            messages[row % ids.Length].Add(messages[row % ids.Length] is [var own, ..] ? own : any);
    }

    /// <summary>The average number.</summary>
    public double RowsPerOrder => tables.Sum(table => table.Rows.Sum(rows => rows.Count)) / (double)ids.Length;

    /// <summary>Lets the host handle some orders in a new file and reads what it has written.</summary>
    public static async Task<StoredOrders> ReadAsync(string folder, bool withMessages)
    {
        var path = Path.Combine(folder, "template.db");
        await using (await OurSaga.StartAsync(path))
        {
        }
        using (var connection = new Connection(ConnectionString(path)))
        {
            connection.Script($"""
                CREATE TABLE {SentLog} AS SELECT * FROM message WHERE false;
                CREATE TRIGGER sent AFTER INSERT ON message BEGIN
                    INSERT INTO {SentLog} SELECT * FROM message WHERE sequence = new.sequence;
                END;
                """);
        }
        await using (var saga = await OurSaga.StartAsync(path))
        {
            await Task.WhenAll(Workload.Orders(TemplateOrders, seed: 3).Select(order => saga.PlaceAsync(order.Id, order.Order)));
            await saga.Finals.ReachAsync(TemplateOrders);

            // Wait until the last customer is notified and the last promised time has passed.
            await Task.Delay(TimeSpan.FromSeconds(3));
        }
        using (var connection = new SqliteConnection(ConnectionString(path)))
        {
            connection.Open();
            return new(connection, withMessages);
        }
    }

    /// <summary>Creates a file that holds that many finished orders.</summary>
    public static async Task<Dictionary<string, double>> FillAsync(string folder, string path, int orders)
    {
        const int OrdersPerTransaction = 10_000;
        var stored = await ReadAsync(folder, withMessages: false);

        // A killed run starts again from the beginning, so nothing needs to be durable on the way.
        using (var connection = new Connection(ConnectionString(path), "journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"))
        {
            Schema.Apply(connection);
            for (var number = 1L; number <= orders; number++)
            {
                if (number % OrdersPerTransaction == 1)
                    connection.Sql("BEGIN").Run();
                stored.Write(connection, number);
                if (number % OrdersPerTransaction == 0 || number == orders)
                    connection.Sql("COMMIT").Run();
            }
            connection.Script("INSERT INTO final_count SELECT status, facts, count(*) FROM summary GROUP BY status, facts");
        }
        return new() { [BytesPerOrder] = (double)new FileInfo(path).Length / orders };
    }

    public const string BytesPerOrder = "bytes/order";

    public static string ConnectionString(string path) => new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString();

    /// <summary>Writes all rows of one order.</summary>
    /// <param name="number">Starts at 1; each number once, in ascending order.</param>
    public void Write(Connection connection, long number)
    {
        var template = (int)((number - 1) % ids.Length);
        var id = Guid.NewGuid().ToString("N");
        var idText = Encoding.UTF8.GetBytes(id);
        foreach (var table in tables)
        {
            foreach (var row in table.Rows[template])
            {
                var statement = connection.Sql(table.Insert);
                for (var index = 0; index < table.Columns.Length; index++)
                    Bind(statement, table.Columns[index], row[index]);
                statement.Run();
            }
        }

        void Bind(Statement statement, Column column, object? value) => _ = column switch
        {
            Column.Number => statement.Bind(number),
            Column.Place => statement.Bind((number << 20) | ((long)value! & 0xFFFFF)),
            Column.OrderId => statement.Bind(id),
            Column.RowId => statement.Bind((long?)null),
            Column.Text => statement.Bind(((string?)value)?.Replace(ids[template], id, StringComparison.Ordinal)),
            Column.Body => statement.Bind(Renamed((byte[]?)value, idTexts[template], idText)),
            _ => value switch
            {
                null => statement.Bind((string?)null),
                long whole => statement.Bind(whole),
                byte[] bytes => statement.Bind(bytes),
                _ => statement.Bind((string)value),
            },
        };
    }

    /// <summary>Both ids must have the same length.</summary>
    static byte[]? Renamed(byte[]? body, byte[] from, byte[] to)
    {
        if (body is null)
            return null;
        var renamed = body.AsSpan().ToArray();
        for (int start = 0, found; (found = renamed.AsSpan(start).IndexOf(from)) >= 0; start += found + to.Length)
            to.CopyTo(renamed, start + found);
        return renamed;
    }

    static Column[] Same(int count) => [.. Enumerable.Repeat(Column.Same, count)];

    /// <param name="select">Selects the order's number first, then the columns.</param>
    void Add(SqliteConnection connection, string name, string select, Column[] columns)
    {
        var byOrder = Rows(connection, select).ToLookup(row => (long)row[0]!, row => row[1..]);
        var rows = Enumerable.Range(1, ids.Length).Select(number => byOrder[number].ToList());
        tables.Add(new($"INSERT INTO {name} VALUES ({string.Join(", ", columns.Select(_ => "?"))})", columns, [.. rows]));
    }

    static IEnumerable<object?[]> Rows(SqliteConnection connection, string select)
    {
        using var command = connection.CreateCommand();
        command.CommandText = select;
        using var reader = command.ExecuteReader();
        while (reader.Read())
            yield return [.. Enumerable.Range(0, reader.FieldCount).Select(column => reader.IsDBNull(column) ? null : reader.GetValue(column))];
    }

    /// <summary>How a value changes when its row is copied to another order.</summary>
    enum Column
    {
        Same,
        Number,
        Place,
        OrderId,
        RowId,
        Text,
        Body,
    }

    sealed record Table(string Insert, Column[] Columns, List<object?[]>[] Rows);
}
