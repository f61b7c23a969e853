namespace OrderFunctions.Local.Bus;

/// <summary>A subscription's settings, as in Service Bus.</summary>
public sealed record BusOptions
{
    /// <summary>How long a consumer holds a session and its message without renewing the lock.</summary>
    public static readonly TimeSpan LockDuration = TimeSpan.FromMinutes(1);

    /// <summary>How long an accepted message's id is remembered; under much load not so long (<see cref="AcceptedIds.IdsMax"/>).</summary>
    public static readonly TimeSpan DuplicateWindow = TimeSpan.FromMinutes(10);

    /// <summary>
    /// At this many deliveries an abandoned message is dead-lettered. Far above the limit of the kernel, which decides first.
    /// </summary>
    public int DeliveriesMax { get; init; } = 100;
}
