using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http;

/// <summary>What operators see and do. All of it from Orders' own store, by Orders' own facts: no service reads another's data.</summary>
/// <param name="orders">The participant Orders.</param>
/// <param name="deadLetter">
/// Returns a participant's dead letter by its id, in the local host, where all participants share one bus. Null in Azure, where Orders may read
/// only its own.
/// </param>
public sealed class OperationsApi(Participant orders, IOrderQueries queries, Func<string, string, DeadLetter?>? deadLetter = null)
{
    /// <summary>Replays asked for at once.</summary>
    const int AtOnce = 8;

    readonly Choreography choreography = new(isLocal: deadLetter is not null);

    /// <summary>Who says and who hears what.</summary>
    public Task<IResult> TopologyAsync(HttpRequest request) =>
        request.AnswerAsync(() => Task.FromResult<IResult>(new TaggedAnswer<TopologyBody>(choreography.Body, Bodies.Json.TopologyBody)));

    /// <summary>How many orders there are of each status, and of how many each event was said.</summary>
    public Task<IResult> CountsAsync(HttpRequest request) => request.AnswerAsync(async () =>
        new TaggedAnswer<CountsBody>(await Counts.ReadAsync(queries, request.HttpContext.RequestAborted), Bodies.Json.CountsBody));

    /// <summary>A page of what is parked, newest order first: <c>after</c>, <c>limit</c> (of orders, not of places where one is parked).</summary>
    public Task<IResult> ParkedAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var query = new Query(request);
        var filter = new OrderFilter(Parked: true, After: query.PageToken, Limit: query.Limit);
        query.ThrowIfAnyMistake();
        var page = await query.PageAsync(queries, filter, request.HttpContext.RequestAborted);
        var parked =
            from order in page.Orders
            from place in order.ParkedNow
            select new ParkedBody(
                order.OrderId, order.CustomerId, order.Status, place.Key, place.Value.Since!.Value,
                place.Value.MessageId, place.Value.Reason, place.Value.Description);
        return new TaggedAnswer<ParkedListBody>(new([.. parked], query.Next(page)), Bodies.Json.ParkedListBody);
    });

    /// <summary>Where one order is parked, with the messages themselves where they can be had.</summary>
    public Task<IResult> ParkedOrderAsync(HttpRequest request, string id) => request.AnswerAsync(async () =>
        Rules.IsOrderId(id) && await orders.LoadAsync(id, request.HttpContext.RequestAborted) is { } stream
            ? new TaggedAnswer<ParkedOrderBody>(ParkedMessages.Of(stream, deadLetter), Bodies.Json.ParkedOrderBody)
            : Problem.NotFound("There is no such order."));

    /// <summary>
    /// Asks participants to try parked orders again: those of <c>orderIds</c>, of <c>participant</c>, of <c>reason</c>, of several of these together,
    /// or <c>all</c>. The same Idempotency-Key again asks no order a second time.
    /// </summary>
    public Task<IResult> ReplayAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var number = RequestNumber(request);
        var wanted = await Selection.ReadAsync(request);
        var targets = wanted.OrderIds is { } ids ? await NamedAsync(ids, wanted, request) : await ParkedAsync(wanted, request);
        var asked = targets.Take(Limits.ReplaysMax).ToList();

        // One order after the other where they are of one order: each is a turn on the same stream.
        await Parallel.ForEachAsync(
            asked.GroupBy(target => target.OrderId),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (order, _) =>
            {
                foreach (var (orderId, participant) in order)
                {
                    var requestId = $"{orderId}/http/{nameof(ReplayRequested)}/{participant}/{number}";
                    await orders.RequestAsync(orderId, requestId, new ReplayRequested(participant), CancellationToken.None);
                }
            });
        return new JsonAnswer<ReplayBody>(StatusCodes.Status202Accepted, new(asked, More: targets.Count > asked.Count), Bodies.Json.ReplayBody);
    });

    /// <summary>Asks a participant never to handle a parked message. Who asked and why is kept in its stream.</summary>
    public Task<IResult> DiscardAsync(HttpRequest request) => request.AnswerAsync(async () =>
    {
        var number = RequestNumber(request);
        using var body = await JsonBody.ReadAsync(request, Limits.BodyBytesMax);
        var mistakes = new Mistakes();
        var fields = Field.Root(body, mistakes);
        var orderId = fields["orderId"].Text(32, Rules.OrderId);
        var participant = fields["participant"].Text(Limits.NameLength, Rules.Participant);
        var messageId = fields["messageId"].Text(Limits.MessageIdLength);
        var reason = fields["reason"].Text(Limits.ReasonLength);
        var claimed = fields["by"].OptionalText(Limits.NameLength);
        mistakes.ThrowIfAny();

        if (await orders.LoadAsync(orderId, request.HttpContext.RequestAborted) is null)
            return Problem.NotFound("There is no such order.");
        var by = Caller.Name(request.HttpContext, claimed);
        var requestId = $"{orderId}/http/{nameof(DiscardRequested)}/{participant}/{number}";
        await orders.RequestAsync(orderId, requestId, new DiscardRequested(participant, messageId, by, reason), CancellationToken.None);
        return new JsonAnswer<DiscardBody>(StatusCodes.Status202Accepted, new(orderId, participant, messageId, by, reason), Bodies.Json.DiscardBody);
    });

    /// <summary>An operator who asks once more, without a key, asks anew: the bus must not take it for a duplicate.</summary>
    static string RequestNumber(HttpRequest request) => IdempotencyKey.Of(request)?.Digest ?? Guid.CreateVersion7().ToString("N");

    /// <summary>Where the order and the participant are both named they are asked even if Orders has not heard of the parking yet.</summary>
    async Task<List<ReplayTarget>> NamedAsync(IReadOnlyList<string> ids, Selection wanted, HttpRequest request)
    {
        var targets = new ConcurrentBag<ReplayTarget>();
        await Parallel.ForEachAsync(
            ids,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = request.HttpContext.RequestAborted },
            async (id, cancellation) =>
            {
                if (await orders.LoadAsync(id, cancellation) is not { } stream)
                    return;
                if (wanted is { Participant: { } participant, Reason: null })
                    targets.Add(new(id, participant));
                else if (OrderSummary.Of(stream) is { } order)
                    wanted.In(order).ToList().ForEach(targets.Add);
            });
        return [.. targets.OrderBy(target => target.OrderId, StringComparer.Ordinal).ThenBy(target => target.Participant, StringComparer.Ordinal)];
    }

    /// <summary>One more than may be asked for is enough to know.</summary>
    async Task<List<ReplayTarget>> ParkedAsync(Selection wanted, HttpRequest request)
    {
        var targets = new List<ReplayTarget>();
        var filter = new OrderFilter(Parked: true, Limit: Limits.PageMax);
        do
        {
            var page = await queries.ListAsync(filter, request.HttpContext.RequestAborted);
            targets.AddRange(page.Orders.SelectMany(wanted.In));
            filter = filter with { After = page.Next };
        }
        while (filter.After is not null && targets.Count <= Limits.ReplaysMax);
        return targets;
    }

    /// <summary>Which parked orders an operator means; what is null does not matter.</summary>
    sealed record Selection(IReadOnlyList<string>? OrderIds, string? Participant, string? Reason)
    {
        /// <exception cref="RefusedException">400: also where nothing is selected and it is not said that all is meant.</exception>
        public static async Task<Selection> ReadAsync(HttpRequest request)
        {
            using var body = await JsonBody.ReadAsync(request, Limits.BodyBytesMax);
            var mistakes = new Mistakes();
            var fields = Field.Root(body, mistakes);
            var orderIds = fields["orderIds"];
            var selection = new Selection(
                orderIds.IsAbsent ? null : [.. orderIds.Items().Select(id => id.Text(32, Rules.OrderId)).Distinct(StringComparer.Ordinal)],
                fields["participant"].OptionalText(Limits.NameLength, Rules.Participant),
                fields["reason"].OptionalText(Limits.ReasonLength));
            if (selection.OrderIds?.Count > Limits.ReplayOrdersMax)
                orderIds.Note($"must name at most {Limits.ReplayOrdersMax} orders");
            var all = fields["all"].Flag();
            if (mistakes.None && all == (selection is not { OrderIds: null, Participant: null, Reason: null }))
                mistakes.Add("all", "must be true where nothing else is selected, and only there");
            mistakes.ThrowIfAny();
            return selection;
        }

        public IEnumerable<ReplayTarget> In(OrderSummary order) =>
            from place in order.ParkedNow
            where (Participant ?? place.Key) == place.Key && (Reason is null || Reason == place.Value.Reason)
            select new ReplayTarget(order.OrderId, place.Key);
    }
}
