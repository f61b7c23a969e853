using System.Text.Json;
using System.Text.Json.Nodes;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>An order's stream at Orders as JSON, for those who need the messages themselves. Without card tokens and addresses.</summary>
static class OrderRecord
{
    public static JsonObject Of(OrderStream stream)
    {
        var entries = JsonSerializer.SerializeToNode(stream.Entries, EventJson.Options.GetTypeInfo(stream.Entries.GetType()))!;
        Secrets.Conceal(entries);
        return new() { ["orderId"] = stream.OrderId, ["entries"] = entries };
    }
}
