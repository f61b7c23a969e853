using System.Text.Json.Nodes;

namespace OrderFunctions.Http;

/// <summary>What operators need not see of a message: the card token, and of an address all but town and country.</summary>
static class Secrets
{
    const string NotShown = "(not shown)";

    static readonly string[] Shown = ["city", "country"];

    public static void Conceal(JsonNode? node)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items)
                Conceal(item);
        }
        if (node is not JsonObject fields)
            return;
        if (fields.ContainsKey("cardToken"))
            fields["cardToken"] = NotShown;
        if (fields["shipTo"] is JsonObject address)
        {
            foreach (var name in address.Select(field => field.Key).Except(Shown).ToList())
                address[name] = NotShown;
        }
        else if (fields.ContainsKey("shipTo"))
        {
            fields["shipTo"] = NotShown;
        }
        foreach (var (_, field) in fields)
            Conceal(field);
    }
}
