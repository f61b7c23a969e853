using OrderFunctions.Kernel;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Streams;

/// <summary>
/// The streams of all participants, stored append-only. Those of recent orders are also kept in memory, so that a turn parses nothing, and
/// a conflict is found in memory before the save is queued. A save waits for the disk only after an HTTP request that publishes nothing:
/// everything else is followed by a publication, or by the completion of a message, which cannot be on disk without it.
/// </summary>
public sealed class SqliteStreams
{
    readonly Database database;
    readonly Dictionary<string, int> participants;

    public SqliteStreams(Database database)
    {
        this.database = database;
        participants = database.CommitAsync(ReadParticipants).GetAwaiter().GetResult();

        // Shipping looks at an order again at the promised time, when most others are done with it.
        database.Recent.KeptPart = participants[Participants.Shipping];
    }

    /// <summary>One participant's streams, for turns on messages.</summary>
    public IStreamStore Of(string participant) => new Store(this, participants[participant], forRequests: false);

    /// <summary>
    /// One participant's streams, for requests from outside the process. While the disk fails they are told what is on it, and save
    /// nothing.
    /// </summary>
    public IStreamStore OfRequests(string participant) => new Store(this, participants[participant], forRequests: true);

    /// <summary>A participant's number is part of its rows' keys, so it is kept even if the participant leaves topology.json.</summary>
    static Dictionary<string, int> ReadParticipants(Connection connection)
    {
        foreach (var subscription in Topology.Current.Subscriptions)
            connection.Sql("INSERT INTO participant (name) VALUES (?) ON CONFLICT DO NOTHING").Bind(subscription.Name).Run();
        return connection.Sql("SELECT name, id FROM participant")
            .Rows(row => (Name: row.Text(0), Id: (int)row.Long(1))).ToDictionary(p => p.Name, p => p.Id);
    }

    async ValueTask<StoredStream?> LoadAsync(string orderId, int participant, bool forRequest)
    {
        if (forRequest && database.DiskFails)
            return await StoredAsync(orderId, participant);
        var order = database.Recent[orderId];
        lock (order)
        {
            if (!order.IsDropped && order.Knows(participant))
                return (StoredStream?)order[participant];
        }
        return await ReadAsync(orderId, participant, forRequest);
    }

    /// <summary>The stream as it is on disk.</summary>
    async Task<StoredStream?> StoredAsync(string orderId, int participant) => (await database.ReadAsync(connection =>
        StreamRows.Read(connection, OrderNumbers.Stored(connection, orderId), participant))).Parsed(orderId);

    /// <summary>On the writer's thread, behind every save queued before, so it cannot be stale.</summary>
    async Task<StoredStream?> ReadAsync(string orderId, int participant, bool forRequest)
    {
        using var held = database.Recent.Hold(orderId);
        var isNew = await database.RunAsync(connection => database.Numbers.Find(connection, orderId) is null, forRequest);
        var rows = isNew ? StreamRows.OfNewOrder
            : await database.ReadAtCommitAsync(
                connection => StreamRows.Read(connection, database.Numbers.Find(connection, orderId), participant), forRequest);
        var stored = rows.Parsed(orderId);
        lock (held.Order)
        {
            if (rows.IsNewOrder)
                held.Order.KnowAll();
            else if (!held.Order.Knows(participant))
                held.Order[participant] = stored;
            return (StoredStream?)held.Order[participant];
        }
    }

    async Task SaveAsync(OrderStream stream, OrderSummary? summary, int participant, bool forRequest)
    {
        if (forRequest && database.DiskFails)
            throw new TransientException("The disk fails.");
        using var held = database.Recent.Hold(stream.OrderId);
        var before = await LoadAsync(stream.OrderId, participant, forRequest);
        if (before?.Stream.ETag != stream.ETag)
            throw new StreamConflictException(stream.OrderId);
        var write = new StreamWrite(database.Numbers, participant, before, stream, summary);
        if (!TryQueue(held.Order, write, before, participant))
            throw new StreamConflictException(stream.OrderId);
        if (stream.Entries is [.., { Via: Via.Http }] && stream.PendingSince is null)
            await database.CommittedAsync(unlessDiskFails: true);
    }

    /// <summary>False if another save came first.</summary>
    bool TryQueue(RecentOrder order, StreamWrite write, StoredStream? before, int participant)
    {
        lock (order)
        {
            if (!ReferenceEquals(order[participant], before))
                return false;
            database.Enqueue(write);
            order[participant] = write.After;
            return true;
        }
    }

    sealed class Store(SqliteStreams streams, int participant, bool forRequests) : IStreamStore
    {
        public async Task<OrderStream?> LoadAsync(string orderId, CancellationToken cancellation) =>
            (await streams.LoadAsync(orderId, participant, forRequests))?.Stream;

        public Task SaveAsync(OrderStream stream, OrderSummary? summary, CancellationToken cancellation) =>
            streams.SaveAsync(stream, summary, participant, forRequests);

        public async Task<IReadOnlyList<string>> PendingAsync(DateTimeOffset before, int max, CancellationToken cancellation) =>
            await streams.database.ReadAsync(connection => connection
                .Sql("""
                    SELECT order_id FROM unconfirmed JOIN order_number USING (number)
                    WHERE participant = ? AND since < ? ORDER BY since, number LIMIT ?
                    """)
                .Bind(participant).Bind(before.UtcTicks).Bind(max)
                .Rows(row => row.Text(0)));
    }
}
