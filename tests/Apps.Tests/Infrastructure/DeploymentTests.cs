using System.Text.Json;
using System.Text.RegularExpressions;
using OrderFunctions.Kernel;
using OrderFunctions.Http;
using OrderFunctions.Runtime;
using OrderFunctions.Saga.Tests;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>What is deployed is what the code expects to find.</summary>
public partial class DeploymentTests
{
    public static TheoryData<string> Stages => ["dev", "prod"];

    static Deployment Of(string stage) => stage == "prod" ? Bicep.Prod : Bicep.Dev;

    static IEnumerable<string> Participants => Topology.Current.Subscriptions.Select(s => s.Name);

    [Theory, MemberData(nameof(Stages))]
    public void What_is_deployed_is_approved(string stage) => Approved.Verify($"Deployment.{stage}", Of(stage).ToString());

    [Fact]
    public void Each_difference_between_dev_and_prod_has_a_sentence_in_the_readme()
    {
        var (dev, prod) = (Bicep.Parameters("dev"), Bicep.Parameters("prod"));
        var differences = dev.Keys.Union(prod.Keys)
            .Where(name => !dev.ContainsKey(name) || !prod.ContainsKey(name) || dev[name].ToString() != prod[name].ToString());
        var explained = Row().Matches(Section("bicep/README.md", "Dev and prod"))
            .ToDictionary(row => row.Groups["name"].Value, row => row.Groups["cells"].Value);

        Assert.Equal(differences.Order(), explained.Keys.Order());
        foreach (var (name, cells) in explained)
        {
            Assert.Contains($"| {Shown(dev, name)} | {Shown(prod, name)} |", $"| {cells}", StringComparison.Ordinal);
            Assert.EndsWith(".", cells.TrimEnd(' ', '|'), StringComparison.Ordinal);
        }

        static string Shown(Dictionary<string, JsonElement> parameters, string name) =>
            !parameters.TryGetValue(name, out var value) ? "–"
            : value.ValueKind is JsonValueKind.String ? value.GetString()!
            : value.GetRawText();
    }

    [Theory, MemberData(nameof(Stages))]
    public void Each_participant_has_an_app_and_a_subscription_with_its_filters(string stage)
    {
        var deployment = Of(stage);

        Assert.Equal(Participants, deployment.Of("Microsoft.Web/sites").Select(app => Deployment.Tag(app, "participant")));
        Assert.Equal(Participants, deployment.Subscriptions.Select(subscription => Deployment.Name(subscription).Split('/')[^1]));
        Assert.EndsWith($"/{Topology.Current.Topic}", Deployment.Name(deployment.Of("Microsoft.ServiceBus/namespaces/topics").Single()),
            StringComparison.Ordinal);
        foreach (var participant in Topology.Current.Subscriptions)
        {
            var rules = deployment.Rules(participant.Name).ToDictionary(rule => Deployment.Name(rule).Split('/')[^1]);
            Assert.True(rules.Remove("$Default", out var nothing));
            Assert.Equal("1=0", Deployment.Property(nothing, "sqlFilter.sqlExpression").GetString());
            Assert.Equal(participant.Hears.Order(), rules.Keys.Order());
            Assert.All(rules, rule => Assert.Equal(rule.Key, Deployment.Property(rule.Value, "correlationFilter.label").GetString()));
        }
    }

    [Fact]
    public void An_order_is_a_session_and_the_kernel_gives_up_on_a_message_long_before_the_bus_does()
    {
        Assert.All(Bicep.Prod.Subscriptions, subscription =>
        {
            Assert.True(Deployment.Property(subscription, "requiresSession").GetBoolean());
            Assert.True(Deployment.Property(subscription, "maxDeliveryCount").GetInt32() >= 5 * new TurnOptions().DeliveriesMax);
        });
        var topic = Bicep.Prod.Of("Microsoft.ServiceBus/namespaces/topics").Single();
        Assert.True(Deployment.Property(topic, "requiresDuplicateDetection").GetBoolean());
    }

