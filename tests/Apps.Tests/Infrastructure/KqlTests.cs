using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrderFunctions.Runtime;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>The queries of alerts and workbook, read by Kusto's own language service and checked against what the code measures.</summary>
public partial class KqlTests
{
    static readonly Dictionary<string, string> Queries = Repository.Files("bicep/alerts", "*.kql")
        .ToDictionary(path => path, Repository.Read).Concat(Workbook()).ToDictionary(query => query.Key, query => query.Value);

    static readonly Dictionary<string, Instrument> Metrics = typeof(Telemetry).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => field.GetValue(null)).OfType<Instrument>().ToDictionary(metric => metric.Name);

    /// <summary>Tables that Azure fills, not the apps.</summary>
    static readonly string[] Platforms = ["_LogOperation", "CDBPartitionKeyStatistics"];

    static IEnumerable<KeyValuePair<string, string>> Workbook() =>
        JsonDocument.Parse(Repository.Read("bicep/workbook.json")).RootElement.GetProperty("items").EnumerateArray()
            .Where(item => item.GetProperty("content").TryGetProperty("query", out _))
            .Select(item => KeyValuePair.Create(
                $"workbook: {item.GetProperty("name").GetString()}", item.GetProperty("content").GetProperty("query").GetString()!));

    [Fact]
    public void Every_query_is_understood_and_an_alerts_query_gives_the_number_and_the_dimension_that_its_rule_asks_for()
    {
        Kusto.IsNeeded();
        var understood = Kusto.Understand(Queries);

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
            Assert.True(asked.Count > 0 || Platforms.Any(table => text.Contains(table, StringComparison.Ordinal)), $"{query} asks for nothing");
        }
    }

    [Fact]
    public void Each_alert_has_its_own_query_and_a_description()
    {
        var alerts = Alerts();

        Assert.Equal(Repository.Files("bicep/alerts", "*.kql"), alerts.Select(alert => $"bicep/alerts/{alert.Name}.kql")
            .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_Azure_measures_is_asked_for_by_the_names_that_it_publishes()
    {
        // Of Microsoft.ServiceBus/namespaces: the metric, and how it is added up.
        Assert.Equal(
            [("dead-letters", "DeadletteredMessages", "Maximum"), ("topic-size", "Size", "Maximum"), ("bus-throttled", "ThrottledRequests", "Total")],
            Bicep.Dev.Of("Microsoft.Insights/metricAlerts").Select(rule =>
            {
                var criterion = Deployment.Property(rule, "criteria.allOf")[0];
                string Of(string name) => criterion.GetProperty(name).GetString()!;
                return (RuleName().Match(Deployment.Name(rule)).Groups[1].Value, Of("metricName"), Of("timeAggregation"));
            }));
        foreach (var deployment in new[] { Bicep.Dev, Bicep.Prod })
        {
            var topic = deployment.Of("Microsoft.ServiceBus/namespaces/topics").Single();
            var size = deployment.Of("Microsoft.Insights/metricAlerts")
                .Single(rule => Deployment.Name(rule).Contains("topic-size", StringComparison.Ordinal));
            var limit = Deployment.Property(size, "criteria.allOf")[0].GetProperty("threshold").GetInt64();
            Assert.InRange(limit / 1048576.0 / Deployment.Property(topic, "maxSizeInMegabytes").GetInt32(), 0.79, 0.81);
        }
    }

    [Fact]
    public void Each_alert_has_a_row_in_the_runbook_which_its_description_quotes_and_links_to()
    {
        var rows = Row().Matches(Repository.Read("bicep/RUNBOOK.md"));
        var described = Bicep.Dev.Of("Microsoft.Insights/scheduledQueryRules").Concat(Bicep.Dev.Of("Microsoft.Insights/metricAlerts"))
            .ToDictionary(rule => RuleName().Match(Deployment.Name(rule)).Groups[1].Value, rule => Deployment.Property(rule, "description").GetString());

        Assert.Equal(described.Keys, rows.Select(row => row.Groups["name"].Value));
        foreach (Match row in rows)
        {
            var name = row.Groups["name"].Value;
            Assert.Equal(name, row.Groups["anchor"].Value);
            Assert.Equal($"{row.Groups["means"].Value} bicep/RUNBOOK.md#{name}", described[name]);
            Assert.All(new[] { "means", "look", "then" }, cell => Assert.EndsWith(".", row.Groups[cell].Value, StringComparison.Ordinal));
        }
        var linked = Bicep.Snapshot("dev", ("BUILD_REPOSITORY_URI", "https://code.example/orders")).Of("Microsoft.Insights/metricAlerts").First();
        Assert.EndsWith(" https://code.example/orders?path=/bicep/RUNBOOK.md#dead-letters", Deployment.Property(linked, "description").GetString());
    }

    /// <summary>The rules as they would be deployed, by the name of their query.</summary>
    static List<(string Name, string By)> Alerts() =>
    [
        .. Bicep.Dev.Of("Microsoft.Insights/scheduledQueryRules").Select(rule =>
        {
            var name = RuleName().Match(Deployment.Name(rule)).Groups[1].Value;
            var condition = Deployment.Property(rule, "criteria.allOf")[0];
            Assert.Equal(Repository.Read($"bicep/alerts/{name}.kql"), condition.GetProperty("query").GetString());
            Assert.InRange(Deployment.Property(rule, "severity").GetInt32(), 0, 3);
            // A new workspace has no tables yet, and a rule that is checked against them is refused.
            Assert.True(Deployment.Property(rule, "skipQueryValidation").GetBoolean());
            var by = condition.GetProperty("dimensions").EnumerateArray().Select(dimension => dimension.GetProperty("name").GetString());
            return (name, by.SingleOrDefault() ?? "");
        }),
    ];

    [GeneratedRegex("^alert-(.+)-dev$")]
    private static partial Regex RuleName();

    [GeneratedRegex("""\bName (==|in) (\([^)]*\)|"[^"]*")""")]
    private static partial Regex MetricAsked();

    [GeneratedRegex("""^\| <a id="(?<anchor>[\w-]+)"></a>(?<name>[\w-]+) \| (?<means>.+?) \| (?<look>(?:\\\||[^|])+) \| (?<then>[^|]+) \|$""", RegexOptions.Multiline)]
    private static partial Regex Row();

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
