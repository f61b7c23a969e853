using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Azure.Cosmos;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// The steps of a reservation. Each is one transactional batch: the header advances by one, on the condition that it still is as the caller
/// read it, and the SKUs of one chunk are patched on the condition that there is enough of each.
/// </summary>
sealed class StockBatches(Container container, TimeProvider time)
{
    readonly CosmosCalls calls = new(Participants.Inventory, time);

    /// <summary>
    /// Sets the next chunk aside; the first one also creates the header. Returns the header as it is then; or a SKU that is short or
    /// unknown, where nothing was done; or two nulls where another caller has moved the header.
    /// </summary>
    public async Task<(ReservationDocument? Next, string? Short)> ReserveChunkAsync(
        ReservationDocument reservation, CancellationToken cancellation)
    {
        var held = reservation.Held + 1;
        var next = reservation with
        {
            Held = held,
            State = held == reservation.Chunks ? ReservationState.Reserved : ReservationState.Reserving,
        };
        var lines = reservation.Chunk(reservation.Held).ToList();
        var failed = await ExecuteAsync("stock.reserve", reservation, batch =>
        {
            if (reservation.Held == 0)
                batch.CreateItemStream(Write(next, StockJson.Default.ReservationDocument));
            else
                AdvanceHeader(batch, reservation, next);
            foreach (var line in lines)
                Patch(batch, line, from: "available", to: "reserved");
        }, cancellation);
        return failed switch
        {
            -1 => (next, null),
            0 => (null, null),
            _ => (null, lines[failed - 1].Sku),
        };
    }

    /// <summary>
    /// Takes the last held chunk out of the reservation: off the books where it is consumed, else back on the shelf. Null where another
    /// caller has moved the header.
    /// </summary>
    public async Task<ReservationDocument?> SettleChunkAsync(
        ReservationDocument reservation, ReservationState state, CancellationToken cancellation)
    {
        var next = reservation with { Held = reservation.Held - 1, State = state };
        var failed = await ExecuteAsync("stock.settle", reservation, batch =>
        {
            AdvanceHeader(batch, reservation, next);
            foreach (var line in reservation.Chunk(next.Held))
                Patch(batch, line, from: "reserved", to: state is ReservationState.Consumed ? "consumed" : "available");
        }, cancellation);
        return failed switch
        {
            -1 => next,
            0 => null,
            _ => throw new InvalidOperationException(
                $"The stock of {reservation.Chunk(next.Held).ElementAt(failed - 1).Sku} lacks what {reservation.OrderId} has reserved."),
        };
    }

    public async Task<ReservationDocument?> FindAsync(string orderId, string warehouse, CancellationToken cancellation) =>
        await ReadAsync(ReservationDocument.IdOf(orderId), warehouse, StockJson.Default.ReservationDocument, cancellation);

    public async Task<StockDocument?> SkuAsync(string warehouse, string sku, CancellationToken cancellation) =>
        await ReadAsync(StockDocument.IdOf(sku), warehouse, StockJson.Default.StockDocument, cancellation);

    /// <summary>By SKU, the ones that the warehouse knows.</summary>
    public async Task<IReadOnlyDictionary<string, StockDocument>> SkusAsync(
        string warehouse, IEnumerable<string> skus, CancellationToken cancellation)
    {
        var key = new PartitionKey(warehouse);
        var ids = skus.Select(sku => (StockDocument.IdOf(sku), key)).ToList();
        using var found = await calls.AskAsync(
            "stock.read-many", c => container.ReadManyItemsStreamAsync(ids, cancellationToken: c), cancellation);
        return found.RootElement.GetProperty("Documents").EnumerateArray()
            .Select(document => document.Deserialize(StockJson.Default.StockDocument)!).ToDictionary(document => document.Sku);
    }

    public static MemoryStream Write<T>(T document, JsonTypeInfo<T> type) =>
        new(JsonSerializer.SerializeToUtf8Bytes(document, type), writable: false);

    public static T Read<T>(Stream content, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(content, type) ?? throw new JsonException("The document is null.");

    async Task<T?> ReadAsync<T>(string id, string warehouse, JsonTypeInfo<T> type, CancellationToken cancellation) where T : class
    {
        using var response = await calls.SendAsync(
            "stock.read", c => container.ReadItemStreamAsync(id, new PartitionKey(warehouse), cancellationToken: c), cancellation);
        return response.StatusCode is HttpStatusCode.NotFound ? null : Read(response.Content, type);
    }

    static void AdvanceHeader(TransactionalBatch batch, ReservationDocument from, ReservationDocument to)
    {
        List<PatchOperation> steps = [PatchOperation.Set("/state", to.State.ToString()), PatchOperation.Set("/held", to.Held)];
        if (to.State is ReservationState.Refused && from.State is not ReservationState.Refused)
            steps.Add(PatchOperation.Set("/short", to.Short));
        batch.PatchItem(from.Id, steps, If($"c.state = '{from.State}' AND c.held = {from.Held}"));
    }

    static void Patch(TransactionalBatch batch, StockLine line, string from, string to) => batch.PatchItem(
        StockDocument.IdOf(line.Sku),
        [PatchOperation.Increment($"/{from}", -line.Quantity), PatchOperation.Increment($"/{to}", line.Quantity)],
        If(string.Create(CultureInfo.InvariantCulture, $"c.{from} >= {line.Quantity}")));

    static TransactionalBatchPatchItemRequestOptions If(string condition) =>
        new() { FilterPredicate = $"FROM c WHERE {condition}", EnableContentResponseOnWrite = false };

    /// <summary>Returns the index of the operation whose condition failed; -1 where all were done.</summary>
    async Task<int> ExecuteAsync(
        string operation, ReservationDocument reservation, Action<TransactionalBatch> fill, CancellationToken cancellation)
    {
        using var response = await calls.SendAsync(operation, c =>
        {
            var batch = container.CreateTransactionalBatch(new PartitionKey(reservation.Warehouse));
            fill(batch);
            return batch.ExecuteAsync(c);
        }, cancellation);
        if (response.IsSuccessStatusCode)
            return -1;

        // The operation that failed has a status of its own, all others are 424. Anything else is about the whole batch, for example a
        // missing container.
        var failed = Enumerable.Range(0, response.Count).Where(i => response[i].StatusCode is not HttpStatusCode.FailedDependency).ToList();
        return failed is [var index]
            ? index
            : throw new TransientException($"Cosmos DB answered {operation} with {(int)response.StatusCode}.");
    }
}
