namespace OrderFunctions.Runtime;

/// <summary>Measures orders that are waiting: parked, or not final.</summary>
public sealed class Gauges(IOrderQueries orders, TimeProvider time)
{
    public async Task MeasureAsync(CancellationToken cancellation)
    {
        var counts = await orders.CountAsync(cancellation);
        Telemetry.OrdersParked.Record(counts.Parked);
        Telemetry.OldestParkedAge.Record(Age(counts.ParkedSince));
        Telemetry.OldestOpenAge.Record(Age(counts.OldestOpen));
    }

    double Age(DateTimeOffset? since) => since is { } at ? (time.GetUtcNow() - at).TotalSeconds : 0;
}
