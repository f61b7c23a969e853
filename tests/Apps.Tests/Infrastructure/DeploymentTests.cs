using System.Text.Json;
using System.Text.RegularExpressions;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>What is deployed is what the code expects to find.</summary>
public partial class DeploymentTests
{
    // As published in Azure's list of built-in roles.
    static readonly Dictionary<string, string> PublishedRoles = new()
    {
        ["Azure Service Bus Data Owner"] = "090c5cfd-751d-490a-894a-3ce6f1109419",
        ["Azure Service Bus Data Receiver"] = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
        ["Azure Service Bus Data Sender"] = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
        ["Storage Blob Data Owner"] = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        ["Storage Queue Data Contributor"] = "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        ["Storage Table Data Contributor"] = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        ["Monitoring Metrics Publisher"] = "3913510d-42f4-4e42-8a64-420c390055eb",
        ["Key Vault Secrets User"] = "4633458b-17de-408a-b874-0445c86b69e6",
        ["Cosmos DB Built-in Data Reader"] = "00000000-0000-0000-0000-000000000001",
        ["Cosmos DB Built-in Data Contributor"] = "00000000-0000-0000-0000-000000000002",
    };

    public static TheoryData<string> ParameterFiles => [.. Repository.Files("bicep", "*.parameters.json")];

    static BicepFile File(string name) => BicepFile.All.Single(file => file.Path == $"bicep/modules/{name}.bicep");

    static Dictionary<string, JsonElement> ParametersIn(string path) =>
        JsonDocument.Parse(Repository.Read(path)).RootElement.GetProperty("parameters").EnumerateObject()
            .ToDictionary(p => p.Name, p => p.Value.GetProperty("value"));

    [Theory, MemberData(nameof(ParameterFiles))]
    public void An_environments_parameters_are_those_that_the_deployment_has(string path)
    {
        // What differs by subscription rather than by environment is handed over by the script.
        var handedOver = HandedOver().Matches(Repository.Read("pipelines/scripts/deploy-infrastructure.sh")).Select(m => m.Groups[1].Value).ToList();
        var given = ParametersIn(path);
        var declared = BicepFile.Main.Of("param").ToDictionary(p => p.Name);

        Assert.Empty(given.Keys.Concat(handedOver).Except(declared.Keys));
        Assert.Empty(declared.Values.Where(p => !p.HasDefault).Select(p => p.Name).Except(given.Keys).Except(handedOver));
        foreach (var (name, value) in given)
        {
            var type = value.ValueKind switch
            {
                JsonValueKind.String => "string",
                JsonValueKind.Number => "int",
                JsonValueKind.Array => "array",
                _ => "bool",
            };
            Assert.Equal((name, declared[name].Type), (name, type));
            Assert.True(Accepts(declared[name], value), $"{path}: {name} may not be {value}");
        }
    }

    static bool Accepts(BicepDeclaration parameter, JsonElement value)
    {
        var decorators = parameter.Decorators;
        for (var i = 0; i < decorators.Count; i++)
        {
            var arguments = decorators.Skip(i + 2).TakeWhile(token => !token.Is("@"))
                .Where(token => token.Kind is BicepKind.Text or BicepKind.Number).Select(token => token.Text);
            if (decorators[i].IsName("allowed") && !arguments.Contains(value.ToString()))
                return false;
            if (decorators[i].IsName("minValue") && value.GetInt32() < int.Parse(arguments.Single()))
                return false;
        }
        return true;
    }

    [Fact]
    public void Each_difference_between_dev_and_prod_has_a_sentence_in_the_readme()
    {
        var (dev, prod) = (ParametersIn("bicep/dev.parameters.json"), ParametersIn("bicep/prod.parameters.json"));
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
            !parameters.TryGetValue(name, out var value) ? "–" : value.ValueKind is JsonValueKind.String ? value.GetString()! : value.GetRawText();
    }

