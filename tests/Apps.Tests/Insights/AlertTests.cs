using System.Text.Json.Nodes;
using System.Xml;
using OrderFunctions.Apps.Tests.Infrastructure;
using Rows = System.Collections.Generic.Dictionary<string, System.Collections.Generic.List<System.Text.Json.Nodes.JsonObject>>;

namespace OrderFunctions.Apps.Tests.Insights;

/// <summary>The alerts as they would be deployed, over what the apps' set-up really sends.</summary>
[Collection(InsightsCollection.Name)]
public sealed class AlertTests(AlertScenarios captured, ITestOutputHelper output) : IClassFixture<AlertScenarios>
{
    static readonly IReadOnlyList<Alert> Alerts = [.. Bicep.Dev.Of("Microsoft.Insights/scheduledQueryRules").Select(rule =>
    {
        var condition = Deployment.Property(rule, "criteria.allOf")[0];
        var range = rule.GetProperty("properties").TryGetProperty("overrideQueryTimeRange", out var own) && own.GetString() is { } said
            ? said
            : Deployment.Property(rule, "windowSize").GetString()!;
        return new Alert(
            Deployment.Name(rule)["alert-".Length..^"-dev".Length],
            condition.GetProperty("query").GetString()!,
            XmlConvert.ToTimeSpan(range).TotalMinutes,
            condition.GetProperty("operator").GetString()!,
            condition.GetProperty("threshold").GetDouble());
    })];

    [Fact]
    public void Each_alert_fires_in_its_own_scenario_and_in_no_other_and_not_once_its_metric_is_renamed()
    {
        Kusto.IsNeeded();
        var scenarios = captured.All;
        Assert.Equal(Alerts.Select(alert => alert.Name).Append("healthy").Order(), scenarios.Select(scenario => scenario.Name).Order());

        Assert.Equal(
            scenarios.Select(scenario => $"{scenario.Name}: {string.Join(", ", scenario.Fires.Order())}"),
            Fired(scenarios).Select(fired => $"{fired.Name}: {string.Join(", ", fired.Fires.Order())}"));

        var renamed = scenarios.Select(scenario => scenario with { Rows = Renamed(scenario.Rows) }).ToList();
        Assert.All(Fired(renamed), fired => Assert.DoesNotContain(fired.Name, fired.Fires));
    }

    [Fact]
    public void A_silent_timer_is_reported_by_its_participant_but_not_before_the_first_deployment_and_not_once_the_daily_cap_is_reached()
    {
        Kusto.IsNeeded();
        var silent = captured.All.Single(scenario => scenario.Name == "republish-not-running");
        var capped = silent with
        {
            Rows = new(silent.Rows)
            {
                ["_LogOperation"] = [new() { ["TimeGenerated"] = silent.Rows["AppMetrics"].Max(row => (string)row["TimeGenerated"]!), ["Category"] = "Ingestion", ["Detail"] = "OverQuota" }],
            },
        };

        // An hour after the cap was lifted the same silence is one of the app.
        var lifted = capped with { Rows = new(capped.Rows) };
        lifted.Rows["AppMetrics"] = [.. silent.Rows["AppMetrics"], .. silent.Rows["AppMetrics"]
            .Where(row => (string?)row["Properties"]!["participant"] != "payments").Select(row => Later(row, TimeSpan.FromMinutes(60)))];
        lifted = lifted with { Now = silent.Now.AddMinutes(60 - 11) };

        string[] Of(AlertScenario scenario) =>
            [.. Results([scenario]).Where(result => result.Alert == silent.Name).SelectMany(result => result.Rows).Select(row => (string)row["Participant"]!).Order()];
        Assert.Equal(["inventory", "notifications", "orders", "payments", "shipping"], Of(silent));
        Assert.Empty(Of(silent with { Rows = [] }));
        Assert.Empty(Of(capped));
        Assert.Equal(["payments"], Of(lifted));
    }

    sealed record Alert(string Name, string Query, double Minutes, string Operator, double Threshold)
    {
        public bool IsBeyond(double value) => Operator is "GreaterThan" ? value > Threshold : value < Threshold;
    }

    sealed record Result(string Scenario, string Alert, IReadOnlyList<JsonObject> Rows);

    IEnumerable<(string Name, IEnumerable<string> Fires)> Fired(IReadOnlyList<AlertScenario> scenarios)
    {
        var results = Results(scenarios);
        foreach (var result in results.Where(result => result.Rows.Count > 0))
            output.WriteLine($"{result.Scenario}: {result.Alert} {string.Join(' ', result.Rows.Select(row => row.ToJsonString()))}");
        return scenarios.Select(scenario => (scenario.Name,
            results.Where(result => result.Scenario == scenario.Name && result.Rows.Count > 0).Select(result => result.Alert)));
    }

    /// <summary>The rows for which each alert fires in each scenario.</summary>
    static List<Result> Results(IReadOnlyList<AlertScenario> scenarios)
    {
        var pairs = (from scenario in scenarios from alert in Alerts select (scenario, alert)).ToList();
        var results = Kusto.Run(
            Alerts.ToDictionary(alert => alert.Name, alert => alert.Query),
            scenarios.ToDictionary(scenario => scenario.Name, scenario => scenario.Rows),
            [.. pairs.Select(pair => new QueryRun(pair.alert.Name, pair.scenario.Name, pair.scenario.Now, pair.alert.Minutes))]);
        return [.. pairs.Zip(results, (pair, rows) => new Result(pair.scenario.Name, pair.alert.Name,
            [.. rows.Where(row => row["Value"] is { } value && pair.alert.IsBeyond((double)value))]))];
    }

    /// <summary>As if every metric and every category of Azure's own had another name.</summary>
    static Rows Renamed(Rows rows) => rows.ToDictionary(table => table.Key, table => table.Value.Select(row =>
    {
        var renamed = row.DeepClone().AsObject();
        foreach (var column in new[] { "Name", "Category", "CollectionName" })
        {
            if ((string?)row[column] is { } name)
                renamed[column] = $"{name}.renamed";
        }
        return renamed;
    }).ToList());

    static JsonObject Later(JsonObject row, TimeSpan by)
    {
        var later = row.DeepClone().AsObject();
        later["TimeGenerated"] = (DateTimeOffset.Parse((string)row["TimeGenerated"]!, null) + by).ToString("O");
        return later;
    }
}
