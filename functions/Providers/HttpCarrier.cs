using System.Net;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Providers;

/// <summary>
/// A carrier over HTTP. What it is asked, and what its answers mean: functions/PROVIDERS.md. It reports pick-ups by the webhook. Adapt this
/// file to yours.
/// </summary>
public sealed class HttpCarrier(HttpClient http, TimeProvider time) : ICarrier
{
    /// <summary>Where the carrier promises no time: it is asked after so long whether it has picked the parcel up.</summary>
    static readonly TimeSpan UnpromisedWithin = TimeSpan.FromDays(7);

    readonly ProviderApi api = new(http, "carrier");

    public TimeSpan LookUpLag => ProviderApi.LookUpLag;

    public async Task<Answer> BookAsync(string key, string orderId, Address shipTo, CancellationToken cancellation)
    {
        var answer = await api.AskAsync(HttpMethod.Post, "bookings", key, new { reference = orderId, shipTo }, cancellation);
        return answer.IsSuccess ? (answer.IsUnreadable ? throw answer.Unusable() : OutcomeOf(answer, [answer.Object])!)
            : IsAboutParcel(answer) ? Refused(answer.Object)
            : throw answer.Unusable();
    }

    public async Task<Answer?> FindBookingAsync(string orderId, CancellationToken cancellation)
    {
        var answer = await BookingsAsync(orderId, cancellation);
        return OutcomeOf(answer, answer.List);
    }

    public async Task<Answer> CancelAsync(string key, string orderId, string trackingId, CancellationToken cancellation)
    {
        var answer = await api.AskAsync(
            HttpMethod.Post, $"bookings/{Uri.EscapeDataString(trackingId)}/cancel", key, new { reference = orderId },
            cancellation, conflictIsAnswer: true);
        if (answer.IsSuccess)
            return new CarrierCancelled();
        if (answer.Status is HttpStatusCode.Conflict)
            return new CarrierTooLate();

        // "Not found" may be a wrong address as well as a booking that is gone: only the look-up tells.
        var isGone = answer.Status is HttpStatusCode.NotFound or HttpStatusCode.Gone;
        var booking = await FindAsync(orderId, trackingId, cancellation);
        return booking is { } known && HasLeft(known) ? new CarrierTooLate()
            : booking is { } cancelled ? IsCancelled(cancelled) ? new CarrierCancelled() : throw answer.Unusable()
            : isGone ? new CarrierCancelled()
            : throw answer.Unusable();
    }

    public async Task<Answer> FindParcelAsync(string orderId, string trackingId, CancellationToken cancellation) =>
        await FindAsync(orderId, trackingId, cancellation) is { } booking && HasLeft(booking)
            ? new ParcelPickedUp()
            : new ParcelNotPickedUp();

    async Task<ProviderObject?> FindAsync(string orderId, string trackingId, CancellationToken cancellation)
    {
        var answer = await BookingsAsync(orderId, cancellation);
        foreach (var booking in answer.List)
        {
            if (booking.Text("trackingId") == trackingId)
                return booking;
        }
        return null;
    }

    Task<ProviderAnswer> BookingsAsync(string orderId, CancellationToken cancellation) =>
        api.AskAsync(HttpMethod.Get, $"bookings?reference={Uri.EscapeDataString(orderId)}", null, null, cancellation);

    /// <summary>The outcome of all bookings under one reference, wherever it stands in the list; null where there is none.</summary>
    Answer? OutcomeOf(ProviderAnswer answer, IReadOnlyList<ProviderObject> bookings)
    {
        var open = bookings.Where(booking => !IsRefused(booking) && !IsCancelled(booking)).ToList();
        var booked = open.Where(booking => booking.Text("trackingId") is not null).ToList();
        if (booked.Count > 1)
            throw answer.Unusable("booked more than once");
        if (booked is [var one])
        {
            var promised = one.Time("promisedBy");
            return promised is null && one.Has("promisedBy")
                ? throw answer.Unusable("the promised time cannot be read")
                : new CarrierBooked(one.Text("trackingId")!, promised ?? time.GetUtcNow() + UnpromisedWithin);
        }
        return open.Count > 0 ? throw answer.Pending()
            : bookings.Count > 0 ? Refused(bookings[0])
            : null;
    }

    static bool IsRefused(ProviderObject booking) => booking.Status is "refused" or "rejected";

    static bool IsCancelled(ProviderObject booking) => booking.Status is "cancelled" or "canceled";

    static bool HasLeft(ProviderObject booking) => booking.Status is "picked-up" or "in-transit" or "delivered";

    /// <summary>All other refusals are for us or for the carrier to mend.</summary>
    static bool IsAboutParcel(ProviderAnswer answer) =>
        answer.Status is HttpStatusCode.UnprocessableEntity || (answer.IsRefusal && IsRefused(answer.Object));

    static CarrierRefused Refused(ProviderObject booking) => new(PublicReason.OfBooking(booking.Reason), booking.Reason);
}
