using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OrderFunctions.Local.Storage;

static class StoredJson
{
    /// <exception cref="JsonException">It is not of this type, or null.</exception>
    public static T Parse<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(json, type) ?? throw new JsonException($"A stored {typeof(T).Name} is null.");
}
