using System.Text.Json.Serialization;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// The counters of one SKU in one warehouse. They are only ever moved by patches that add and subtract, so that a popular SKU has no losers.
/// </summary>
sealed record StockDocument(string Id, string Warehouse, string Sku, long Received, long Available, long Reserved, long Consumed)
{
    public static string IdOf(string sku) => $"sku:{CosmosId.Of(sku)}";

    [JsonIgnore]
    public StockLevel Level => new(Sku, Warehouse, Received, Available, Reserved, Consumed);
}

/// <summary>
/// The header of an order's reservation; never deleted, so that whoever comes late finds how it ended. <see cref="Held"/> is the number of <see
/// cref="Chunk"/>s that are set aside now. State and number together only ever go forward: no pair of them comes twice, and a batch that asks for one
/// pair is applied at most once, however late it arrives.
/// </summary>
/// <param name="Short">The SKUs that were too few, of a refused one.</param>
sealed record ReservationDocument(
    string Id, string Warehouse, string OrderId, ReservationState State, int Held,
    IReadOnlyList<StockLine> Lines, IReadOnlyList<string>? Short = null)
{
    /// <summary>A batch holds 100 operations; the first is the header's.</summary>
    public const int LinesPerChunk = 99;

    public static string IdOf(string orderId) => $"res:{CosmosId.Of(orderId)}";

    [JsonIgnore]
    public int Chunks => Math.Max(1, (Lines.Count + LinesPerChunk - 1) / LinesPerChunk);

    public IEnumerable<StockLine> Chunk(int index) => Lines.Skip(index * LinesPerChunk).Take(LinesPerChunk);
}

enum ReservationState
{
    /// <summary>Chunks are being set aside, one after the other.</summary>
    Reserving,

    /// <summary>All chunks are set aside.</summary>
    Reserved,

    /// <summary>There was too little of something; what is held still goes back.</summary>
    Refused,

    /// <summary>No longer wanted; what is held still goes back.</summary>
    Released,

    /// <summary>Gone to the customer; what is held still goes off the books.</summary>
    Consumed,
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(StockDocument))]
[JsonSerializable(typeof(ReservationDocument))]
sealed partial class StockJson : JsonSerializerContext;
