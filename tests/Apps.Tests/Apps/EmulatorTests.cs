using System.Text.Json.Nodes;
using System.Text.Json;
using OrderFunctions.Apps.Tests.Infrastructure;
using OrderFunctions.Runtime;

namespace OrderFunctions.Apps.Tests.Apps;

/// <summary>The emulators' files are made of topology.json and of the apps' settings; what is committed must be what would be made.</summary>
public class EmulatorTests
{
    const string Folder = "functions/Local/emulators";
    const int DeliveriesMax = 10;

    [Fact]
    public void The_Service_Bus_emulator_has_the_topology_of_topology_json()
    {
        var made = Configuration().ToJsonString(new() { WriteIndented = true }) + "\n";
        var committed = Repository.Read($"{Folder}/Config.json");

        if (made != committed)
            File.WriteAllText(Repository.PathOf($"{Folder}/Config.json.received.txt"), made);
        Assert.True(made == committed, $"{Folder}/Config.json is not made of topology.json. What is lies beside it as Config.json.received.txt.");
    }

    public static TheoryData<string> Apps => ["OrdersApp", "InventoryApp", "PaymentsApp", "ShippingApp", "NotificationsApp"];

    [Theory, MemberData(nameof(Apps))]
    public void Under_the_emulator_the_kernel_sets_aside_before_the_broker_would(string app)
    {
        using var settings = JsonDocument.Parse(Repository.Read($"{Folder}/settings/{app}.json"));

        Assert.InRange(int.Parse(settings.RootElement.GetProperty("Values").GetProperty("Turn__DeliveriesMax").GetString()!, null), 1, DeliveriesMax - 1);
    }

    /// <summary>Within the emulator's bounds: one namespace, at most 10 deliveries, locks from a minute, an hour to live, a duplicate window of five minutes.</summary>
    static JsonObject Configuration() => new()
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
    };

    static JsonObject Subscription(SubscriptionTopology subscription) => new()
    {
        ["Name"] = subscription.Name,
        ["Properties"] = new JsonObject
        {
            ["DeadLetteringOnMessageExpiration"] = true,
            ["DefaultMessageTimeToLive"] = "PT1H",
            ["LockDuration"] = "PT1M",
            ["MaxDeliveryCount"] = DeliveriesMax,
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
