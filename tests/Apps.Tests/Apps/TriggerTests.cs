using System.Text.Json;
using System.Text.RegularExpressions;
using OrderFunctions.Apps.Tests.Infrastructure;
using OrderFunctions.Http;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.Apps.Tests.Apps;

/// <summary>What the host reads of the built apps agrees with topology.json, with the API and with the kernel.</summary>
public class TriggerTests
{
    public static TheoryData<string> Names => [.. BuiltApp.All.Keys];

    [Fact]
    public void Every_subscription_has_an_app_and_all_apps_use_one_topic()
    {
        Assert.Equal(Topology.Current.Subscriptions.Select(s => s.Name), BuiltApp.All.Keys);
        Assert.Equal(Topology.TopicName, Topology.Current.Topic);
    }

    [Theory, MemberData(nameof(Names))]
    public void An_app_has_one_session_trigger_which_leaves_completing_to_the_code(string participant)
    {
        var function = Assert.Single(new BuiltApp(participant).Triggered("serviceBusTrigger"));

        Assert.Equal($"{participant}-on-message", function.Name);
        Assert.Equal(
            (Topology.Current.Topic, participant, ServiceBusConnection.Name),
            (function["topicName"], function["subscriptionName"], function["connection"]));
        Assert.Equal(("true", "false", "One"), (function["isSessionsEnabled"], function["autoCompleteMessages"], function["cardinality"]));
    }

    [Theory, MemberData(nameof(Names))]
    public void An_app_has_at_most_one_timer(string participant)
    {
        var function = Assert.Single(new BuiltApp(participant).Triggered("timerTrigger"));

        Assert.Equal($"{participant}-on-timer", function.Name);
        Assert.Equal(participant is Participants.Orders ? "*/10 * * * * *" : "*/30 * * * * *", function["schedule"]);
    }

    [Theory, MemberData(nameof(Names))]
    public void An_app_serves_its_part_of_the_API_and_nothing_else(string participant)
    {
        var expected =
            from route in Routes.All
            where route.Participant == participant
            select (route.Name, string.Join(' ', route.Methods).ToLowerInvariant(), route.Path);
        var served = new BuiltApp(participant).Triggered("httpTrigger");

        Assert.Equal(expected.Order(), served.Select(f => (f.Name, string.Join(' ', f.Bindings[0]["methods"]!.AsArray()), f["route"])).Order());

        // The platform's own keys would come on top of the callers' tokens.
        Assert.All(served, function => Assert.Equal("Anonymous", function["authLevel"]));
    }

    [Theory, MemberData(nameof(Names))]
    public void An_app_has_no_other_functions_and_their_names_are_lower_case(string participant)
    {
        string[] triggers = ["serviceBusTrigger", "timerTrigger", "httpTrigger"];
        var functions = new BuiltApp(participant).Functions;

        Assert.All(functions, function => Assert.Contains(function.Type, triggers));
        Assert.All(functions, function => Assert.Matches("^[a-z][a-z-]*$", function.Name));
    }

    /// <summary>The host asks the worker; the platform that scales it reads the file.</summary>
    [Theory, MemberData(nameof(Names))]
    public async Task The_worker_tells_the_host_the_functions_that_the_file_has(string participant)
    {
        var app = new BuiltApp(participant);

        Assert.Equal(Texts(app.Functions), Texts(await app.IndexedAsync()));

        static IEnumerable<string> Texts(IReadOnlyList<BuiltFunction> functions) => functions
            .SelectMany(function => function.Bindings.Select(binding => $"{function.Name}: {string.Join(", ", binding
                .Where(property => property.Key is not "properties").OrderBy(property => property.Key, StringComparer.Ordinal)
                .Select(property => $"{property.Key} = {property.Value?.ToJsonString()}"))}"))
            .Order(StringComparer.Ordinal);
    }

    [Theory, MemberData(nameof(Names))]
    public void The_host_starts_the_apps_worker_and_asks_it_for_its_functions(string participant)
    {
        var app = new BuiltApp(participant);
        using var json = JsonDocument.Parse(app.Read("worker.config.json"));
        string Of(string name) => json.RootElement.GetProperty("description").GetProperty(name).GetString()!;

        Assert.Equal(("dotnet-isolated", "dotnet", "true"), (Of("language"), Of("defaultExecutablePath"), Of("workerIndexing")));
        Assert.Equal($"{app.Assembly}.dll", Of("defaultWorkerPath"));
        Assert.True(app.Has(Of("defaultWorkerPath")));
    }

    [Theory, MemberData(nameof(Names))]
    public void The_host_is_given_the_extensions_that_it_loads(string participant)
    {
        var app = new BuiltApp(participant);
        using var json = JsonDocument.Parse(app.Read("extensions.json"));
        var extensions = json.RootElement.GetProperty("extensions").EnumerateArray().ToList();

        Assert.All(extensions, extension => Assert.True(app.Has(extension.GetProperty("hintPath").GetString()!)));
        Assert.Equal(BuiltApp.HasTheExtension, extensions.Any(extension =>
            extension.GetProperty("typeName").GetString()!.Contains("Microsoft.Azure.WebJobs.Extensions.ServiceBus,", StringComparison.Ordinal)));
    }

    [Theory, MemberData(nameof(Names))]
    public void An_apps_host_json_keeps_an_orders_order_and_a_turns_lock(string participant)
    {
        using var json = JsonDocument.Parse(new BuiltApp(participant).Read("host.json"));
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
        Assert.Equal("OpenTelemetry", json.RootElement.GetProperty("telemetryMode").GetString());
        Assert.DoesNotContain("$(", json.RootElement.GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>What the platform scales by: a line of main.bicep's table of apps.</summary>
    static int SessionsInBicep(string participant) => int.Parse(
        Regex.Match(Repository.Read("bicep/main.bicep"), $@"\{{ name: '{participant}', sessions: (\d+)").Groups[1].Value, null);

    static TimeSpan Time(JsonElement parent, string name) => TimeSpan.Parse(parent.GetProperty(name).GetString()!, null);
}
