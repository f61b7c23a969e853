using Microsoft.AspNetCore.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>Goods received, and how many are left.</summary>
public sealed class StockApi(IStock stock)
{
    /// <summary>Sets how many of a SKU a warehouse has received in all: <c>{ "received": 500 }</c>. A repetition changes nothing.</summary>
    public Task<IResult> SetReceivedAsync(HttpRequest request, string sku) => request.AnswerAsync(async () =>
    {
        var warehouse = Warehouse(request, sku);
        using var body = await JsonBody.ReadAsync(request, Limits.BodyBytesMax);
        var errors = new ValidationErrors();
        var received = Field.Root(body, errors, "received")["received"].Whole(0, Limits.ReceivedMax);
        errors.ThrowIfAny();
        return await stock.SetReceivedAsync(warehouse, sku, received, CancellationToken.None, Callers.Of(request)) is { } level
            ? Ok(level)
            : Problem.Conflict("More of this SKU is already reserved or consumed.");
    });

    /// <summary>How many of a SKU a warehouse has.</summary>
    public Task<IResult> LevelAsync(HttpRequest request, string sku) => request.AnswerAsync(async () =>
        await stock.LevelAsync(Warehouse(request, sku), sku, request.HttpContext.RequestAborted) is { } level
            ? Ok(level)
            : Problem.NotFound("This warehouse has never received this SKU."));

    static JsonAnswer<StockLevel> Ok(StockLevel level) => new(StatusCodes.Status200OK, level, Bodies.Json.StockLevel);

    static string Warehouse(HttpRequest request, string sku)
    {
        var query = new Query(request);
        var warehouse = query.Text("warehouse", Limits.WarehouseLength, Rules.Warehouse) ?? Limits.WarehouseDefault;
        query.AddIfAny("sku", Field.WhatIsWrong(sku, Limits.SkuLength) ?? Rules.Sku(sku));
        query.ThrowIfAny();
        return warehouse;
    }
}