    [Fact]
    public void There_is_an_app_for_each_participant_and_a_subscription_with_its_filters()
    {
        var messaging = Repository.Read("bicep/modules/messaging.bicep");

        Assert.Equal(Topology.Current.Subscriptions.Select(s => s.Name), Apps().Select(app => app["name"]));
        Assert.Contains("loadJsonContent('../../functions/Runtime/topology.json')", messaging, StringComparison.Ordinal);
        Assert.Equal("topology.topic", Value(File("messaging")["topic"], "name"));
        Assert.Contains("[for subscription in topology.subscriptions: {", messaging, StringComparison.Ordinal);
        var handed = BicepFile.Members(File("messaging")["subscriptions"].Members()["params"], 0);
        Assert.Equal(("subscription.name", "subscription.hears"), (Joined(handed["name"]), Joined(handed["hears"])));

        var filter = File("subscription")["filters"];
        Assert.StartsWith("=[fortypeinhears:", Joined(filter.Body), StringComparison.Ordinal);
        Assert.Equal(("CorrelationFilter", "{label:type}"), (Property(filter, "filterType"), Property(filter, "correlationFilter")));
        Assert.Equal("{sqlExpression:1=0}", Property(File("subscription")["nothingElse"], "sqlFilter"));
    }

    [Fact]
    public void An_order_is_a_session_and_the_kernel_gives_up_on_a_message_long_before_the_bus_does()
    {
        var subscription = File("subscription")["subscription"];

        Assert.Equal("true", Property(subscription, "requiresSession"));
        Assert.True(int.Parse(Property(subscription, "maxDeliveryCount")) >= 5 * new TurnOptions().DeliveriesMax);
        Assert.Equal("true", Property(File("messaging")["topic"], "requiresDuplicateDetection"));
    }

    [Fact]
    public void There_is_a_container_for_each_participant_and_one_for_the_stock()
    {
        var store = File("store");

        Assert.Equal("map(participants,participant=>{name:participant partitionKey:/orderId index:streamIndex requestUnits:streamRequestUnits })",
            Joined(store["streams"].Body)[1..]);
        Assert.Contains("name:stock,partitionKey:/warehouse", Joined(store["stock"].Body), StringComparison.Ordinal);
        Assert.Equal("{defaultConsistencyLevel:Strong}", Property(store["account"], "consistencyPolicy"));
        Assert.Equal("map(apps,app=>app.name)", Joined(BicepFile.Members(BicepFile.Main["store"].Members()["params"], 0)["participants"]));
    }

    [Fact]
    public void Every_role_is_the_one_that_its_name_says_and_stands_in_the_table()
    {
        var access = File("access");
        var roles = BicepFile.Members(access["roles"].Body, 1).Concat(BicepFile.Members(access["storeRoles"].Body, 1))
            .ToDictionary(r => r.Key, r => r.Value[0].Text);
        var table = string.Join('\n', Repository.Read("bicep/modules/access.bicep").Split('\n')
            .Where(line => line.StartsWith("//  ", StringComparison.Ordinal)));

        foreach (var (name, id) in roles)
        {
            Assert.Equal((name, PublishedRoles.GetValueOrDefault(name)), (name, id));
            Assert.Contains(name, table, StringComparison.Ordinal);
            Assert.Contains($"'{name}']", Repository.Read("bicep/modules/access.bicep")
                .Replace($"? '{name}' :", $"'{name}']", StringComparison.Ordinal), StringComparison.Ordinal);
        }
        // Nowhere else is anything granted, and no identifier of a role stands anywhere else.
        Assert.Equal(["bicep/modules/access.bicep"], BicepFile.All.Where(f => f.Of("resource").Any(r => r.Target.Contains("oleAssignments@")))
            .Select(f => f.Path));
        Assert.Equal(["bicep/modules/access.bicep"], BicepFile.All.Where(f => Identifier().IsMatch(Repository.Read(f.Path))).Select(f => f.Path));
    }

