using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrderFunctions.Runtime;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>The queries of alerts and workbook, read by Kusto's own language service and checked against what the code measures.</summary>
public partial class KqlTests
{
    const string Package = "@kusto/language-service-next@12.4.1";

    static readonly Dictionary<string, string> Queries = Repository.Files("bicep/alerts", "*.kql")
        .ToDictionary(path => path, Repository.Read).Concat(Workbook()).ToDictionary(query => query.Key, query => query.Value);

    static readonly Dictionary<string, Instrument> Metrics = typeof(Telemetry).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => field.GetValue(null)).OfType<Instrument>().ToDictionary(metric => metric.Name);

    static IEnumerable<KeyValuePair<string, string>> Workbook() =>
        JsonDocument.Parse(Repository.Read("bicep/workbook.json")).RootElement.GetProperty("items").EnumerateArray()
            .Where(item => item.GetProperty("content").TryGetProperty("query", out _))
            .Select(item => KeyValuePair.Create(
                $"workbook: {item.GetProperty("name").GetString()}", item.GetProperty("content").GetProperty("query").GetString()!));

    [Fact]
    public void Every_query_is_understood_and_an_alerts_query_gives_the_number_and_the_dimension_that_its_rule_asks_for()
    {
        Assert.SkipUnless(Repository.Has("node") && Repository.Has("npm"),
            "Kusto's language service runs on Node.js, which this machine does not have");
        var understood = Understand(Queries);

        Assert.Empty(understood.SelectMany(query => query.Value.Findings.Select(finding => $"{query.Key}: {finding}")));
        foreach (var (name, by) in Alerts())
        {
            var columns = understood[$"bicep/alerts/{name}.kql"].Columns;
            Assert.Equal((name, "real"), (name, columns.GetValueOrDefault("Value")));
            // Any other column that is text would split the alert without being asked for, or be asked for and not be there.
            Assert.Equal(by.Length == 0 ? [] : [by], columns.Where(column => column.Value == "string").Select(column => column.Key));
        }
    }

    [Fact]
    public void A_query_asks_for_metrics_that_the_code_has_and_for_dimensions_that_they_have()
    {
        var documented = MetricDocumentation().Matches(Repository.Read("functions/Runtime/Telemetry.cs"))
            .ToDictionary(m => m.Groups["name"].Value, m =>
                Code().Matches(m.Groups["summary"].Value).Select(code => code.Groups[1].Value).ToHashSet());

        foreach (var (query, text) in Queries)
        {
            var asked = MetricAsked().Matches(text).SelectMany(m => Quoted().Matches(m.Value)).Select(m => m.Groups[1].Value).ToHashSet();
            Assert.Empty(asked.Except(Metrics.Keys).Select(name => $"{query}: {name}"));
            Assert.Empty(DimensionAsked().Matches(text).Select(m => m.Groups[1].Value).Except(asked.SelectMany(name => documented[name]))
                .Select(d => $"{query}: {d}"));
            Assert.True(asked.Count > 0 || text.Contains("AppRequests", StringComparison.Ordinal), $"{query} asks for nothing");
        }
    }

    [Fact]
    public void Each_alert_has_its_own_query_and_a_description()
    {
        var alerts = Alerts();

        Assert.Equal(Repository.Files("bicep/alerts", "*.kql"), alerts.Select(alert => $"bicep/alerts/{alert.Name}.kql")
            .Order(StringComparer.Ordinal));
        var deadLetters = Deployment.Property(Bicep.Dev.Of("Microsoft.Insights/metricAlerts").Single(), "criteria.allOf")[0];
        Assert.Equal("DeadletteredMessages", deadLetters.GetProperty("metricName").GetString());
    }

    [Fact]
    public void A_participant_whose_timer_is_silent_is_missed_by_name()
    {
        var listed = Quoted().Matches(Queries["bicep/alerts/republish-not-running.kql"].Split('\n')
            .Single(line => line.StartsWith("datatable", StringComparison.Ordinal)));

        Assert.Equal(Topology.Current.Subscriptions.Select(s => s.Name), listed.Select(m => m.Groups[1].Value));
        // By this the query tells whose app it is.
        Assert.All(listed, m => Assert.StartsWith($"func-{m.Groups[1].Value}-", Deployment.Name(Bicep.Dev.App(m.Groups[1].Value)),
            StringComparison.Ordinal));
    }

    /// <summary>The rules as they would be deployed, by the name of their query.</summary>
    static List<(string Name, string By)> Alerts() =>
    [
        .. Bicep.Dev.Of("Microsoft.Insights/scheduledQueryRules").Select(rule =>
        {
            var name = RuleName().Match(Deployment.Name(rule)).Groups[1].Value;
            var condition = Deployment.Property(rule, "criteria.allOf")[0];
            Assert.Equal(Repository.Read($"bicep/alerts/{name}.kql"), condition.GetProperty("query").GetString());
            Assert.EndsWith(".", Deployment.Property(rule, "description").GetString(), StringComparison.Ordinal);
            Assert.InRange(Deployment.Property(rule, "severity").GetInt32(), 0, 3);
            // A new workspace has no tables yet, and a rule that is checked against them is refused.
            Assert.True(Deployment.Property(rule, "skipQueryValidation").GetBoolean());
            var by = condition.GetProperty("dimensions").EnumerateArray().Select(dimension => dimension.GetProperty("name").GetString());
            return (name, by.SingleOrDefault() ?? "");
        }),
    ];

    sealed record Understood(IReadOnlyList<string> Findings, IReadOnlyDictionary<string, string> Columns);

    static Dictionary<string, Understood> Understand(IReadOnlyDictionary<string, string> queries)
    {
        var tools = Repository.PathOf(".tools/kusto");
        if (!Directory.Exists(Path.Combine(tools, "node_modules", "@kusto")))
        {
            Directory.CreateDirectory(tools);
            var (installed, _, errors) = Repository.Run("npm",
                ["install", "--prefix", tools, "--no-audit", "--no-fund", "--no-save", "--silent", Package]);
            Assert.True(installed == 0, errors);
        }
        const string folder = "tests/Apps.Tests/Infrastructure";
        var schema = JsonSerializer.Deserialize<Dictionary<string, string>>(Repository.Read($"{folder}/kql-schema.json"));
        var (status, output, problem) = Repository.Run("node", [Repository.PathOf($"{folder}/kql.mjs"), tools],
            input: JsonSerializer.Serialize(new { schema, queries }));
        Assert.True(status == 0, problem);
        return JsonSerializer.Deserialize<Dictionary<string, Understood>>(output, JsonSerializerOptions.Web)!;
    }

    [GeneratedRegex("^alert-(.+)-dev$")]
    private static partial Regex RuleName();

    [GeneratedRegex("""Name (==|in) (\([^)]*\)|"[^"]*")""")]
    private static partial Regex MetricAsked();

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("""Properties\["(\w+)"\]""")]
    private static partial Regex DimensionAsked();

    [GeneratedRegex(
        """<summary>(?<summary>(?:(?!</summary>)[\s\S])*)</summary>\s*public static readonly \w+<\w+> \w+ = """
        + """Meter\.\w+<\w+>\("(?<name>[^"]+)""")]
    private static partial Regex MetricDocumentation();

    [GeneratedRegex("<c>(\\w+)</c>")]
    private static partial Regex Code();
}
