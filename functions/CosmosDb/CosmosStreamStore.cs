using System.Net;
using Microsoft.Azure.Cosmos;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// One participant's streams in the container of its name, one document an order, by one point read and one conditional write a turn.
/// </summary>
public sealed class CosmosStreamStore(Container container, TimeProvider time) : IStreamStore
{
    readonly CosmosCalls calls = new(container.Id, time);
    readonly CosmosQueries queries = new(container, time);

    /// <remarks>
    /// Deliberately without a consistency level of its own: the account's applies, and <see cref="AccountConsistency"/> sees to it that this is one
    /// that reads what was written last.
    /// </remarks>
    public async Task<OrderStream?> LoadAsync(string orderId, CancellationToken cancellation)
    {
        // By streams, not by ReadItemAsync: that throws on 404, which is an everyday answer here.
        using var response = await calls.SendAsync(
            "stream.read", c => container.ReadItemStreamAsync(CosmosId.Of(orderId), new PartitionKey(orderId), cancellationToken: c), cancellation);
        if (response.StatusCode is HttpStatusCode.NotFound)
            return null;
        return StreamDocument.Read(response.Content, (int)response.Content.Length);
    }

    public async Task SaveAsync(OrderStream stream, OrderSummary? summary, CancellationToken cancellation)
    {
        var key = new PartitionKey(stream.OrderId);
        using var document = StreamDocument.Write(stream, summary);
        using var response = stream.ETag is null
            ? await calls.SendAsync("stream.create", c => container.CreateItemStreamAsync(CopyOf(document), key, cancellationToken: c), cancellation)
            : await calls.SendAsync("stream.replace", c => container.ReplaceItemStreamAsync(
                CopyOf(document), CosmosId.Of(stream.OrderId), key, new ItemRequestOptions { IfMatchEtag = stream.ETag }, c), cancellation);

        // 409: somebody created it. 412: somebody replaced it. 404: what was loaded is gone, which loading again will show.
        if (!response.IsSuccessStatusCode)
            throw new StreamConflictException(stream.OrderId);
    }

    public async Task<IReadOnlyList<string>> PendingAsync(DateTimeOffset before, int max, CancellationToken cancellation)
    {
        const string Since = StreamDocument.UnconfirmedSince;
        var query = new QueryDefinition($"SELECT VALUE c.orderId FROM c WHERE c.{Since} < @before ORDER BY c.{Since}")
            .WithParameter("@before", StreamDocument.Time(before));
        return await queries.RowsAsync("stream.unconfirmed", query, max, row => row.GetString()!, cancellation);
    }

    /// <summary>The SDK disposes of what it sent, and a throttled write is sent again.</summary>
    static MemoryStream CopyOf(MemoryStream document) => new(document.ToArray(), writable: false);
}
