namespace OrderFunctions.Local.Bus;

/// <summary>What is set for a subscription of Service Bus.</summary>
public sealed record BusOptions
{
    /// <summary>How long a session and its message stay with a consumer that does not renew its lock.</summary>
    public TimeSpan LockDuration { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an accepted message's id is remembered.</summary>
    public TimeSpan DuplicateWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A message delivered so often is dead-lettered when it is given back. Far above what the kernel allows, which decides first.</summary>
    public int DeliveriesMax { get; init; } = 100;

    /// <summary>While more messages wait to be heard, what comes over HTTP is answered later: a flood is slowed down before it becomes an endless queue.</summary>
    public int WaitingMax { get; init; } = 1_000;

    /// <summary>How much later at most: however much waits, a participant whose outside is away for one, the intake goes on.</summary>
    public TimeSpan SlowdownMax { get; init; } = TimeSpan.FromMilliseconds(100);
}
