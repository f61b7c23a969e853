using System.Buffers;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// The stored form of a stream. Read and written here and not by the SDK's serializer, which would escape non-Latin text to three times its
/// size. Beside the stream are the few values that queries filter and sort by; they are all that is indexed.
/// </summary>
static class StreamDocument
{
    /// <summary><see cref="OrderStream.PendingSince"/>, under the name that it was first stored by.</summary>
    public const string UnconfirmedSince = "unconfirmedSince";

    /// <summary>
    /// What the operators' lists filter and sort by: values that are small, of one form and all indexed, unlike those of a summary.
    /// </summary>
    public const string List = "list";

    public static readonly OrderFacts[] Facts = [.. Enum.GetValues<OrderFacts>().Where(fact => fact is not OrderFacts.None)];

    /// <summary>All other properties are those of a later version, or of Cosmos DB itself, whose names begin with an underscore.</summary>
    static readonly FrozenSet<string> Known =
        FrozenSet.Create(StringComparer.Ordinal, "id", "orderId", "entries", "parked", UnconfirmedSince, "summary", List);

    public static MemoryStream Write(OrderStream stream, OrderSummary? summary)
    {
        var buffer = new ArrayBufferWriter<byte>(Math.Max(1024, stream.Size + 1024));
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = EventJson.Options.Encoder }))
        {
            json.WriteStartObject();
            json.WriteString("id", CosmosId.Of(stream.OrderId));
            json.WriteString("orderId", stream.OrderId);
            json.WriteStartArray("entries");
            foreach (var entry in stream.Entries)
                WriteEntry(json, entry);
            json.WriteEndArray();
            json.WritePropertyName("parked");
            JsonSerializer.Serialize(json, stream.Parked, EventJson.Options);
            WriteTime(json, UnconfirmedSince, stream.PendingSince);
            if (summary is not null)
            {
                json.WritePropertyName("summary");
                JsonSerializer.Serialize(json, summary, EventJson.Options);
                json.WritePropertyName(List);
                WriteList(json, summary, stream);
            }
            foreach (var (name, value) in stream.Later)
            {
                json.WritePropertyName(name);
                value.WriteTo(json);
            }
            json.WriteEndObject();
        }
        return new MemoryStream(buffer.WrittenMemory.ToArray(), writable: false);
    }

    /// <param name="size">Bytes of the stored document.</param>
    public static OrderStream Read(Stream content, int size)
    {
        using var json = JsonDocument.Parse(content);
        var root = json.RootElement;
        return new OrderStream(
            root.GetProperty("orderId").GetString()!,
            [.. root.GetProperty("entries").EnumerateArray().Select(ReadEntry)],
            root.GetProperty("parked").Deserialize<ImmutableList<ParkedMessage>>(EventJson.Options)!,
            root.GetProperty("_etag").GetString())
        {
            Size = size,
            Later = root.EnumerateObject().Where(property => !Known.Contains(property.Name) && !property.Name.StartsWith('_'))
                .ToImmutableDictionary(property => property.Name, property => property.Value.Clone()),
        };
    }

    static void WriteEntry(Utf8JsonWriter json, Entry entry)
    {
        if (entry.Stored.IsEmpty)
            JsonSerializer.Serialize(json, entry, EventJson.Options);
        else
            json.WriteRawValue(entry.Stored.Span, skipInputValidation: true);
    }

    static Entry ReadEntry(JsonElement entry) =>
        entry.Deserialize<Entry>(EventJson.Options)! with { Stored = JsonMarshal.GetRawUtf8Value(entry).ToArray() };

    /// <summary>When the order was placed, and its id. Lists sort by it, newest first, and a page starts after one key.</summary>
    public static string ListKeyOf(OrderSummary summary) => $"{Time(summary.PlacedAt)}/{summary.OrderId}";

    public static bool IsListKey(string key) =>
        key.Split('/') is [var time, ..]
        && DateTime.TryParseExact(time, TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    const string TimeForm = "yyyy-MM-ddTHH:mm:ss.fffffffZ";

    /// <summary>Always of the same width, so that times sort as text.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString(TimeForm, CultureInfo.InvariantCulture);

    static void WriteList(Utf8JsonWriter json, OrderSummary summary, OrderStream stream)
    {
        json.WriteStartObject();
        json.WriteString("key", ListKeyOf(summary));
        json.WriteString("orderId", summary.OrderId);
        json.WriteString("customerId", summary.CustomerId);
        if (summary.IdempotencyKey is { } key)
            json.WriteString("idempotencyKey", key);
        if (summary.TrackingId is { } trackingId)
            json.WriteString("trackingId", trackingId);
        json.WriteString("status", summary.Status.ToString());
        json.WriteStartObject("facts");
        foreach (var fact in Facts.Where(fact => summary.Facts.HasFlag(fact)))
            json.WriteNumber(fact.ToString(), 1);
        json.WriteEndObject();
        var placed = stream.History.OfType<OrderCreated>().FirstOrDefault();
        if (placed is not null)
        {
            json.WriteStartArray("skus");
            foreach (var sku in placed.Lines.Select(line => line.Sku).Distinct(StringComparer.Ordinal))
                json.WriteStringValue(sku);
            json.WriteEndArray();
        }
        WriteTime(json, "openSince", summary.IsFinal ? null : summary.PlacedAt);
        WriteTime(json, "parkedSince", summary.Parked.Values.Min(parked => parked.Since));
        json.WriteEndObject();
    }

    static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
            json.WriteString(name, Time(known));
    }
}
