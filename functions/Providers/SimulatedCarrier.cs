using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Providers;

/// <summary>Reports that the carrier has picked up an order's parcel, as its webhook would.</summary>
public delegate Task PickUp(string orderId, string trackingId, CancellationToken cancellation);

/// <summary>
/// For trying out: what it does follows from the postal code (<see cref="SimulatedOutside"/>). The pick-ups that it has yet to report are
/// in memory only: the orders of a process that is killed are found picked up when they are due.
/// </summary>
public sealed partial class SimulatedCarrier(PickUp pickUp, TimeProvider time, ILogger<SimulatedCarrier> log) : BackgroundService, ICarrier
{
    static readonly TimeSpan Round = TimeSpan.FromMilliseconds(250);
    static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);
    static readonly TimeSpan PromisedWithin = TimeSpan.FromDays(2);
    static readonly TimeSpan LatePromisedWithin = TimeSpan.FromSeconds(5);
    static readonly TimeSpan LatePickedUpAfter = TimeSpan.FromSeconds(10);
    static readonly TimeSpan ReportedLateAfter = TimeSpan.FromSeconds(10);

    readonly ConcurrentDictionary<string, Parcel> parcels = new(StringComparer.Ordinal);

    public Task<Answer> BookAsync(string key, string orderId, Address shipTo, CancellationToken cancellation)
    {
        var behaviour = SimulatedOutside.OfPostalCode(shipTo.PostalCode);
        if (behaviour is CarrierBehaviour.Refuses)
            return Task.FromResult<Answer>(new CarrierRefused(SimulatedOutside.RefusedReason));
        var now = time.GetUtcNow();
        var parcel = parcels.GetOrAdd(orderId, behaviour switch
        {
            CarrierBehaviour.PicksUpLate => new($"trk-{orderId}", now + LatePromisedWithin, now + LatePickedUpAfter),
            CarrierBehaviour.ReportsLate => new($"trk-{orderId}", now + PromisedWithin, now + ReportedLateAfter, IsPickedUp: true),
            _ => new Parcel($"trk-{orderId}", now + PromisedWithin, now + AtOnce),
        });
        return Task.FromResult<Answer>(new CarrierBooked(parcel.TrackingId, parcel.PromisedBy));
    }

    public Task<Answer?> FindBookingAsync(string orderId, CancellationToken cancellation) => Task.FromResult<Answer?>(
        parcels.TryGetValue(orderId, out var parcel) ? new CarrierBooked(parcel.TrackingId, parcel.PromisedBy) : null);

    public Task<Answer> CancelAsync(string key, string orderId, string trackingId, CancellationToken cancellation)
    {
        if (parcels.TryGetValue(orderId, out var parcel) && (parcel.IsPickedUp || !parcels.TryRemove(new(orderId, parcel))))
            return Task.FromResult<Answer>(new CarrierTooLate());
        return Task.FromResult<Answer>(new CarrierCancelled());
    }

    /// <summary>A parcel that is no longer known was picked up, or its process was killed: then this is how its order ends.</summary>
    public Task<Answer> FindParcelAsync(string orderId, string trackingId, CancellationToken cancellation) => Task.FromResult<Answer>(
        parcels.TryGetValue(orderId, out var parcel) && !parcel.IsPickedUp ? new ParcelNotPickedUp() : new ParcelPickedUp());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var rounds = new PeriodicTimer(Round, time);
        while (await rounds.WaitForNextTickAsync(stoppingToken))
            await PickUpAsync(dueBy: time.GetUtcNow(), stoppingToken);
    }

    /// <summary>The host allows some seconds to stop: what is due soon is picked up now, because later it could not be.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await PickUpAsync(time.GetUtcNow() + AtOnce, cancellationToken);
    }

    Task PickUpAsync(DateTimeOffset dueBy, CancellationToken cancellation) => Parallel.ForEachAsync(
        parcels.Where(parcel => parcel.Value.ReportedAt <= dueBy),
        new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellation },
        async (due, c) => await PickUpAsync(due.Key, due.Value, c));

    async Task PickUpAsync(string orderId, Parcel parcel, CancellationToken cancellation)
    {
        var pickedUp = parcel with { IsPickedUp = true };
        if (!parcel.IsPickedUp && !parcels.TryUpdate(orderId, pickedUp, parcel))
            return;
        try
        {
            await pickUp(orderId, parcel.TrackingId, cancellation);
            parcels.TryRemove(new(orderId, pickedUp));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogNotReported(orderId, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning,
        "Order {OrderId}: the simulated carrier could not report its pick-up, and will try again: {Description}")]
    partial void LogNotReported(string orderId, string description);

    sealed record Parcel(string TrackingId, DateTimeOffset PromisedBy, DateTimeOffset ReportedAt, bool IsPickedUp = false);
}
