using System.Text.Json.Nodes;

namespace OrderFunctions.Http;

/// <summary>What operators need not see of a message: card tokens and addresses.</summary>
static class Secrets
{
    static readonly string[] Names = ["cardToken", "shipTo"];

    public static void Conceal(JsonNode? node)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items)
                Conceal(item);
        }
        if (node is not JsonObject fields)
            return;
        foreach (var name in Names.Where(fields.ContainsKey))
            fields[name] = "(not shown)";
        foreach (var (_, field) in fields)
            Conceal(field);
    }
}
