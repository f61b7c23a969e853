namespace OrderFunctions.ServiceBusBroker;

/// <param name="Topic">The only topic; it detects duplicates.</param>
/// <param name="Subscriptions">
/// For each subscription name, the labels that its correlation filters accept. All subscriptions have sessions.
/// </param>
public sealed record BrokerOptions(string Topic, IReadOnlyDictionary<string, IReadOnlySet<string>> Subscriptions)
{
    public TimeSpan LockDuration { get; init; } = TimeSpan.FromSeconds(30);
    public TimeSpan DuplicateWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The number of deliveries after which a message is dead-lettered.</summary>
    public int DeliveriesMax { get; init; } = 10;

    /// <summary>The maximum size of one transfer (a message or a batch): the limit of the Standard tier.</summary>
    public int TransferBytesMax { get; init; } = 256 * 1024;

    /// <summary>
    /// The clock for locks, schedules and the duplicate window. How long a client may wait for a session is measured in real time instead.
    /// </summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
