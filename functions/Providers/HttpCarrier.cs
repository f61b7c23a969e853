using System.Net;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Providers;

/// <summary>
/// A carrier: <c>POST bookings</c>, answered 2xx with a tracking id and the promised time, or 422 with a reason; looked up by
/// <c>?reference=</c>; <c>POST bookings/{id}/cancel</c>, answered 2xx, or 409 once it is picked up. It reports pick-ups by the webhook.
/// Adapt this file to your carrier.
/// </summary>
public sealed class HttpCarrier(HttpClient http) : ICarrier
{
    readonly ProviderApi api = new(http, "carrier");

    public async Task<Answer> BookAsync(string key, string orderId, Address shipTo, CancellationToken cancellation)
    {
        var (status, booking) = await api.AskAsync<Booking>(
            HttpMethod.Post, "bookings", key, new { reference = orderId, shipTo }, cancellation, HttpStatusCode.UnprocessableEntity);
        return AnswerOf(status is HttpStatusCode.UnprocessableEntity ? booking with { Status = "refused" } : booking);
    }

    public async Task<Answer?> FindBookingAsync(string orderId, CancellationToken cancellation)
    {
        var (_, bookings) = await api.AskAsync<Booking[]>(
            HttpMethod.Get, $"bookings?reference={Uri.EscapeDataString(orderId)}", null, null, cancellation);
        return bookings is [var first, ..] ? AnswerOf(first) : null;
    }

    public async Task<Answer> CancelAsync(string key, string orderId, string trackingId, CancellationToken cancellation)
    {
        var (status, _) = await api.AskAsync<Booking>(
            HttpMethod.Post, $"bookings/{Uri.EscapeDataString(trackingId)}/cancel", key, new { reference = orderId },
            cancellation, HttpStatusCode.Conflict);
        return status is HttpStatusCode.Conflict ? new CarrierTooLate() : new CarrierCancelled();
    }

    static Answer AnswerOf(Booking booking) => booking switch
    {
        { Status: "refused" } => new CarrierRefused(booking.Reason ?? "refused"),
        { TrackingId: { } id, PromisedBy: { } promised } => new CarrierBooked(id, promised),
        _ => throw new TransientException("The carrier's booking has no tracking id or promised time yet."),
    };

    sealed record Booking(string? Status, string? TrackingId, DateTimeOffset? PromisedBy, string? Reason);
}
