using System.Text.Json.Serialization;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// The counters of one SKU in one warehouse. They are only ever changed by patches that add and subtract, so that orders of a popular SKU
/// do not conflict.
/// </summary>
/// <param name="ReceivedBy">Who last set how many were received.</param>
sealed record StockDocument(
    string Id, string Warehouse, string Sku, long Received, long Available, long Reserved, long Consumed, Caller? ReceivedBy = null)
{
    public static string IdOf(string sku) => $"sku:{CosmosId.Of(sku)}";

    [JsonIgnore]
    public StockLevel Level => new(Sku, Warehouse, Received, Available, Reserved, Consumed);
}

/// <summary>
/// The header of an order's reservation; never deleted, so that a late caller finds how it ended. <see cref="Held"/> is the number of
/// <see cref="Chunk"/>s that are set aside now. State and number together only ever go forward: no pair of them occurs twice, so a batch
/// that requires one pair is applied at most once, however late it arrives.
/// </summary>
/// <param name="Short">The SKUs that were short, where it is refused.</param>
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

    /// <summary>A SKU was short; what is still held goes back on the shelf.</summary>
    Refused,

    /// <summary>No longer wanted; what is still held goes back on the shelf.</summary>
    Released,

    /// <summary>Gone to the customer; what is still held goes off the books.</summary>
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
