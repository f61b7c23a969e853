using System.Net;
using Microsoft.Azure.Cosmos;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// Stock in one container, partitioned by warehouse. Each movement of stock for an order is one transactional batch
/// (<see cref="StockBatches"/>). Most orders take one batch; larger ones go chunk by chunk. Any number of callers may work on an order at
/// once, and each may crash anywhere: the next one goes on from where the reservation's header stands.
/// </summary>
public sealed class CosmosStock(Container container, TimeProvider time) : IStock
{
    /// <summary>Steps per call. An order of 1,500 lines takes at most 32 by itself; more are caused by other callers.</summary>
    const int StepsMax = 100;

    readonly CosmosCalls calls = new(Participants.Inventory, time);
    readonly StockBatches batches = new(container, time);

    public async Task<Answer> ReserveAsync(string orderId, string warehouse, IReadOnlyList<StockLine> lines, CancellationToken cancellation)
    {
        // Deliberately without reading first: nearly every order is new, and for one that is not the batch fails.
        var wanted = new ReservationDocument(ReservationDocument.IdOf(orderId), warehouse, orderId, ReservationState.Reserving, 0, lines);
        var reservation = await ReserveChunkAsync(wanted, cancellation) ?? await batches.FindAsync(orderId, warehouse, cancellation);
        for (var step = 0; step < StepsMax; step++)
        {
            switch (reservation)
            {
                case { State: ReservationState.Reserving } or null:
                    reservation = await ReserveChunkAsync(reservation ?? wanted, cancellation);
                    break;
                case { State: ReservationState.Refused, Held: > 0 }:
                    reservation = await batches.SettleChunkAsync(reservation, ReservationState.Refused, cancellation);
                    break;
                case { State: ReservationState.Refused }:
                    return new StockShort(reservation.Short ?? []);
                default:
                    // Also one that was released or consumed since: the first answer is final.
                    return new StockReserved();
            }
            reservation ??= await batches.FindAsync(orderId, warehouse, cancellation);
        }
        throw TooManySteps(orderId);
    }

    public async Task<StockReleased> ReleaseAsync(string orderId, string warehouse, CancellationToken cancellation)
    {
        await CloseAsync(orderId, warehouse, ReservationState.Released, cancellation);
        return new StockReleased();
    }

    public async Task<StockConsumed> ConsumeAsync(string orderId, string warehouse, CancellationToken cancellation)
    {
        await CloseAsync(orderId, warehouse, ReservationState.Consumed, cancellation);
        return new StockConsumed();
    }

    public async Task<StockLevel?> SetReceivedAsync(
        string warehouse, string sku, long received, CancellationToken cancellation, Caller? by = null)
    {
        for (var step = 0; step < StepsMax; step++)
        {
            var known = await batches.SkuAsync(warehouse, sku, cancellation);
            if (known is null)
            {
                known = new(StockDocument.IdOf(sku), warehouse, sku, received, received, 0, 0, by);
                if (await CreateAsync(known, cancellation))
                    return known.Level;
                continue;
            }
            if (known.Received == received)
                return known.Level;
            if (received < known.Reserved + known.Consumed)
                return null;

            // Added, not set, so that reservations made meanwhile are kept; on the condition that nobody else has changed the total
            // meanwhile.
            var added = received - known.Received;
            using var response = await calls.SendAsync("stock.receive", c => container.PatchItemStreamAsync(
                known.Id, new PartitionKey(warehouse),
                [
                    PatchOperation.Set("/received", received), PatchOperation.Increment("/available", added),
                    PatchOperation.Set("/receivedBy", by),
                ],
                new PatchItemRequestOptions
                {
                    FilterPredicate = $"FROM c WHERE c.received = {known.Received} AND c.available >= {-added}",
                    EnableContentResponseOnWrite = true,
                }, c), cancellation);
            if (response.IsSuccessStatusCode)
                return StockBatches.Read(response.Content, StockJson.Default.StockDocument).Level;
        }
        throw new TransientException($"The stock of {sku} changed during each of {StepsMax} attempts.");
    }

    public async Task<StockLevel?> LevelAsync(string warehouse, string sku, CancellationToken cancellation) =>
        (await batches.SkuAsync(warehouse, sku, cancellation))?.Level;

