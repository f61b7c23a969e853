using System.Net;
using Microsoft.Azure.Cosmos;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// One participant's streams in the container of its name, one document per order, by one point read and one conditional write per turn.
/// </summary>
public sealed class CosmosStreamStore(Container container, TimeProvider time) : IStreamStore
{
    readonly CosmosCalls calls = new(container.Id, time);
    readonly CosmosQueries queries = new(container, time);

    /// <remarks>
    /// Deliberately without a consistency level of its own: the account's applies, and <see cref="AccountConsistency"/> makes sure that it
    /// is one that reads the latest write.
    /// </remarks>
    public async Task<OrderStream?> LoadAsync(string orderId, CancellationToken cancellation)
    {
        // The stream API, not ReadItemAsync: that throws on 404, which is an ordinary answer here.
        using var response = await calls.SendAsync(
            "stream.read",
            c => container.ReadItemStreamAsync(CosmosId.Of(orderId), new PartitionKey(orderId), cancellationToken: c),
            cancellation);
        if (response.StatusCode is HttpStatusCode.NotFound)
            return null;
        return StreamDocument.Read(response.Content, (int)response.Content.Length);
    }

    public async Task SaveAsync(OrderStream stream, OrderSummary? summary, CancellationToken cancellation)
    {
        var key = new PartitionKey(stream.OrderId);
        using var document = StreamDocument.Write(stream, summary);
        using var response = stream.ETag is null
            ? await calls.SendAsync("stream.create", c => container.CreateItemStreamAsync(
                CopyOf(document), key, cancellationToken: c), cancellation)
            : await calls.SendAsync("stream.replace", c => container.ReplaceItemStreamAsync(
                CopyOf(document), CosmosId.Of(stream.OrderId), key, new ItemRequestOptions { IfMatchEtag = stream.ETag }, c), cancellation);

        // 409: another writer created it. 412: another writer replaced it. 404: what was loaded is gone; loading again will show that.
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

    /// <summary>The SDK disposes the stream that it sent, and a throttled write is sent again.</summary>
    static MemoryStream CopyOf(MemoryStream document) => new(document.ToArray(), writable: false);
}
