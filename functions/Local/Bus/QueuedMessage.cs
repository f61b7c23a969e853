using System.Text.Json;
using OrderFunctions.Kernel;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Bus;

/// <summary>One subscription's copy of a message, in memory as in its row.</summary>
sealed class QueuedMessage
{
    byte[]? body;

    /// <summary>Its row, and its place among all messages. A scheduled message gets a new one when it is due.</summary>
    public required long Sequence { get; set; }

    public required string Subscription { get; init; }
    public required string Id { get; init; }
    public required string OrderId { get; init; }
    public required string Type { get; init; }

    /// <summary>Encoded on first use: most messages are completed before they would be written.</summary>
    public byte[] Body { get => body ??= EventJson.Encode(Event!); init => body = value; }
    public required string? CausationId { get; init; }
    public required string? TraceParent { get; init; }
    public required DateTimeOffset EnqueuedAt { get; init; }

    /// <summary>Not kept in the file: every message read from there counts as delivered before anyway.</summary>
    public DateTimeOffset? RecordedAt { get; init; }

    /// <summary>When it is to be delivered; null for at once.</summary>
    public DateTimeOffset? Due { get; init; }

    public int Deliveries { get; set; }

    /// <summary>The one behind it in its order's queue.</summary>
    public QueuedMessage? Next { get; set; }

    /// <summary>The transaction at whose end its row is written.</summary>
    public long Transaction { get; set; } = -1;

    /// <summary>It was completed before that, so its row is never written.</summary>
    public bool IsWithdrawn { get; set; }

    /// <summary>The published event itself, while this process runs: events are immutable, so nothing need be parsed.</summary>
    public OrderEvent? Event { get; init; }

    public ReceivedMessage Received()
    {
        var (@event, unreadable) = Event is null ? Parsed() : (Event, null);
        return new(Id, OrderId, Type, @event, CausationId, TraceParent, EnqueuedAt, Deliveries, unreadable, RecordedAt);
    }

    (OrderEvent? Event, string? Unreadable) Parsed()
    {
        try
        {
            return (EventJson.Decode(Type, Body), null);
        }
        catch (JsonException e)
        {
            return (null, e.Message);
        }
    }

    public void Insert(Connection connection) => connection
        .Sql("""
            INSERT INTO message (sequence, subscription, id, order_id, type, body, causation_id, trace_parent, enqueued_at, due)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        .Bind(Sequence).Bind(Subscription).Bind(Id).Bind(OrderId).Bind(Type).Bind(Body).Bind(CausationId).Bind(TraceParent)
        .Bind(EnqueuedAt.UtcTicks).Bind(Due?.UtcTicks).Run();

    /// <summary>Every message that is not completed, in order, dead letters included.</summary>
    public static List<(QueuedMessage Message, bool IsDead)> ReadAll(Connection connection) => connection
        .Sql("""
            SELECT sequence, subscription, id, order_id, type, body, causation_id, trace_parent, enqueued_at, due, deliveries,
                dead_reason IS NOT NULL
            FROM message ORDER BY sequence
            """)
        .Rows(row => (new QueuedMessage
        {
            Sequence = row.Long(0),
            Subscription = row.Text(1),
            Id = row.Text(2),
            OrderId = row.Text(3),
            Type = row.Text(4),
            Body = row.Bytes(5).ToArray(),
            CausationId = row.TextOrNull(6),
            TraceParent = row.TextOrNull(7),
            EnqueuedAt = new(row.Long(8), TimeSpan.Zero),
            Due = row.LongOrNull(9) is { } due ? new(due, TimeSpan.Zero) : null,

            // First deliveries are not written: it may have had one.
            Deliveries = Math.Max(1, (int)row.Long(10)),
        }, row.Long(11) != 0));
}
