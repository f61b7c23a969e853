using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <param name="Principal">An app's name, or the id that was given.</param>
/// <param name="Scope">What it is for, without the resource group.</param>
sealed record Permission(string Principal, string Role, string Scope);

/// <summary>What would be deployed. Values that are known only then are expressions in brackets.</summary>
sealed partial class Deployment(JsonElement snapshot)
{
    /// <summary>As published in Azure's list of built-in roles, and in Cosmos DB's.</summary>
    public static readonly Dictionary<string, string> PublishedRoles = new()
    {
        ["090c5cfd-751d-490a-894a-3ce6f1109419"] = "Azure Service Bus Data Owner",
        ["4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"] = "Azure Service Bus Data Receiver",
        ["69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"] = "Azure Service Bus Data Sender",
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
        ["4633458b-17de-408a-b874-0445c86b69e6"] = "Key Vault Secrets User",
        ["b86a8fe4-44ce-4948-aee5-eccb2c155cd7"] = "Key Vault Secrets Officer",
        ["00000000-0000-0000-0000-000000000001"] = "Cosmos DB Built-in Data Reader",
        ["00000000-0000-0000-0000-000000000002"] = "Cosmos DB Built-in Data Contributor",
    };

    const string ServiceBus = "Microsoft.ServiceBus/namespaces/topics/subscriptions";

    public IReadOnlyList<JsonElement> Resources { get; } = [.. snapshot.GetProperty("predictedResources").EnumerateArray()];

    public JsonElement Outputs => snapshot.GetProperty("outputs");

    public IEnumerable<JsonElement> Of(string type) => Resources.Where(resource => Type(resource) == type);

    public JsonElement App(string participant) => Of("Microsoft.Web/sites").Single(app => Tag(app, "participant") == participant);

    public IReadOnlyDictionary<string, string> Settings(string participant) =>
        Property(App(participant), "siteConfig.appSettings").EnumerateArray()
            .ToDictionary(setting => setting.GetProperty("name").GetString()!, setting => setting.GetProperty("value").GetString()!);

    public IEnumerable<JsonElement> Subscriptions => Of(ServiceBus);

    /// <summary>The rules of one subscription.</summary>
    public IEnumerable<JsonElement> Rules(string subscription) =>
        Of($"{ServiceBus}/rules").Where(rule => Name(rule).Contains($"/{subscription}/", StringComparison.Ordinal));

    public IEnumerable<Permission> Permissions => Resources
        .Where(resource => Type(resource).EndsWith("oleAssignments", StringComparison.Ordinal))
        .Select(assignment => new Permission(
            Identity().Match(Property(assignment, "principalId").GetString()!) is { Success: true } app
                ? app.Groups[1].Value : Property(assignment, "principalId").GetString()!,
            PublishedRoles[Property(assignment, "roleDefinitionId").GetString()!.Split('/')[^1]],
            Below(assignment.GetProperty("properties").TryGetProperty("scope", out var scope)
                ? scope.GetString()!
                : AssignmentScope().Match(assignment.GetProperty("id").GetString()!).Groups[1].Value)));

    public static string Type(JsonElement resource) => resource.GetProperty("type").GetString()!;

    public static string Name(JsonElement resource) => resource.GetProperty("name").GetString()!;

    public static string? Tag(JsonElement resource, string name) =>
        resource.TryGetProperty("tags", out var tags) && tags.TryGetProperty(name, out var tag) ? tag.GetString() : null;

    /// <param name="path">Below <c>properties</c>, parted by dots.</param>
    public static JsonElement Property(JsonElement resource, string path) =>
        path.Split('.').Aggregate(resource.GetProperty("properties"), (node, name) => node.GetProperty(name));

    static string Below(string scope) => scope.Split("/providers/").Length > 1 ? scope.Split("/providers/", 2)[1] : scope;

    /// <summary>The whole deployment as text: names, settings of each app, filters, permissions, alerts.</summary>
    public override string ToString()
    {
        var lines = new List<string> { "Resources" };
        lines.AddRange(Sorted(Resources
            .Where(resource => !Type(resource).EndsWith("/rules", StringComparison.Ordinal) && !Name(resource).StartsWith('['))
            .Select(resource => $"{Type(resource)}  {Name(resource)}")));
        foreach (var app in Of("Microsoft.Web/sites").Select(app => Tag(app, "participant")!))
        {
            var scale = Property(App(app), "functionAppConfig.scaleAndConcurrency");
            var ready = scale.GetProperty("alwaysReady").EnumerateArray()
                .Select(group => $"{group.GetProperty("name")} {group.GetProperty("instanceCount")}");
            lines.Add($"\n{app}: {scale.GetProperty("maximumInstanceCount")} instances of {scale.GetProperty("instanceMemoryMB")} MB, "
                + $"always ready: {string.Join(", ", ready.DefaultIfEmpty("none"))}");
            lines.AddRange(Sorted(Settings(app).Select(
                setting => $"{setting.Key} = {(setting.Value.StartsWith('[') ? "…" : setting.Value)}")));
        }
        lines.Add("\nFilters");
        foreach (var subscription in Subscriptions.Select(subscription => Name(subscription).Split('/')[^1]))
            lines.AddRange(Sorted(Rules(subscription).Select(rule => $"{subscription}: {Name(rule).Split('/')[^1]}")));
        lines.Add("\nPermissions");
        lines.AddRange(Sorted(Permissions.Select(p => $"{p.Principal}: {p.Role} of {p.Scope}")));
        lines.Add("\nAlerts");
        lines.AddRange(Sorted(Of("Microsoft.Insights/scheduledQueryRules").Select(Alert)));
        return string.Join('\n', lines);

        static IEnumerable<string> Sorted(IEnumerable<string> lines) => lines.Order(StringComparer.Ordinal).Select(line => $"  {line}");

        static string Alert(JsonElement rule)
        {
            var condition = Property(rule, "criteria.allOf")[0];
            var by = condition.GetProperty("dimensions").EnumerateArray().Select(dimension => $" by {dimension.GetProperty("name")}");
            return $"{Name(rule)}: severity {Property(rule, "severity")}, {condition.GetProperty("operator")} "
                + $"{condition.GetProperty("threshold")}{string.Concat(by)}, "
                + $"{Property(rule, "windowSize")} every {Property(rule, "evaluationFrequency")}";
        }
    }

    [GeneratedRegex("userAssignedIdentities/id-([a-z]+)-")]
    private static partial Regex Identity();

    [GeneratedRegex(@"^(?:\[extensionResourceId\(')?([^']+?)(?:'|/providers/Microsoft\.Authorization)")]
    private static partial Regex AssignmentScope();
}
