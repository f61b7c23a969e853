using System.Text.Json.Nodes;
using OrderFunctions.Runtime;

namespace OrderFunctions.AppHost;

/// <summary>
/// topology.json as the Service Bus emulator reads it, within its bounds: one namespace, at most ten deliveries, an hour to live, a
/// duplicate window of five minutes.
/// </summary>
static class ServiceBusConfiguration
{
    public static string Json() => new JsonObject
    {
        ["UserConfig"] = new JsonObject
        {
            ["Namespaces"] = new JsonArray(new JsonObject
            {
                ["Name"] = "sbemulatorns",
                ["Queues"] = new JsonArray(),
                ["Topics"] = new JsonArray(new JsonObject
                {
                    ["Name"] = Topology.Current.Topic,
                    ["Properties"] = new JsonObject
                    {
                        ["DefaultMessageTimeToLive"] = "PT1H",
                        ["DuplicateDetectionHistoryTimeWindow"] = "PT5M",
                        ["RequiresDuplicateDetection"] = true,
                    },
                    ["Subscriptions"] = new JsonArray([.. Topology.Current.Subscriptions.Select(Subscription)]),
                }),
            }),
            ["Logging"] = new JsonObject { ["Type"] = "Console" },
        },
    }.ToJsonString();

    static JsonObject Subscription(SubscriptionTopology subscription) => new()
    {
        ["Name"] = subscription.Name,
        ["Properties"] = new JsonObject
        {
            ["DeadLetteringOnMessageExpiration"] = true,
            ["DefaultMessageTimeToLive"] = "PT1H",
            ["LockDuration"] = "PT1M",
            ["MaxDeliveryCount"] = 10,
            ["ForwardDeadLetteredMessagesTo"] = "",
            ["ForwardTo"] = "",
            ["RequiresSession"] = true,
        },
        ["Rules"] = new JsonArray([.. subscription.Hears.Select(type => new JsonObject
        {
            ["Name"] = type,
            ["Properties"] = new JsonObject
            {
                ["FilterType"] = "Correlation",
                ["CorrelationFilter"] = new JsonObject { ["Label"] = type },
            },
        })]),
    };
}
