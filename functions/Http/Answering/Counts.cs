using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

static class Counts
{
    static readonly OrderStatus[] Statuses = Enum.GetValues<OrderStatus>();
    static readonly OrderFacts[] Facts = [.. Enum.GetValues<OrderFacts>().Where(fact => fact is not OrderFacts.None)];

    /// <exception cref="TransientException">The store is away.</exception>
    public static async Task<CountsBody> ReadAsync(IOrderQueries queries, CancellationToken cancellation)
    {
        var counting = queries.CountAsync(cancellation);
        var facts = await queries.CountFactsAsync(cancellation);
        var counts = await counting;
        return new(
            Statuses.ToDictionary(status => status.ToString(), status => counts.ByStatus.GetValueOrDefault(status)),
            Facts.ToDictionary(fact => fact.ToString(), fact => facts.GetValueOrDefault(fact)),
            counts.Parked, counts.OldestOpen, counts.ParkedSince);
    }
}
