using Microsoft.AspNetCore.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>
/// The carrier's webhook. It publishes what it is told and touches no stream. A carrier repeats what is not answered 2xx, so the answer
/// waits until the bus has the event.
/// </summary>
public sealed class CarrierEventsApi(IEventBus bus, CarrierSignature signature)
{
    const string PickedUp = "picked-up";

    public Task<IResult> ReceiveAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var bytes = await JsonBody.BytesAsync(request, Limits.BodyBytesMax);
        if (!signature.IsValid(request.Headers[CarrierSignature.Header], bytes.Span))
        {
            var refused = Problem.Of(StatusCodes.Status401Unauthorized, $"The {CarrierSignature.Header} is missing, wrong or too old.");
            Refusals.Note(request.HttpContext, "carrier-event", refused.Status, refused.Detail);
            return refused;
        }

        JsonBody.RequireJson(request);
        using var body = JsonBody.Parse(bytes);
        var errors = new ValidationErrors();
        var fields = Field.Root(body, errors);
        var type = fields["type"].Text(Limits.CarrierIdLength);
        if (errors.IsEmpty && type != PickedUp)
        {
            // A carrier reports more than we act on, and would repeat for days what is refused.
            Telemetry.CarrierEventsIgnored.Add(1);
            return Results.NoContent();
        }
        var eventId = fields["eventId"].Text(Limits.CarrierIdLength, Rules.CarrierId);
        var orderId = fields["orderId"].Text(32, Rules.OrderId);
        var trackingId = fields["trackingId"].Text(Limits.CarrierIdLength);
        errors.ThrowIfAny();

        await bus.ReportPickUpAsync(orderId, eventId, trackingId, CancellationToken.None);
        return new JsonAnswer<CarrierEventBody>(StatusCodes.Status202Accepted, new(eventId, orderId), Bodies.Json.CarrierEventBody);
    });
}
