using Microsoft.AspNetCore.Http;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http;

/// <summary>The carrier's webhook. A carrier repeats what is not answered 2xx, so the answer waits until the fact is published.</summary>
/// <param name="shipping">The participant Shipping.</param>
public sealed class CarrierEventsApi(Participant shipping, CarrierSignature signature)
{
    const string PickedUp = "picked-up";

    public Task<IResult> ReceiveAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var bytes = await JsonBody.BytesAsync(request, Limits.BodyBytesMax);
        if (!signature.IsValid(request.Headers[CarrierSignature.Header], bytes.Span))
            return Problem.Of(StatusCodes.Status401Unauthorized, $"The {CarrierSignature.Header} is missing, wrong or too old.");

        JsonBody.RequireJson(request);
        using var body = JsonBody.Parse(bytes);
        var errors = new ValidationErrors();
        var fields = Field.Root(body, errors);
        var eventId = fields["eventId"].Text(Limits.CarrierIdLength, Rules.CarrierId);
        var orderId = fields["orderId"].Text(32, Rules.OrderId);
        var trackingId = fields["trackingId"].Text(Limits.CarrierIdLength);
        fields["type"].Text(Limits.CarrierIdLength, type => type == PickedUp ? null : $"must be {PickedUp}");
        errors.ThrowIfAny();

        await shipping.RequestAsync(
            orderId, MessageId.OfCarrierEvent(orderId, eventId), new CarrierPickedUp(trackingId), CancellationToken.None);
        return new JsonAnswer<CarrierEventBody>(StatusCodes.Status202Accepted, new(eventId, orderId), Bodies.Json.CarrierEventBody);
    });
}
