using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http;

/// <summary>What operators see and do, all from Orders' own store: no service reads another's data.</summary>
/// <param name="orders">The participant Orders.</param>
/// <param name="time">Tells how old an order is.</param>
/// <param name="deadLetter">
/// Returns a participant's dead letter by its id: in the local host, where all participants share one bus. Null in Azure, where Orders may
/// read only its own.
/// </param>
public sealed class OperationsApi(
    Participant orders, IOrderQueries queries, TimeProvider time, Func<string, string, DeadLetter?>? deadLetter = null)
{
    /// <summary>Orders handled in parallel.</summary>
    const int ParallelismMax = 8;

    static readonly Problem NoSuchOrder = Problem.NotFound("There is no such order.");

    readonly Choreography choreography = new(isLocal: deadLetter is not null);

    /// <summary>Who says and who hears what.</summary>
    public Task<IResult> TopologyAsync(HttpRequest request) =>
        request.AnswerAsync(() => Task.FromResult<IResult>(new TaggedAnswer<TopologyBody>(choreography.Body, Bodies.Json.TopologyBody)));

    /// <summary>The number of orders by status, and by event that was said.</summary>
    public Task<IResult> CountsAsync(HttpRequest request) => request.AnswerAsync(async () =>
        new TaggedAnswer<CountsBody>(await Counts.ReadAsync(queries, request.HttpContext.RequestAborted), Bodies.Json.CountsBody));

    /// <summary>A page of parked orders, newest first: <c>after</c>, <c>limit</c>. One may be parked at several participants.</summary>
    public Task<IResult> ParkedAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var query = new Query(request);
        var filter = new OrderFilter(Parked: true, After: query.PageToken, Limit: query.Limit);
        query.ThrowIfAny();
        var page = await query.PageAsync(queries, filter, request.HttpContext.RequestAborted);
        var parked =
            from order in page.Orders
            from place in order.ParkedNow
            select new ParkedBody(
                order.OrderId, order.CustomerId, order.Status, place.Key, place.Value.Since!.Value,
                place.Value.MessageId, place.Value.Reason, place.Value.Description, place.Value.Failed, order.Owed);
        return new TaggedAnswer<ParkedListBody>(new([.. parked], query.Next(page)), Bodies.Json.ParkedListBody);
    });

    /// <summary>
    /// Looks for what is wrong, by Orders' own record: at all orders that are being undone, and at the newest of those placed
    /// <c>from</c>, <c>to</c>. Reads up to <see cref="Limits.AuditedMax"/> of each: for a person who asks, not for polling.
    /// </summary>
    public Task<IResult> AuditAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var query = new Query(request);
        var placed = new OrderFilter(From: query.Time("from"), To: query.Time("to"), Limit: Limits.PageMax);
        query.ThrowIfAny();
        OrderFilter[] filters =
        [
            new(OrderStatus.Cancelling, Limit: Limits.PageMax), new(OrderStatus.Rejecting, Limit: Limits.PageMax),
            new(Parked: true, Limit: Limits.PageMax), placed,
        ];
        var audited = new Dictionary<string, OrderSummary>(StringComparer.Ordinal);
        var more = false;
        foreach (var filter in filters)
        {
            var (found, isMore) = await queries.FirstAsync(filter, Limits.AuditedMax, request.HttpContext.RequestAborted);
            found.ForEach(order => audited[order.OrderId] = order);
            more |= isMore;
        }
        var now = time.GetUtcNow();
        var owed =
            from order in audited.Values
            where order.Owed is not null
            select new OwedBody(order.OrderId, order.CustomerId, order.Status, order.Owed!, order.PlacedAt);
        var findings =
            from order in audited.Values
            from finding in OrderAudit.FindingsOf(order, now)
            select new FindingBody(order.OrderId, finding);
        var body = new AuditBody(audited.Count, more, [.. owed], [.. findings.Take(Limits.FindingsMax)]);
        return new TaggedAnswer<AuditBody>(body, Bodies.Json.AuditBody);
    });

    /// <summary>Where one order is parked, with the messages themselves where Orders can read them.</summary>
    public Task<IResult> ParkedOrderAsync(HttpRequest request, string id) => request.AnswerAsync(async () =>
        Rules.IsOrderId(id) && await orders.LoadAsync(id, request.HttpContext.RequestAborted) is { } stream
            ? new TaggedAnswer<ParkedOrderBody>(ParkedMessages.Of(stream, deadLetter), Bodies.Json.ParkedOrderBody)
            : Problem.NotFound("There is no such order."));

    /// <summary>
    /// Asks participants to replay parked orders: those that match <c>orderIds</c>, <c>participant</c> and <c>reason</c>, or <c>all</c>.
    /// A repetition with the same Idempotency-Key replays no order a second time.
    /// </summary>
    public Task<IResult> ReplayAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var number = RequestNumber(request);
        var selection = await Selection.ReadAsync(request);
        var targets = selection.OrderIds is { } ids ? await NamedAsync(ids, selection, request) : await ParkedAsync(selection, request);
        var requested = targets.Take(Limits.ReplaysMax).ToList();

        // Those of one order one after the other: each is a turn on the same stream.
        await Parallel.ForEachAsync(
            requested.GroupBy(target => target.OrderId),
            new ParallelOptions { MaxDegreeOfParallelism = ParallelismMax },
            async (order, _) =>
            {
                foreach (var (orderId, participant) in order)
                {
                    var requestId = MessageId.OfRequest(orderId, $"{nameof(ReplayRequested)}/{participant}/{number}");
                    await orders.RequestAsync(
                        orderId, requestId, new ReplayRequested(participant), CancellationToken.None, Callers.Of(request));
                }
            });
        var accepted = new ReplayBody(requested, More: targets.Count > requested.Count);
        return new JsonAnswer<ReplayBody>(StatusCodes.Status202Accepted, accepted, Bodies.Json.ReplayBody);
    });

    /// <summary>Asks a participant to discard a parked message. Who asked, and why, is kept in its stream.</summary>
    public Task<IResult> DiscardAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var number = RequestNumber(request);
        var message = await NamedMessage.ReadAsync(request, mayStrand: true);
        if (await orders.LoadAsync(message.OrderId, request.HttpContext.RequestAborted) is not { } stream)
            return NoSuchOrder;
        if (!message.Strand && OrderSummary.Of(stream) is { IsFinal: false })
        {
            if (message.IsUndoing)
            {
                return Problem.Conflict(
                    "Without this message, which undoes a step, the order never becomes final. Settle the step by hand, or discard it with "
                    + "strand: true (on the console --strand).");
            }
            if (message.EndsOrder(stream))
            {
                return Problem.Conflict(
                    "Without this message Orders does not learn how the order ended, and it stays open. Replay it once it can be handled, "
                    + "or discard it with strand: true (on the console --strand).");
            }
        }
        var discard = new DiscardRequested(message.Participant, message.MessageId, message.By, message.Reason);
        return await RequestAsync(request, message, discard, number);
    });

    /// <summary>
    /// Tells a participant that an undoing step was done outside. It refuses where its provider has done the step already; that stands in
    /// the timeline, as does who asked, and why.
    /// </summary>
    public Task<IResult> SettleAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var number = RequestNumber(request);
        var message = await NamedMessage.ReadAsync(request, mayStrand: false);
        if (await orders.LoadAsync(message.OrderId, request.HttpContext.RequestAborted) is not { } stream
            || OrderSummary.Of(stream) is not { } order)
        {
            return NoSuchOrder;
        }
        var settle = new SettleRequested(
            message.Participant, message.MessageId, order.CustomerId, order.Reason ?? message.Reason, message.By, message.Reason);
        if (settle.Step() is null || !message.IsUndoing)
            return Problem.Conflict("That message undoes no step that could be settled by hand.");
        var isRepeated = stream.IndexOf(message.RequestId(settle, number)) >= 0;
        if (!isRepeated && order.Status is not (OrderStatus.Cancelling or OrderStatus.Rejecting))
            return Problem.Conflict("The order is not being undone.");
        return await RequestAsync(request, message, settle, number);
    });

    async Task<IResult> RequestAsync(HttpRequest request, NamedMessage message, PublicEvent control, string number)
    {
        await orders.RequestAsync(
            message.OrderId, message.RequestId(control, number), control, CancellationToken.None, Callers.Of(request));
        var accepted = new DiscardBody(message.OrderId, message.Participant, message.MessageId, message.By, message.Reason);
        return new JsonAnswer<DiscardBody>(StatusCodes.Status202Accepted, accepted, Bodies.Json.DiscardBody);
    }

    /// <summary>A request without a key is always a new one: the bus must not drop it as a duplicate.</summary>
    static string RequestNumber(HttpRequest request) => IdempotencyKey.Of(request)?.Digest ?? Guid.CreateVersion7().ToString("N");

    /// <summary>With both order and participant named, the replay is requested even if Orders has not heard of the parking yet.</summary>
    async Task<List<ReplayTarget>> NamedAsync(IReadOnlyList<string> ids, Selection selection, HttpRequest request)
    {
        var targets = new ConcurrentBag<ReplayTarget>();
        await Parallel.ForEachAsync(
            ids,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelismMax, CancellationToken = request.HttpContext.RequestAborted },
            async (id, cancellation) =>
            {
                if (await orders.LoadAsync(id, cancellation) is not { } stream)
                    return;
                if (selection is { Participant: { } participant, Reason: null })
                    targets.Add(new(id, participant));
                else if (OrderSummary.Of(stream) is { } order)
                    selection.In(order).ToList().ForEach(targets.Add);
            });
        return
        [
            .. targets.OrderBy(target => target.OrderId, StringComparer.Ordinal)
                .ThenBy(target => target.Participant, StringComparer.Ordinal),
        ];
    }

    /// <summary>Stops once there are more than one request may replay.</summary>
    async Task<List<ReplayTarget>> ParkedAsync(Selection selection, HttpRequest request)
    {
        var targets = new List<ReplayTarget>();
        var filter = new OrderFilter(Parked: true, Limit: Limits.PageMax);
        do
        {
            var page = await queries.ListAsync(filter, request.HttpContext.RequestAborted);
            targets.AddRange(page.Orders.SelectMany(selection.In));
            filter = filter with { After = page.Next };
        }
        while (filter.After is not null && targets.Count <= Limits.ReplaysMax);
        return targets;
    }

    /// <summary>Which parked orders an operator selects; null selects any.</summary>
    sealed record Selection(IReadOnlyList<string>? OrderIds, string? Participant, string? Reason)
    {
        /// <exception cref="ProblemException">400, also where nothing is selected and <c>all</c> is not true.</exception>
        public static async Task<Selection> ReadAsync(HttpRequest request)
        {
            using var body = await JsonBody.ReadAsync(request, Limits.BodyBytesMax);
            var errors = new ValidationErrors();
            var fields = Field.Root(body, errors, "orderIds", "participant", "reason", "all");
            var orderIds = fields["orderIds"];
            var selection = new Selection(
                orderIds.IsAbsent ? null : [.. orderIds.Items().Select(id => id.Text(32, Rules.OrderId)).Distinct(StringComparer.Ordinal)],
                fields["participant"].OptionalText(Limits.NameLength, Rules.Participant),
                fields["reason"].OptionalText(Limits.ReasonLength));
            if (selection.OrderIds?.Count > Limits.ReplayOrdersMax)
                orderIds.Note($"must name at most {Limits.ReplayOrdersMax} orders");
            var all = fields["all"].Flag();
            if (errors.IsEmpty && all == (selection is not { OrderIds: null, Participant: null, Reason: null }))
                errors.Add("all", "must be true if nothing else is selected, and only then");
            errors.ThrowIfAny();
            return selection;
        }

        public IEnumerable<ReplayTarget> In(OrderSummary order) =>
            from place in order.ParkedNow
            where (Participant ?? place.Key) == place.Key && (Reason is null || Reason == place.Value.Reason)
            select new ReplayTarget(order.OrderId, place.Key);
    }
}