    [Fact]
    public void There_is_a_container_for_each_participant_and_one_for_the_stock()
    {
        const string account = "Microsoft.DocumentDB/databaseAccounts";
        var containers = Bicep.Prod.Of($"{account}/sqlDatabases/containers").Select(container =>
            (Deployment.Name(container).Split('/')[^1], Deployment.Property(container, "resource.partitionKey.paths")[0].GetString()));

        Assert.Equal([.. Participants.Select(participant => (participant, "/orderId")), ("stock", "/warehouse")], containers);
        Assert.Equal("Strong",
            Deployment.Property(Bicep.Prod.Of(account).Single(), "consistencyPolicy.defaultConsistencyLevel").GetString());
    }

    [Fact]
    public void Every_permission_is_for_one_thing_and_stands_in_the_table()
    {
        var table = string.Join('\n', Repository.Read("bicep/modules/access.bicep").Split('\n')
            .Where(line => line.StartsWith("//  ", StringComparison.Ordinal)));
        Permission[] permissions = [.. Bicep.DevWithProviders.Permissions, .. Bicep.Prod.Permissions];

        Assert.All(permissions, permission =>
        {
            Assert.Contains(permission.Role, table, StringComparison.Ordinal);
            Assert.Contains($"'{permission.Role}': '{Deployment.PublishedRoles.Single(role => role.Value == permission.Role).Key}'",
                Repository.Read("bicep/modules/access.bicep"), StringComparison.Ordinal);
            // A scope without a resource would be the whole group.
            Assert.StartsWith("Microsoft.", permission.Scope, StringComparison.Ordinal);
        });
        foreach (var (principal, role, scope) in permissions.Where(permission => permission.Principal != Bicep.Operator))
            Assert.True(role switch
            {
                "Azure Service Bus Data Sender" => scope.EndsWith($"/topics/{Topology.Current.Topic}", StringComparison.Ordinal),
                "Azure Service Bus Data Receiver" or "Azure Service Bus Data Owner" =>
                    scope.EndsWith($"/subscriptions/{principal}", StringComparison.Ordinal),
                "Cosmos DB Built-in Data Contributor" => scope.EndsWith($"/colls/{principal}", StringComparison.Ordinal)
                    || (principal, true) == ("inventory", scope.EndsWith("/colls/stock", StringComparison.Ordinal)),
                "Storage Blob Data Owner" => scope.Contains($"/st{principal}", StringComparison.Ordinal),
                "Key Vault Secrets User" => scope.Contains($"/kv-{principal}-", StringComparison.Ordinal),
                _ => role == "Monitoring Metrics Publisher",
            }, $"{principal}: {role} of {scope}");
        Assert.Equal(["bicep/modules/access.bicep"], Repository.Files("bicep", "*.bicep")
            .Where(path => Repository.Read(path).Contains("oleAssignments@", StringComparison.Ordinal)));
    }

    [Fact]
    public void Without_real_providers_there_is_no_vault_and_with_them_the_operator_can_fill_each()
    {
        const string vault = "Microsoft.KeyVault/vaults";
        Assert.Empty(Bicep.Dev.Of(vault));
        Assert.DoesNotContain(Bicep.Dev.Permissions, permission => permission.Principal == Bicep.Operator);

        var deployment = Bicep.DevWithProviders;
        var vaults = deployment.Of(vault).Select(Deployment.Name).ToList();
        Assert.Equal(["payments", "shipping", "notifications"], vaults.Select(name => name.Split('-')[1]));
        Assert.Equal(vaults.Order(), deployment.Permissions
            .Where(permission => permission is { Principal: Bicep.Operator, Role: "Key Vault Secrets Officer" })
            .Select(p => p.Scope.Split('/')[^1]).Order());
        var referred = Participants.SelectMany(app => deployment.Settings(app).Values).SelectMany(value => VaultAsked().Matches(value))
            .Select(match => match.Groups[1].Value);
        Assert.Equal(vaults.Order(), referred.Distinct().Order());
    }

    [Fact]
    public void Nothing_is_asked_of_an_app_that_Flex_Consumption_refuses()
    {
        string[] refused =
            ["ftpsState", "alwaysOn", "linuxFxVersion", "netFrameworkVersion", "functionAppScaleLimit", "use32BitWorkerProcess"];

        Assert.All(Participants.Select(Bicep.Prod.App), app => Assert.Empty(
            Deployment.Property(app, "siteConfig").EnumerateObject().Select(setting => setting.Name).Intersect(refused)));
    }

