using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker;
using OrderFunctions.Apps.Tests.Infrastructure;
using OrderFunctions.Http;
using OrderFunctions.InventoryApp;
using OrderFunctions.NotificationsApp;
using OrderFunctions.OrdersApp;
using OrderFunctions.PaymentsApp;
using OrderFunctions.Runtime;
using OrderFunctions.ShippingApp;

namespace OrderFunctions.Apps.Tests.Apps;

/// <summary>What the host reads off the apps agrees with topology.json, with the API and with the kernel.</summary>
public class TriggerTests
{
    static readonly Dictionary<string, Type> Apps = new()
    {
        [Participants.Orders] = typeof(OrdersFunctions), [Participants.Inventory] = typeof(InventoryFunctions), [Participants.Payments] = typeof(PaymentsFunctions),
        [Participants.Shipping] = typeof(ShippingFunctions), [Participants.Notifications] = typeof(NotificationsFunctions),
    };

    public static TheoryData<string> Names => [.. Apps.Keys];

    [Fact]
    public void Every_subscription_has_an_app_and_the_topic_one_name()
    {
        Assert.Equal(Topology.Current.Subscriptions.Select(s => s.Name), Apps.Keys);
        Assert.Equal(Topology.TopicName, Topology.Current.Topic);
    }

    [Theory, MemberData(nameof(Names))]
    public void An_app_has_one_session_trigger_which_leaves_completing_to_the_code(string participant)
    {
        var (name, trigger) = Assert.Single(Functions<ServiceBusTriggerAttribute>(participant));

        Assert.Equal($"{participant}-on-message", name);
        Assert.Equal((Topology.Current.Topic, participant, "ServiceBus"), (trigger.TopicName, trigger.SubscriptionName, trigger.Connection));
        Assert.True(trigger.IsSessionsEnabled);
        Assert.False(trigger.AutoCompleteMessages);
    }

    [Theory, MemberData(nameof(Names))]
    public void An_app_has_at_most_one_timer(string participant)
    {
        var (name, timer) = Assert.Single(Functions<TimerTriggerAttribute>(participant));

        Assert.Equal($"{participant}-on-timer", name);
        Assert.Equal(participant is Participants.Orders ? "*/10 * * * * *" : "*/30 * * * * *", timer.Schedule);
    }

    [Theory, MemberData(nameof(Names))]
    public void An_app_serves_its_part_of_the_API_and_nothing_else(string participant)
    {
        var expected =
            from route in Routes.All
            where route.Participant == participant
            select (route.Name, string.Join(' ', route.Methods).ToLowerInvariant(), route.Path);
        var served = Functions<HttpTriggerAttribute>(participant)
            .Select(f => (f.Name, string.Join(' ', f.Trigger.Methods!), f.Trigger.Route ?? ""));

        Assert.Equal(expected.Order(), served.Order());

        // The platform's own keys would come on top of the callers' tokens.
        Assert.All(Functions<HttpTriggerAttribute>(participant), f => Assert.Equal(AuthorizationLevel.Anonymous, f.Trigger.AuthLevel));
    }

    [Theory, MemberData(nameof(Names))]
    public void Function_names_are_lower_case(string participant) => Assert.All(
        Methods(participant).Select(m => m.GetCustomAttribute<FunctionAttribute>()).OfType<FunctionAttribute>(),
        function => Assert.Matches("^[a-z][a-z-]*$", function.Name));

    [Theory, MemberData(nameof(Names))]
    public void An_apps_host_json_keeps_an_orders_order_and_a_turns_lock(string participant)
    {
        using var json = JsonDocument.Parse(Repository.Read(HostJson(participant)));
        var bus = json.RootElement.GetProperty("extensions").GetProperty("serviceBus");
        var turn = new TurnOptions();

        Assert.Equal("2.0", json.RootElement.GetProperty("version").GetString());
        Assert.Equal("", json.RootElement.GetProperty("extensions").GetProperty("http").GetProperty("routePrefix").GetString());
        Assert.Equal(0, bus.GetProperty("prefetchCount").GetInt32());
        Assert.False(bus.GetProperty("autoCompleteMessages").GetBoolean());
        Assert.Equal(1, bus.GetProperty("maxConcurrentCallsPerSession").GetInt32());
        Assert.Equal(SessionsInBicep(participant), bus.GetProperty("maxConcurrentSessions").GetInt32());
        Assert.True(Time(bus, "sessionIdleTimeout") <= TimeSpan.FromSeconds(5));
        Assert.True(Time(bus, "maxAutoLockRenewalDuration") > turn.TurnMax + (turn.AbandonPause * 10));
        Assert.True(Time(json.RootElement, "functionTimeout") > Time(bus, "maxAutoLockRenewalDuration"));
        Assert.Equal("Request;Exception", json.RootElement.GetProperty("logging").GetProperty("applicationInsights")
            .GetProperty("samplingSettings").GetProperty("excludedTypes").GetString());
        Assert.DoesNotContain("$(", json.RootElement.GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>Beside the app as it was built together with these tests, in the same configuration.</summary>
    static string HostJson(string participant)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        return $"functions/{Apps[participant].Namespace!.Split('.')[^1]}/bin/{output.Parent!.Name}/{output.Name}/host.json";
    }

    /// <summary>What the platform scales by: a line of main.bicep's table of apps.</summary>
    static int SessionsInBicep(string participant) => int.Parse(
        Regex.Match(Repository.Read("bicep/main.bicep"), $@"\{{ name: '{participant}', sessions: (\d+)").Groups[1].Value, null);

    static TimeSpan Time(JsonElement parent, string name) => TimeSpan.Parse(parent.GetProperty(name).GetString()!, null);

    static IEnumerable<MethodInfo> Methods(string participant) => Apps[participant].Assembly.GetExportedTypes().SelectMany(type => type.GetMethods());

    static List<(string Name, T Trigger)> Functions<T>(string participant)
        where T : Attribute => [..
            from method in Methods(participant)
            from parameter in method.GetParameters()
            let trigger = parameter.GetCustomAttribute<T>()
            where trigger is not null
            select (method.GetCustomAttribute<FunctionAttribute>()!.Name, trigger)];
}
