using Microsoft.AspNetCore.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>Goods received, and what is left of them.</summary>
public sealed class StockApi(IStock stock)
{
    const string DefaultWarehouse = "main";

    /// <summary>Says how many of a SKU a warehouse has received in all: <c>{ "received": 500 }</c>. Saying it twice changes nothing.</summary>
    public Task<IResult> SetReceivedAsync(HttpRequest request, string sku) => request.AnswerAsync(async () =>
    {
        var warehouse = Warehouse(request, sku);
        using var body = await JsonBody.ReadAsync(request, Limits.BodyBytesMax);
        var mistakes = new Mistakes();
        var received = Field.Root(body, mistakes)["received"].Whole(0, Limits.ReceivedMax);
        mistakes.ThrowIfAny();
        return await stock.SetReceivedAsync(warehouse, sku, received, CancellationToken.None) is { } level
            ? Ok(level)
            : Problem.Conflict("More of this SKU is reserved and consumed than that.");
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
        var warehouse = query.Text("warehouse", Limits.WarehouseLength, Rules.Warehouse) ?? DefaultWarehouse;
        query.Require("sku", Field.WhatIsWrong(sku, Limits.SkuLength) ?? Rules.Sku(sku));
        query.ThrowIfAnyMistake();
        return warehouse;
    }
}
