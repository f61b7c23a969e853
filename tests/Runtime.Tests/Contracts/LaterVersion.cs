using System.Text.Json.Nodes;

namespace OrderFunctions.Contracts;

/// <summary>What is stored, as a version would store it that has added a field to every object.</summary>
static class LaterVersion
{
    public const string Field = "later";

    public static JsonNode Of(JsonNode stored)
    {
        var changed = stored.DeepClone();
        Add(changed);
        return changed;
    }

    static void Add(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list)
                Add(item);
        }
        else if (node is JsonObject record)
        {
            foreach (var (_, value) in record.ToList())
                Add(value);
            record[Field] = new JsonObject { ["unknown"] = new JsonArray(1.50m, "\u00e9", null) };
        }
    }
}