    /// <summary>Null where another caller has moved the header.</summary>
    async Task<ReservationDocument?> ReserveChunkAsync(ReservationDocument reservation, CancellationToken cancellation)
    {
        var (next, shortSku) = await batches.ReserveChunkAsync(reservation, cancellation);
        if (shortSku is null)
            return next;

        var skus = await ShortAsync(reservation, shortSku, cancellation);
        if (reservation.Held > 0)
            return await batches.SettleChunkAsync(reservation with { Short = skus }, ReservationState.Refused, cancellation);
        var refused = reservation with { State = ReservationState.Refused, Short = skus };
        return await CreateAsync(refused, cancellation) ? refused : null;
    }

    /// <summary>A failed batch names only the first SKU that was short; the customer wants to know all of them.</summary>
    async Task<IReadOnlyList<string>> ShortAsync(ReservationDocument reservation, string first, CancellationToken cancellation)
    {
        var lines = reservation.Lines.Skip(reservation.Held * ReservationDocument.LinesPerChunk).ToList();
        var levels = await batches.SkusAsync(reservation.Warehouse, lines.Select(line => line.Sku), cancellation);

        // The first one stays even where goods came in since: it is why the order was refused.
        return [.. from line in lines
                   where line.Sku == first || !levels.TryGetValue(line.Sku, out var level) || level.Available < line.Quantity
                   select line.Sku];
    }

    async Task CloseAsync(string orderId, string warehouse, ReservationState end, CancellationToken cancellation)
    {
        ReservationDocument? reservation = null;
        for (var step = 0; step < StepsMax; step++)
        {
            reservation ??= await batches.FindAsync(orderId, warehouse, cancellation);
            switch (reservation)
            {
                case null when end is ReservationState.Released:
                    // Refused before it was requested: a reservation that still arrives must not set stock aside that nobody would release.
                    var refused = new ReservationDocument(
                        ReservationDocument.IdOf(orderId), warehouse, orderId, ReservationState.Refused, 0, [], []);
                    if (await CreateAsync(refused, cancellation))
                        return;
                    break;
                case { State: ReservationState.Reserving } when end is ReservationState.Released:
                    // No caller has been answered that it is reserved, so it is refused and not released.
                    reservation = await batches.SettleChunkAsync(reservation with { Short = [] }, ReservationState.Refused, cancellation);
                    break;
                case { State: ReservationState.Reserved }:
                    reservation = await batches.SettleChunkAsync(reservation, end, cancellation);
                    break;
                case { State: ReservationState.Refused or ReservationState.Released or ReservationState.Consumed, Held: > 0 }:
                    // Begun and not finished, here or by another caller.
                    reservation = await batches.SettleChunkAsync(reservation, reservation.State, cancellation);
                    break;
                case { State: ReservationState.Refused or ReservationState.Released or ReservationState.Consumed }:
                    return;
                default:
                    throw new InvalidOperationException($"Order {orderId} has no reservation in {warehouse} that could be consumed.");
            }
        }
        throw TooManySteps(orderId);
    }

    async Task<bool> CreateAsync(StockDocument sku, CancellationToken cancellation) =>
        await CreateAsync(sku.Warehouse, () => StockBatches.Write(sku, StockJson.Default.StockDocument), cancellation);

    async Task<bool> CreateAsync(ReservationDocument reservation, CancellationToken cancellation) =>
        await CreateAsync(
            reservation.Warehouse, () => StockBatches.Write(reservation, StockJson.Default.ReservationDocument), cancellation);

    /// <summary>False where there is one already.</summary>
    async Task<bool> CreateAsync(string warehouse, Func<Stream> document, CancellationToken cancellation)
    {
        using var response = await calls.SendAsync(
            "stock.create",
            c => container.CreateItemStreamAsync(document(), new PartitionKey(warehouse), cancellationToken: c),
            cancellation);
        return response.IsSuccessStatusCode ? true
            : response.StatusCode is HttpStatusCode.Conflict ? false
            : throw new TransientException($"Cosmos DB answered stock.create with {(int)response.StatusCode}.");
    }

    static TransientException TooManySteps(string orderId) =>
        new($"The reservation of order {orderId} did not finish in {StepsMax} steps.");
}
