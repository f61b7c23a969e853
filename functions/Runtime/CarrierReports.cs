using System.Diagnostics;
using OrderFunctions.Kernel;
using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

/// <summary>
/// Publishes what the carrier reports. The one sender that publishes what it has not saved: it touches no stream, and the carrier repeats
/// what was not acknowledged.
/// </summary>
public static class CarrierReports
{
    /// <summary>Returns once the bus has it. May be called any number of times with the same event id.</summary>
    /// <param name="eventId">As the carrier states it; the same for each repetition.</param>
    /// <exception cref="TransientException">Whether the bus has it is unknown: report it again.</exception>
    public static Task ReportPickUpAsync(
        this IEventBus bus, string orderId, string eventId, string trackingId, CancellationToken cancellation)
    {
        var id = MessageId.OfCarrierEvent(orderId, eventId);
        return bus.PublishAsync(
            [new(id, orderId, new CarrierPickedUp(trackingId), CausationId: null, Activity.Current?.Id, EnqueueAt: null)], cancellation);
    }
}
