using System.Text.RegularExpressions;
using System.Xml.Linq;
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
            .Append(Assert.Single(Named().Matches(Repository.Read("functions/ServiceBus/ServiceBusConnection.cs")).Select(m => m.Value).Distinct()));
        if (program.Contains("UseCallerCheck", StringComparison.Ordinal))
            read = read.Concat(Settings("Authentication", Parameters()
                .Match(Repository.Read("functions/Hosting/EntraTokens.cs")).Groups[1].Value.Split(", ").Select(p => p.Split(' ')[1])));
        if (program.Contains("AddCardProvider", StringComparison.Ordinal))
            read = read.Concat(Settings("CardProvider", Properties(provider)));
        if (program.Contains("AddCarrier", StringComparison.Ordinal))
            read = read.Concat(Settings("Carrier", Properties(provider).Concat(Properties(carrier))));
        if (program.Contains("AddNotifier", StringComparison.Ordinal))
            read = read.Concat(Settings("Notifier", Properties(provider)));

        Assert.Equal(read.Order(StringComparer.Ordinal), Given(participant).Order(StringComparer.Ordinal));
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
        var (app, host) = (Deployed(participant), Repository.Read("host.json.template"));

        Assert.Equal(app["sessions"], project.Descendants("MaxConcurrentSessions").Single().Value);
        Assert.Contains("\"maxConcurrentSessions\": $(MaxConcurrentSessions)", host, StringComparison.Ordinal);
        Assert.Contains("\"maxConcurrentCallsPerSession\": 1", host, StringComparison.Ordinal);
        Assert.Contains($"| sessions an instance | {app["sessions"]} (`host.json`) |", Repository.Read("bicep/README.md"), StringComparison.Ordinal);

        // Renewed for longer than a turn may take, or the session would be given to another in the middle of it.
        var renewal = TimeSpan.Parse(Renewal().Match(host).Groups[1].Value);
        Assert.True(renewal > new TurnOptions().TurnMax);
    }

    [Theory, MemberData(nameof(Participants))]
    public void An_app_with_HTTP_functions_has_a_scale_group_for_them(string participant)
    {
        Assert.Equal(new Apps.BuiltApp(participant).Triggered("httpTrigger").Count > 0, Deployed(participant)["http"] != "0");
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
        foreach (var shared in new[] { "functions/AzureSdk.targets", "functions/HostJson.targets", "functions/Directory.Build.props",
            "functions/Directory.Build.targets", "Directory.Build.props",
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

        Assert.Equal(Regex.Matches(paths, "\"([^\"]+)\"").Select(m => m.Groups[1].Value), Included("streamIndex"));
        Assert.Empty(Included("stockIndex"));

        static IEnumerable<string> Included(string index) =>
            BicepFile.Members(BicepFile.All.Single(file => file.Path == "bicep/modules/store.bicep")[index].Body, 1)["includedPaths"]
                .Where(token => token.Kind is BicepKind.Text).Select(token => token.Text);
    }

    static Dictionary<string, string> Deployed(string participant)
    {
        var body = BicepFile.Main["apps"].Body;
        return Enumerable.Range(0, body.Count).Where(i => body[i].Is("{"))
            .Select(i => BicepFile.Members(body, i).ToDictionary(m => m.Key, m => m.Value[0].Text))
            .Single(app => app["name"] == participant);
    }

    /// <summary>What main.bicep gives to one app: its own settings, and those that every app gets.</summary>
    static IEnumerable<string> Given(string participant)
    {
        var main = BicepFile.Main;
        var own = BicepFile.Members(main["settings"].Body, 1)[participant];
        var callers = own.Any(token => token.IsName("callers")) ? Keys(main["callers"].Body) : [];
        var everybodys = Keys(BicepFile.Members(main["functionApps"].Members()["params"], 0)["settings"]);
        return Keys(own).Concat(callers).Concat(everybodys).Distinct();

        static IEnumerable<string> Keys(IReadOnlyList<BicepToken> tokens) =>
            tokens.Zip(tokens.Skip(1)).Where(pair => pair.First.Kind is BicepKind.Name && pair.First.Text.Contains("__") && pair.Second.Is(":"))
                .Select(pair => pair.First.Text);
    }

    static IEnumerable<string> Settings(string section, IEnumerable<string> names) => names.Select(name => $"{section}__{name}");

    static IEnumerable<string> Properties(string code) => Property().Matches(code).Select(m => m.Groups[1].Value);

    static (string Before, string After) Halves(string text, string at) =>
        (text[..text.IndexOf(at, StringComparison.Ordinal)], text[text.IndexOf(at, StringComparison.Ordinal)..]);

    [GeneratedRegex(@"public [\w?]+ (\w+) \{ get; (?:init|set); \}")]
    private static partial Regex Property();

    [GeneratedRegex(@"record AuthenticationOptions\(([^)]*)\)")]
    private static partial Regex Parameters();

    [GeneratedRegex(@"\b[A-Z]\w+__\w+")]
    private static partial Regex Named();

    [GeneratedRegex("""(?:onfiguration\["|GetValue\("|const string Section = "|setting )([A-Z][a-z]\w*?)(?::|__|")|From<\w+>\(configuration, "(\w+)"\)""")]
    private static partial Regex SectionRead();

    [GeneratedRegex("\"maxAutoLockRenewalDuration\": \"([^\"]+)\"")]
    private static partial Regex Renewal();

    [GeneratedRegex(@"^      - (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Watched();
}
