using System.Text.Json;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>How many orders there are, as the operations page shows it.</summary>
public static class Counts
{
    static readonly OrderStatus[] Statuses = Enum.GetValues<OrderStatus>();
    static readonly OrderFacts[] Facts = [.. Enum.GetValues<OrderFacts>().Where(fact => fact is not OrderFacts.None)];

    /// <summary>The counts as the API answers them, in JSON.</summary>
    /// <exception cref="TransientException">The store is unavailable.</exception>
    public static async Task<byte[]> ReadJsonAsync(IOrderQueries queries, CancellationToken cancellation) =>
        JsonSerializer.SerializeToUtf8Bytes(await ReadAsync(queries, cancellation), Bodies.Json.CountsBody);

    /// <exception cref="TransientException">The store is unavailable.</exception>
    internal static async Task<CountsBody> ReadAsync(IOrderQueries queries, CancellationToken cancellation)
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
