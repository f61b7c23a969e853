namespace OrderFunctions.Local.Storage;

/// <summary>
/// Gives each order a number in the order in which they come, so that whatever belongs to recent orders lies together in the file. Used by the writer's
/// thread only.
/// </summary>
sealed class OrderNumbers
{
    const int KnownMax = 100_000;

    readonly Dictionary<string, long> known = new(StringComparer.Ordinal);

    public long? Find(Connection connection, string orderId)
    {
        if (known.TryGetValue(orderId, out var number))
            return number;
        number = connection.Sql("SELECT number FROM order_number WHERE order_id = ?").Bind(orderId).First(row => row.Long(0));
        return number == 0 ? null : Remember(orderId, number);
    }

    public long FindOrGive(Connection connection, string orderId)
    {
        if (Find(connection, orderId) is { } number)
            return number;
        return Remember(orderId, connection.Sql("INSERT INTO order_number (order_id) VALUES (?)").Bind(orderId).Insert());
    }

    /// <summary>What was given since the last commit is undone.</summary>
    public void Forget() => known.Clear();

    long Remember(string orderId, long number)
    {
        if (known.Count == KnownMax)
            known.Clear();
        return known[orderId] = number;
    }
}