    [Fact]
    public void A_deployment_keeps_what_each_app_is_recorded_to_run()
    {
        var deployment = Bicep.Snapshot("dev", ("DEPLOYED", """[{"participant":"orders","build":"7","previous":"6"}]"""));

        Assert.Equal(("7", "6"), (Deployment.Tag(deployment.App("orders"), "build"), Deployment.Tag(deployment.App("orders"), "previous")));
        Assert.Null(Deployment.Tag(deployment.App("payments"), "build"));
    }

    [Fact]
    public void The_instances_fit_the_quota_that_a_subscription_has_by_default()
    {
        const int quota = 250;
        foreach (var deployment in new[] { Bicep.Dev, Bicep.Prod })
        {
            var apps = Participants.Select(app => (Http: deployment.Settings(app).ContainsKey("Authentication__Audience"),
                Scale: Deployment.Property(deployment.App(app), "functionAppConfig.scaleAndConcurrency"))).ToList();
            // An instance of 2 GB has one core. Messages and HTTP scale apart, a timer has one instance.
            int Cores(JsonElement scale) =>
                scale.GetProperty("maximumInstanceCount").GetInt32() * scale.GetProperty("instanceMemoryMB").GetInt32() / 2048;
            var messages = apps.Sum(app => Cores(app.Scale) + 1);
            var all = messages + apps.Where(app => app.Http).Sum(app => Cores(app.Scale));

            Assert.InRange(messages, 1, quota);
            Assert.Contains($"need {messages} of the {quota} cores", Repository.Read("bicep/README.md"), StringComparison.Ordinal);
            Assert.Contains($"{all} with every HTTP group at its limit", Repository.Read("bicep/README.md"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("dev"), InlineData("My.long_env-(1).901234567890123456789012345678901234567890123456"), InlineData("my-feature-9")]
    public void Any_environment_that_azd_accepts_gives_names_that_Azure_accepts(string environment)
    {
        Assert.InRange(environment.Length, 1, 64);
        var deployment = Bicep.Snapshot("dev", ("AZURE_ENV_NAME", environment), ("CARRIER_URL", "https://carrier.example/"));
        (string Type, string Form, int Max)[] allowed =
        [
            ("Microsoft.Resources/resourceGroups", @"^[-\w._()]*[-\w_()]$", 90),
            ("Microsoft.ServiceBus/namespaces", "^[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*$", 50),
            ("Microsoft.DocumentDB/databaseAccounts", "^[a-z0-9]+(-[a-z0-9]+)*$", 44),
            ("Microsoft.Storage/storageAccounts", "^[a-z0-9]{3,}$", 24),
            ("Microsoft.KeyVault/vaults", "^[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*$", 24),
            ("Microsoft.Web/sites", "^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$", 60),
            ("Microsoft.Web/serverfarms", "^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$", 60),
            ("Microsoft.OperationalInsights/workspaces", "^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$", 63),
        ];

        foreach (var (type, form, max) in allowed)
            Assert.All(deployment.Of(type).Select(Deployment.Name), name =>
            {
                Assert.Matches(form, name);
                Assert.InRange(name.Length, 1, max);
            });
        var people = deployment.Of("Microsoft.Insights/actionGroups").Single();
        Assert.InRange(Deployment.Property(people, "groupShortName").GetString()!.Length, 1, 12);
        // By these azd finds what it deploys to.
        var group = deployment.Of("Microsoft.Resources/resourceGroups").Single();
        Assert.Equal(environment, Deployment.Tag(group, "azd-env-name"));
        Assert.Equal(Participants, deployment.Of("Microsoft.Web/sites").Select(app => Deployment.Tag(app, "azd-service-name")));
        Assert.Equal(Deployment.Name(group), deployment.Outputs.GetProperty("AZURE_RESOURCE_GROUP").GetString());
    }

    [Fact]
    public void The_roles_that_are_registered_are_those_that_the_api_asks_for()
    {
        using var api = JsonDocument.Parse(Repository.Read("functions/Http/openapi.json"));
        using var registered = JsonDocument.Parse(Repository.Read("bicep/app-roles.json"));
        var asked = api.RootElement.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject())
            .Where(call => call.Value.ValueKind is JsonValueKind.Object && call.Value.TryGetProperty("security", out _))
            .SelectMany(call => call.Value.GetProperty("security").EnumerateArray())
            .SelectMany(way => way.EnumerateObject()).Where(way => way.Name == "entra")
            .SelectMany(way => way.Value.EnumerateArray()).Select(role => role.GetString());

        Assert.Equal(asked.Distinct().Order(),
            registered.RootElement.EnumerateArray().Select(role => role.GetProperty("value").GetString()).Order());
        foreach (var role in registered.RootElement.EnumerateArray())
        {
            var (name, kinds) = (role.GetProperty("value").GetString()!, role.GetProperty("allowedMemberTypes").EnumerateArray());
            Assert.Equal((name, Roles.IsFor(name, ofUser: false, isDev: false), Roles.IsFor(name, ofUser: true, isDev: false)),
                (name, kinds.Any(kind => kind.GetString() == "Application"), kinds.Any(kind => kind.GetString() == "User")));
        }
    }

    [Fact]
    public void The_calls_of_each_role_and_what_is_open_are_listed()
    {
        var section = Repository.Read("SECURITY.md").Split("\n## Who may do what\n")[1].Split("\n## ")[0];
        var rows = section.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('|')).ToList();
        Assert.Equal(
            from role in Routes.All.SelectMany(route => route.Roles).Distinct().Order()
            select $"{role}: {string.Join(' ', Routes.All.Where(route => route.Roles.Contains(role)).Select(route => route.Name).Order())}",
            from row in rows
            let role = Names(row[1]).Single()
            orderby role
            select $"{role}: {string.Join(' ', Names(row[3]).Where(name => name != "owner").Order())}");
        Assert.All(rows, row => Assert.Equal(
            (Roles.IsFor(Names(row[1]).Single(), ofUser: false, isDev: false), Roles.IsFor(Names(row[1]).Single(), ofUser: true, isDev: true)),
            (row[2].Contains("application", StringComparison.Ordinal), row[2].Contains("person", StringComparison.Ordinal))));
        Assert.Equal(Routes.All.Where(route => route.Roles.IsEmpty).Select(route => route.Name),
            Names(section.Split("\n| role")[0]).Intersect(Routes.All.Select(route => route.Name)));

        static IEnumerable<string> Names(string text) => text.Split('`').Where((_, index) => index % 2 == 1);
    }

    [Fact]
    public void An_always_ready_instance_is_for_the_function_that_handles_the_subscription()
    {
        Assert.All(Participants, app => Assert.Contains($"function:{app}-on-message",
            Deployment.Property(Bicep.Prod.App(app), "functionAppConfig.scaleAndConcurrency.alwaysReady").EnumerateArray()
                .Select(ready => ready.GetProperty("name").GetString())));
        Assert.Contains("/$app-on-message\\$", Repository.Read("pipelines/scripts/deploy-app.sh"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_readmes_arithmetic_starts_from_the_topologys_numbers()
    {
        string[] published =
            ["OrderCreated", "InventoryReserved", "PaymentSucceeded", "ShipmentBooked", "ShipmentDue", "CarrierPickedUp", "OrderShipped", "OrderCompleted"];
        var deliveries = Topology.Current.Subscriptions.Select(s => (s.Name, Count: s.Hears.Count(published.Contains))).ToList();
        var each = string.Join(", ", deliveries.Select(d => $"{d.Count} to {char.ToUpperInvariant(d.Name[0])}{d.Name[1..]}"));
        var text = Repository.Read("bicep/README.md");

        Assert.Contains($"**{published.Length}** messages published, **{deliveries.Sum(d => d.Count)}** deliveries ({each})", text,
            StringComparison.Ordinal);
        var groups = Participants.Count(app => Bicep.Dev.Settings(app).ContainsKey("Authentication__Audience")) + 2 * deliveries.Count;
        Assert.Contains($"That makes **{groups}**:", text, StringComparison.Ordinal);
    }

    static string Section(string path, string heading) =>
        Repository.Read(path).Split("\n## ").Single(section => section.StartsWith(heading, StringComparison.Ordinal));

    [GeneratedRegex(@"^\| `(?<name>\w+)` \| (?<cells>.+)$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"VaultName=([\w-]+);")]
    private static partial Regex VaultAsked();
}
