using System.Text.Json;
using Microsoft.Azure.Cosmos;

namespace OrderFunctions.CosmosDb;

/// <summary>Queries over all partitions of one container.</summary>
sealed class CosmosQueries(Container container, TimeProvider time)
{
    readonly CosmosCalls calls = new(container.Id, time);

    /// <summary>The first rows, up to <paramref name="max"/>.</summary>
    public async Task<List<T>> RowsAsync<T>(
        string operation, QueryDefinition query, int max, Func<JsonElement, T> read, CancellationToken cancellation)
    {
        using var pages = container.GetItemQueryStreamIterator(query, requestOptions: new QueryRequestOptions { MaxItemCount = max });
        var rows = new List<T>();
        while (rows.Count < max && pages.HasMoreResults)
        {
            using var page = await calls.AskAsync(operation, pages.ReadNextAsync, cancellation);
            rows.AddRange(page.RootElement.GetProperty("Documents").EnumerateArray().Take(max - rows.Count).Select(read));
        }
        return rows;
    }
}
