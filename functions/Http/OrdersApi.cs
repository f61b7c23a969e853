using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Orders;

namespace OrderFunctions.Http;

/// <summary>Orders as a customer, or somebody on their behalf, places, follows and cancels them, and as an operator finds them.</summary>
/// <param name="orders">The participant Orders.</param>
/// <param name="operationsPage">What a browser is shown.</param>
public sealed class OrdersApi(Participant orders, IOrderQueries queries, Page operationsPage)
{
    static readonly Problem NoSuchOrder = Problem.NotFound("There is no such order.");

    /// <summary>
    /// Places an order. With an idempotency key the order's id follows from the key, so that any number of equal requests, at once or days apart,
    /// place one.
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
                $"The order takes {bytes} bytes as a message, and may take at most {Limits.EventBytesMax}: split it.");
        }

        // What is begun is finished even if the client hangs up; it can ask again with its key.
        var id = key?.Digest ?? Guid.CreateVersion7().ToString("N");
        var stream = await orders.RequestAsync(id, $"{id}/http/{nameof(PlaceOrder)}", order, CancellationToken.None);

        // Only a stream that was there before has an ETag: this request did not make it.
        var replayed = stream.ETag is not null;
        if (replayed && !IsSame(created, stream.History.OfType<OrderCreated>().First()))
            return Problem.Of(StatusCodes.Status422UnprocessableEntity, "This Idempotency-Key stands for another order, one with a different body.");
        return new JsonAnswer<AcceptedOrder>(StatusCodes.Status202Accepted, AcceptedOrder.Of(OrderSummary.Of(stream)!), Bodies.Json.AcceptedOrder)
        {
            Location = $"/api/orders/{id}",
            Replayed = replayed,
        };
    });

    /// <summary>Where an order stands.</summary>
    public Task<IResult> StatusAsync(HttpRequest request, string id) => request.AnswerAsync(async () =>
        await SummaryAsync(request, id) is { } order ? new TaggedAnswer<OrderBody>(OrderBody.Of(order), Bodies.Json.OrderBody) : NoSuchOrder);

    /// <summary>Every fact of an order; to a browser the page that shows them, so that a link to an order can be mailed.</summary>
    public Task<IResult> TimelineAsync(HttpRequest request, string id) => request.AnswerAsync(async () =>
        Page.IsWantedBy(request) ? operationsPage
        : await LoadAsync(id, request.HttpContext.RequestAborted) is { } stream
            ? new TaggedAnswer<TimelineBody>(Timeline.Of(stream), Bodies.Json.TimelineBody)
            : NoSuchOrder);

    /// <summary>What Orders has stored of an order, entry by entry, without its secrets.</summary>
    public Task<IResult> RecordAsync(HttpRequest request, string id) => request.AnswerAsync(async () =>
        await LoadAsync(id, request.HttpContext.RequestAborted) is { } stream
            ? new TaggedAnswer<JsonObject>(OrderRecord.Of(stream), Bodies.Json.JsonObject)
            : NoSuchOrder);

    /// <summary>Asks for a cancellation. A repetition of one that was accepted is accepted again, whatever has come of it.</summary>
    public Task<IResult> CancelAsync(HttpRequest request, string id) => request.AnswerAsync(async () =>
    {
        var reason = await CancellationReasonAsync(request);
        if (await LoadAsync(id, request.HttpContext.RequestAborted) is not { } stream)
            return NoSuchOrder;
        if (IsWanted(stream) || OrderSummary.Of(stream)!.CanBeCancelled)
            stream = await orders.RequestAsync(id, $"{id}/http/{nameof(CancelOrder)}", new CancelOrder(reason), CancellationToken.None);

        // It may have come too late in between, too.
        if (!IsWanted(stream))
            return Problem.Conflict("The order cannot be cancelled any more.");
        return new JsonAnswer<OrderBody>(StatusCodes.Status202Accepted, OrderBody.Of(OrderSummary.Of(stream)!), Bodies.Json.OrderBody)
        {
            Location = $"/api/orders/{id}",
        };
    });

    /// <summary>A page of orders, newest first: <c>status</c>, <c>text</c>, <c>parked</c>, <c>after</c>, <c>limit</c>.</summary>
    public Task<IResult> ListAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var query = new Query(request);
        var text = query.Text("text", Limits.SearchLength);
        var filter = new OrderFilter(query.Status("status"), text, query.Flag("parked"), query.PageToken, query.Limit);
        query.ThrowIfAnyMistake();
        var page = await query.PageAsync(queries, filter, request.HttpContext.RequestAborted);
        return new TaggedAnswer<OrderListBody>(new([.. page.Orders.Select(OrderBody.Of)], query.Next(page)), Bodies.Json.OrderListBody);
    });

    async Task<OrderSummary?> SummaryAsync(HttpRequest request, string id) =>
        await LoadAsync(id, request.HttpContext.RequestAborted) is { } stream ? OrderSummary.Of(stream) : null;

    /// <summary>Null unless the order was placed: of one that never was, others may have said something all the same.</summary>
    async Task<OrderStream?> LoadAsync(string id, CancellationToken cancellation) =>
        Rules.IsOrderId(id) && await orders.LoadAsync(id, cancellation) is { } stream && stream.History.Any(e => e is OrderCreated) ? stream : null;

    static bool IsWanted(OrderStream stream) => stream.History.Any(e => e is OrderCancellationRequested);

    static async Task<string> CancellationReasonAsync(HttpRequest request)
    {
        using var body = await JsonBody.ReadOptionalAsync(request, Limits.BodyBytesMax);
        if (body is null)
            return "cancelled by the customer";
        var mistakes = new Mistakes();
        var reason = Field.Root(body, mistakes)["reason"].OptionalText(Limits.ReasonLength);
        mistakes.ThrowIfAny();
        return reason ?? "cancelled by the customer";
    }

    /// <summary>By their encoded form, with numbers as numbers: a store may give back 7 for 7.0.</summary>
    static bool IsSame(OrderCreated one, OrderCreated other) => EventJson.Encode(Normal(one)).AsSpan().SequenceEqual(EventJson.Encode(Normal(other)));

    static OrderCreated Normal(OrderCreated order) => order with
    {
        Total = order.Total with { Amount = Field.Normal(order.Total.Amount) },
        Lines = [.. order.Lines.Select(line => line with { UnitPrice = Field.Normal(line.UnitPrice) })],
    };
}
