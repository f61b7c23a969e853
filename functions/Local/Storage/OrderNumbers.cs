namespace OrderFunctions.Local.Storage;

/// <summary>
/// Numbers the orders as they arrive, so that the rows of recent orders lie together in the file. For the writer's thread only.
/// </summary>
sealed class OrderNumbers
{
    const int KnownMax = 25_000;

    readonly Dictionary<string, long> known = new(StringComparer.Ordinal);

    public long? Find(Connection connection, string orderId)
    {
        if (known.TryGetValue(orderId, out var number))
            return number;
        return Stored(connection, orderId) is { } stored ? Remember(orderId, stored) : null;
    }

    /// <summary>As the connection sees it; for any thread.</summary>
    public static long? Stored(Connection connection, string orderId) =>
        connection.Sql("SELECT number FROM order_number WHERE order_id = ?").Bind(orderId).First(row => (long?)row.Long(0));

    public long FindOrGive(Connection connection, string orderId)
    {
        if (known.TryGetValue(orderId, out var number))
            return number;

        // Nearly always new: an order that is not is looked up first by whoever loads its stream.
        var isNew = connection.Sql("INSERT INTO order_number (order_id) VALUES (?) ON CONFLICT DO NOTHING").Bind(orderId).Run() > 0;
        return Remember(orderId, isNew ? connection.LastInserted : Stored(connection, orderId)!.Value);
    }

    /// <summary>For a rollback: numbers given since the last commit no longer count.</summary>
    public void Forget() => known.Clear();

    long Remember(string orderId, long number)
    {
        if (known.Count == KnownMax)
            known.Clear();
        return known[orderId] = number;
    }
}
