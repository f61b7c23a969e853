namespace OrderFunctions.ServiceBusBroker;

/// <param name="Topic">The one topic; its messages are checked for duplicates.</param>
/// <param name="Subscriptions">By name the labels that each one's correlation filters let pass. All have sessions.</param>
public sealed record BrokerOptions(string Topic, IReadOnlyDictionary<string, IReadOnlySet<string>> Subscriptions)
{
    public TimeSpan LockDuration { get; init; } = TimeSpan.FromSeconds(30);
    public TimeSpan DuplicateWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Deliveries after which a message is dead-lettered.</summary>
    public int DeliveriesMax { get; init; } = 10;

    /// <summary>Of one transfer, a message or a batch: what the Standard tier takes.</summary>
    public int TransferBytesMax { get; init; } = 256 * 1024;

    /// <summary>
    /// Locks, schedules and the duplicate window go by it. How long a client may wait for a session does not: that is the network's time.
    /// </summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
