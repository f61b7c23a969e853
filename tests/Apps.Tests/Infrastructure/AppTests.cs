using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>The apps as they are written against the apps as they are deployed.</summary>
public partial class AppTests
{
    public static TheoryData<string> Participants => [.. Topology.Current.Subscriptions.Select(s => s.Name)];

    static string Name(string participant) => $"{char.ToUpperInvariant(participant[0])}{participant[1..]}";

    static string Folder(string participant) => $"functions/{Name(participant)}App";

    static XDocument Project(string path) => XDocument.Parse(Repository.Read(path));

    static XDocument ProjectOf(string participant) => Project($"{Folder(participant)}/{Name(participant)}App.csproj");

    [Theory, MemberData(nameof(Participants))]
    public void An_app_is_given_the_settings_that_its_options_read_and_no_others(string participant)
    {
        var program = Repository.Read($"{Folder(participant)}/Program.cs");
        var (provider, carrier) = Halves(Repository.Read("functions/Providers/ProviderOptions.cs"), "record CarrierOptions");
        var read = Settings("Cosmos", Properties(Repository.Read("functions/CosmosDb/CosmosOptions.cs")))
            .Append(Assert.Single(Named().Matches(Repository.Read("functions/ServiceBus/ServiceBusConnection.cs"))
                .Select(m => m.Value).Distinct()))
            .Append(SamplingRatio().Match(Repository.Read("functions/Hosting/TelemetrySetup.cs")).Value);
        if (program.Contains("UseCallerCheck", StringComparison.Ordinal))
            read = read.Concat(Settings("Authentication", AuthenticationSetting()
                .Matches(Repository.Read("functions/Hosting/AuthenticationOptions.cs")).Select(m => m.Groups[1].Value).Distinct()));
        if (program.Contains("AddCardProvider", StringComparison.Ordinal))
            read = read.Concat(Settings("CardProvider", Properties(provider)));
        if (program.Contains("AddCarrier", StringComparison.Ordinal))
            read = read.Concat(Settings("Carrier", Properties(provider).Concat(Properties(carrier))));
        if (program.Contains("AddNotifier", StringComparison.Ordinal))
            read = read.Concat(Settings("Notifier", Properties(provider)));

        if (program.Contains("Page.TraceLinkSetting", StringComparison.Ordinal))
            read = read.Append(Http.Page.TraceLinkSetting.Replace(":", "__", StringComparison.Ordinal));

        // Five minutes suit a carrier whose clock is right: whoever has another one adds the setting.
        Assert.Equal(
            read.Except(["Carrier__WebhookTolerance"]).Order(StringComparer.Ordinal), Given(participant).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_section_of_settings_that_the_code_names_is_one_that_is_deployed()
    {
        // Turn__DeliveriesMax is for emulators, whose broker gives up after ten deliveries.
        string[] notDeployed = ["Turn"];
        var sections = Repository.Files("functions", "*.cs")
            .Where(path => !path.Contains("/obj/") && !path.StartsWith("functions/Local/", StringComparison.Ordinal)
                && !path.StartsWith("functions/AppHost/", StringComparison.Ordinal))
            .SelectMany(path => SectionRead().Matches(Repository.Read(path))).Select(m => m.Groups[1].Value + m.Groups[2].Value).Distinct();

        Assert.Empty(sections.Except(Participants.SelectMany(participant => Given(participant.Data)).Select(name => name.Split("__")[0]))
            .Except(notDeployed));
    }

    [Theory, MemberData(nameof(Participants))]
    public void An_app_scales_by_the_number_of_sessions_that_its_host_takes(string participant)
    {
        var project = ProjectOf(participant);
        var host = Repository.Read("host.json.template");
        var sessions = project.Descendants("MaxConcurrentSessions").Single().Value;

        // The smallest value of ordersAtOnce is that of the smallest number of instances.
        Assert.Equal(1280, int.Parse(sessions) * Scale(participant).GetProperty("maximumInstanceCount").GetInt32());
        Assert.Contains("\"maxConcurrentSessions\": $(MaxConcurrentSessions)", host, StringComparison.Ordinal);
        Assert.Contains("\"maxConcurrentCallsPerSession\": 1", host, StringComparison.Ordinal);
        Assert.Contains($"| sessions per instance | {sessions} (`host.json`) |", Repository.Read("bicep/README.md"),
            StringComparison.Ordinal);

        // Renewed for longer than a turn may take, or the session would be given to another in the middle of it.
        var renewal = TimeSpan.Parse(Renewal().Match(host).Groups[1].Value);
        Assert.True(renewal > new TurnOptions().TurnMax);
    }

    [Theory, MemberData(nameof(Participants))]
    public void An_app_with_HTTP_functions_has_a_scale_group_for_them(string participant)
    {
        Assert.Equal(new Apps.BuiltApp(participant).Triggered("httpTrigger").Count > 0,
            Scale(participant).TryGetProperty("triggers", out var triggers) && triggers.ValueKind is JsonValueKind.Object);
    }

    [Theory, MemberData(nameof(Participants))]
    public void An_apps_pipeline_runs_when_anything_changes_that_the_app_is_made_of(string participant)
    {
        var watched = Watched().Matches(Repository.Read($"pipelines/{participant}.yml")).Select(m => m.Groups[1].Value).ToList();
        Assert.DoesNotContain(watched, path => !path.Contains('*') && !Repository.Exists(path));

        var projects = new HashSet<string>();
        Collect($"{Folder(participant)}/{Name(participant)}App.csproj");
        foreach (var folder in projects.Select(project => Path.GetDirectoryName(project)!.Replace('\\', '/')))
            if (folder != "functions/Saga")
                Assert.Contains(folder, watched);
            else // of the rules only its own, and the words that all share
                Assert.Equal(
                    Directory.EnumerateFiles(Repository.PathOf(folder), "*.cs").Select(file => $"{folder}/{Path.GetFileName(file)}")
                        .Append($"{folder}/{Name(participant)}").Order(StringComparer.Ordinal),
                    watched.Where(path => path.StartsWith(folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        foreach (var shared in new[] { "functions/AzureSdk", "functions/AzureSdk.targets", "functions/HostJson.targets",
            "functions/Directory.Build.props",
            "functions/Directory.Build.targets", "Directory.Build.props", "Directory.Build.targets",
            "Directory.Packages.props", "global.json", "host.json.template" })
            Assert.Contains(shared, watched);

        void Collect(string project)
        {
            if (!projects.Add(project))
                return;
            foreach (var reference in Project(project).Descendants("ProjectReference").Select(r => r.Attribute("Include")!.Value))
                Collect(Path.GetRelativePath(Repository.Root, Path.Combine(Repository.PathOf(Path.GetDirectoryName(project)!), reference))
                    .Replace('\\', '/'));
        }
    }

    [Fact]
    public void The_store_is_indexed_by_what_the_queries_go_by()
    {
        var document = Repository.Read("functions/CosmosDb/StreamDocument.cs");
        string Constant(string name) => Regex.Match(document, $"const string {name} = \"(\\w+)\"").Groups[1].Value;
        var paths = Regex.Match(Repository.Read("functions/CosmosDb/CosmosContainers.cs"), @"StreamPaths = \[(.*)\];").Groups[1].Value
            .Replace("{StreamDocument.UnconfirmedSince}", Constant("UnconfirmedSince")).Replace("{StreamDocument.List}", Constant("List"));

        Assert.Equal(Regex.Matches(paths, "\"([^\"]+)\"").Select(m => m.Groups[1].Value), Included("orders"));
        Assert.Empty(Included("stock"));

        static IEnumerable<string> Included(string container) =>
            Deployment.Property(
                    Bicep.Prod.Of("Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers")
                        .Single(one => Deployment.Name(one).EndsWith($"/{container}", StringComparison.Ordinal)),
                    "resource.indexingPolicy.includedPaths")
                .EnumerateArray().Select(included => included.GetProperty("path").GetString()!);
    }

    static JsonElement Scale(string participant) =>
        Deployment.Property(Bicep.Prod.App(participant), "functionAppConfig.scaleAndConcurrency");

    /// <summary>The settings of an app that code of ours reads, over all ways to deploy it, without the platform's own.</summary>
    static IEnumerable<string> Given(string participant)
    {
        string[] platforms = ["AzureWebJobsStorage", "ServiceBus__credential", "ServiceBus__clientId"];
        return new[] { Bicep.Dev, Bicep.DevWithProviders }.SelectMany(deployment => deployment.Settings(participant).Keys)
            .Where(name => name.Contains("__") && !platforms.Any(name.StartsWith)).Distinct();
    }

    [GeneratedRegex(@"ApplicationInsights__\w+")]
    private static partial Regex SamplingRatio();

    static IEnumerable<string> Settings(string section, IEnumerable<string> names) => names.Select(name => $"{section}__{name}");

    static IEnumerable<string> Properties(string code) => Property().Matches(code).Select(m => m.Groups[1].Value);

    static (string Before, string After) Halves(string text, string at) =>
        (text[..text.IndexOf(at, StringComparison.Ordinal)], text[text.IndexOf(at, StringComparison.Ordinal)..]);

    [GeneratedRegex(@"public [\w?]+ (\w+) \{ get; (?:init|set); \}")]
    private static partial Regex Property();

    [GeneratedRegex(@"\[""Authentication:(\w+)""\]")]
    private static partial Regex AuthenticationSetting();

    [GeneratedRegex(@"\b[A-Z]\w+__\w+")]
    private static partial Regex Named();

    [GeneratedRegex(
        """(?:onfiguration\["|GetValue\("|const string Section = "|setting )([A-Z][a-z]\w*?)(?::|__|")|"""
        + """From<\w+>\(configuration, "(\w+)"\)""")]
    private static partial Regex SectionRead();

    [GeneratedRegex("\"maxAutoLockRenewalDuration\": \"([^\"]+)\"")]
    private static partial Regex Renewal();

    [GeneratedRegex(@"^      - (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Watched();
}