    [Fact]
    public void Every_permission_is_for_one_thing_of_one_app()
    {
        var access = File("access");
        foreach (var assignment in access.Of("resource").Where(r => r.Target.StartsWith("Microsoft.Authorization/", StringComparison.Ordinal)))
        {
            // Without a scope it would hold for the whole resource group.
            var scope = assignment.Members()["scope"][0].Text;
            Assert.True(access[scope].IsExisting);
            Assert.NotEqual(("hears", "topic"), (assignment.Name, scope));
        }
        var store = BicepFile.Members(access["rememberings"].Members()["properties"], 0)["scope"][0];
        Assert.Equal("${}/dbs/${}/colls/${}", store.Text);
        Assert.Contains("map(filter(apps,app=>app.name==inventory),app=>{principalId:app.principalId,container:stock})",
            Joined(access["remembers"].Body), StringComparison.Ordinal);
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

        Assert.Equal(asked.Distinct().Order(), registered.RootElement.EnumerateArray().Select(role => role.GetProperty("value").GetString()).Order());
    }

    [Fact]
    public void An_always_ready_instance_is_for_the_function_that_handles_the_subscription()
    {
        var app = Repository.Read("bicep/modules/function-app.bicep");

        Assert.Contains("name: 'function:${participant}-on-message'", app, StringComparison.Ordinal);
        Assert.Contains("/$app-on-message\\$", Repository.Read("pipelines/scripts/deploy-app.sh"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_readmes_arithmetic_starts_from_the_topologys_numbers()
    {
        string[] said = ["OrderCreated", "InventoryReserved", "PaymentSucceeded", "ShipmentBooked", "ShipmentDue", "OrderShipped", "OrderCompleted"];
        var deliveries = Topology.Current.Subscriptions.Select(s => (s.Name, Count: s.Hears.Count(said.Contains))).ToList();
        var each = string.Join(", ", deliveries.Select(d => $"{d.Count} to {char.ToUpperInvariant(d.Name[0])}{d.Name[1..]}"));
        var text = Repository.Read("bicep/README.md");

        Assert.Contains($"**{said.Length}** messages said, **{deliveries.Sum(d => d.Count)}** deliveries ({each})", text, StringComparison.Ordinal);
        Assert.Contains($"That makes **{Apps().Count(app => app["http"] != "0") + 2 * deliveries.Count}**:", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_are_short_enough_for_what_they_name()
    {
        var stages = ParameterFiles.Select(file => ParametersIn(file.Data)["stage"].GetString()!);
        const string token = "abcdef";
        foreach (var app in Topology.Current.Subscriptions.Select(s => s.Name))
        {
            Assert.All(stages, stage => Assert.InRange($"func-{app}-{stage}-{token}".Length, 2, 32)); // longer ones share a host id
            Assert.InRange($"st{app}{token}".Length, 3, 24);
            Assert.InRange($"kv-{app}-{token}".Length, 3, 24);
        }
        foreach (var name in new[] { "'func-${app.name}-${stage}-${token}'", "'st${app.name}${token}'", "'kv-${app.name}-${token}'", ", 6)" })
            Assert.Contains(name, Repository.Read("bicep/main.bicep"), StringComparison.Ordinal);
    }

    /// <summary>The entries of main.bicep's table of apps.</summary>
    static IEnumerable<Dictionary<string, string>> Apps()
    {
        var body = BicepFile.Main["apps"].Body;
        for (var i = 0; i < body.Count; i++)
            if (body[i].Is("{"))
                yield return BicepFile.Members(body, i).ToDictionary(m => m.Key, m => Joined(m.Value));
    }

    static string Value(BicepDeclaration declaration, string key) => Joined(declaration.Members()[key]);

    static string Property(BicepDeclaration declaration, string key) => Joined(BicepFile.Members(declaration.Members()["properties"], 0)[key]);

    static string Joined(IEnumerable<BicepToken> tokens) =>
        string.Concat(tokens.Select(token => token.Kind is BicepKind.NewLine ? " " : token.Text)).Replace("{ ", "{");

    static string Section(string path, string heading) =>
        Repository.Read(path).Split("\n## ").Single(section => section.StartsWith(heading, StringComparison.Ordinal));

    [GeneratedRegex(@"""(\w+)=\$")]
    private static partial Regex HandedOver();

    [GeneratedRegex(@"^\| `(?<name>\w+)` \| (?<cells>.+)$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")]
    private static partial Regex Identifier();
}
