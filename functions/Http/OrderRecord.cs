using System.Text.Json;
using System.Text.Json.Nodes;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>An order's stream at Orders as JSON, for whoever needs to see the messages themselves; card tokens and addresses are left out.</summary>
static class OrderRecord
{
    static readonly string[] Secrets = ["cardToken", "shipTo"];

    public static JsonObject Of(OrderStream stream)
    {
        var entries = JsonSerializer.SerializeToNode(stream.Entries, EventJson.Options.GetTypeInfo(stream.Entries.GetType()))!;
        Conceal(entries);
        return new() { ["orderId"] = stream.OrderId, ["entries"] = entries };
    }

    static void Conceal(JsonNode? node)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items)
                Conceal(item);
        }
        if (node is not JsonObject fields)
            return;
        foreach (var secret in Secrets.Where(fields.ContainsKey))
            fields[secret] = "(not shown)";
        foreach (var (_, field) in fields)
            Conceal(field);
    }
}
