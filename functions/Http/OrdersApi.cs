using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Orders;

namespace OrderFunctions.Http;

/// <summary>Placing orders, for shops; following and cancelling them, for their customers too; finding them, for operators.</summary>
/// <param name="orders">The participant Orders.</param>
/// <param name="operationsPage">What a browser gets in place of a timeline.</param>
public sealed class OrdersApi(Participant orders, IOrderQueries queries, Page operationsPage)
{
    static readonly Problem NoSuchOrder = Problem.NotFound("There is no such order.");

    /// <summary>
    /// Places an order. With an idempotency key the order's id follows from the key, so that any number of equal requests, at once or
    /// days apart, place one order.
    /// </summary>
    public Task<IResult> PlaceAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var key = IdempotencyKey.Of(request);
        using var body = await JsonBody.ReadAsync(request, Limits.OrderBytesMax);
        var order = OrderForm.Read(body, key?.Value);
        var created = Order.Decider.Decide(Order.Decider.Initial, order).OfType<OrderCreated>().Single();
        var bytes = EventJson.Encode(created).Length;
        if (bytes > Limits.EventBytesMax)
        {
            return Problem.Of(
                StatusCodes.Status413PayloadTooLarge,
                $"The order takes {bytes} bytes as a message; the limit is {Limits.EventBytesMax}. Split it.");
        }

        // Finished even if the client disconnects; it can ask again with its key.
        var id = key?.Digest ?? Guid.CreateVersion7().ToString("N");
        var stream = await orders.RequestAsync(
            id, MessageId.OfRequest(id, nameof(PlaceOrder)), order, CancellationToken.None, Callers.Of(request));

        // Only a stream that existed before this request has an ETag.
        var replayed = stream.ETag is not null;
        if (replayed && !IsSame(created, stream.History.OfType<OrderCreated>().First()))
        {
            const string detail = "This Idempotency-Key was used for an order with a different body.";
            return Problem.Of(StatusCodes.Status422UnprocessableEntity, detail);
        }
        var accepted = AcceptedOrder.Of(OrderSummary.Of(stream)!);
        return new JsonAnswer<AcceptedOrder>(StatusCodes.Status202Accepted, accepted, Bodies.Json.AcceptedOrder)
        {
            Location = $"/api/orders/{id}",
            Replayed = replayed,
        };
    });

    /// <summary>Where an order stands.</summary>
    public Task<IResult> StatusAsync(HttpRequest request, string id) => request.AnswerAsync(async () =>
        await LoadAsync(request, id) is { } stream
            ? new TaggedAnswer<OrderBody>(OrderBody.Of(OrderSummary.Of(stream)!), Bodies.Json.OrderBody)
            : NoSuchOrder);

    /// <summary>Every fact of an order. A browser gets the page that shows them, so that a link to an order can be mailed.</summary>
    public Task<IResult> TimelineAsync(HttpRequest request, string id) => request.AnswerAsync(async () =>
    {
        if (Page.IsWantedBy(request))
            return operationsPage;
        request.HttpContext.Response.Headers.Vary = HeaderNames.Accept;
        return await LoadAsync(request, id) is { } stream
            ? new TaggedAnswer<TimelineBody>(Timeline.Of(stream, withCallers: Roles.IsOperator(request)), Bodies.Json.TimelineBody)
            : NoSuchOrder;
    });

    /// <summary>What Orders has stored of an order, entry by entry, without secrets.</summary>
    public Task<IResult> RecordAsync(HttpRequest request, string id) => request.AnswerAsync(async () =>
        await LoadAsync(request, id) is { } stream
            ? new TaggedAnswer<JsonObject>(OrderRecord.Of(stream), Bodies.Json.JsonObject)
            : NoSuchOrder);

    /// <summary>Requests a cancellation. A repetition is accepted again, whatever came of the first request.</summary>
    public Task<IResult> CancelAsync(HttpRequest request, string id) => request.AnswerAsync(async () =>
    {
        var reason = await CancellationReasonAsync(request);
        if (await LoadAsync(request, id) is not { } stream)
            return NoSuchOrder;
        if (IsRequested(stream) || OrderSummary.Of(stream)!.CanBeCancelled)
        {
            var cancel = new CancelOrder(reason ?? $"cancelled by {Roles.Canceller(request, stream)}");
            stream = await orders.RequestAsync(
                id, MessageId.OfRequest(id, nameof(CancelOrder)), cancel, CancellationToken.None, Callers.Of(request));
        }

        // It may also have become too late in the meantime.
        if (!IsRequested(stream))
            return Problem.Conflict("The order can no longer be cancelled.");
        return new JsonAnswer<OrderBody>(StatusCodes.Status202Accepted, OrderBody.Of(OrderSummary.Of(stream)!), Bodies.Json.OrderBody)
        {
            Location = $"/api/orders/{id}",
        };
    });

    /// <summary>
    /// A page of orders, newest first: <c>status</c>, <c>text</c>, <c>contains</c>, <c>sku</c>, <c>trackingId</c>, <c>parked</c>,
    /// <c>from</c>, <c>to</c>, <c>after</c>, <c>limit</c>.
    /// </summary>
    public Task<IResult> ListAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var query = new Query(request);
        var filter = new OrderFilter(
            query.Status("status"), query.Text("text", Limits.SearchLength), query.Flag("parked"), query.PageToken, query.Limit,
            query.Text("contains", Limits.SearchLength), query.Text("sku", Limits.SkuLength, Rules.Sku),
            query.Text("trackingId", Limits.SearchLength), query.Time("from"), query.Time("to"));
        query.ThrowIfAny();
        var page = await query.PageAsync(queries, filter, request.HttpContext.RequestAborted);
        var body = new OrderListBody([.. page.Orders.Select(OrderBody.Of)], query.Next(page), page.SearchedTo);
        return new TaggedAnswer<OrderListBody>(body, Bodies.Json.OrderListBody);
    });

    /// <summary>
    /// Null unless the order was placed (Orders has a stream too of an order that it only heard of) and the caller may follow it: another's
    /// order is answered like one that does not exist.
    /// </summary>
    async Task<OrderStream?> LoadAsync(HttpRequest request, string id) =>
        Rules.IsOrderId(id)
        && await orders.LoadAsync(id, request.HttpContext.RequestAborted) is { } stream
        && stream.History.Any(e => e is OrderCreated)
        && Roles.MayFollow(request, stream)
            ? stream
            : null;

    static bool IsRequested(OrderStream stream) => stream.History.Any(e => e is OrderCancellationRequested);

    static async Task<string?> CancellationReasonAsync(HttpRequest request)
    {
        using var body = await JsonBody.ReadOptionalAsync(request, Limits.BodyBytesMax);
        if (body is null)
            return null;
        var errors = new ValidationErrors();
        var reason = Field.Root(body, errors, "reason")["reason"].OptionalText(Limits.ReasonLength);
        errors.ThrowIfAny();
        return reason;
    }

    /// <summary>
    /// Compares what the client sent, in its encoded form and without trailing zeros: a store may return 7 for 7.0. The total's amount
    /// follows from that, and an earlier version did not round it.
    /// </summary>
    static bool IsSame(OrderCreated one, OrderCreated other) =>
        EventJson.Encode(Normal(one)).AsSpan().SequenceEqual(EventJson.Encode(Normal(other)));

    static OrderCreated Normal(OrderCreated order) => order with
    {
        Total = order.Total with { Amount = 0 },
        Lines = [.. order.Lines.Select(line => line with { UnitPrice = Field.Normal(line.UnitPrice) })],
    };
}
