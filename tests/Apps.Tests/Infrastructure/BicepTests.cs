using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>What a compiler would see and a check of resource types does not: symbols, modules, files.</summary>
public partial class BicepTests
{
    static readonly HashSet<string> Functions =
    [
        "loadJsonContent", "loadTextContent", "deployment", "tenant", "subscription", "environment", "resourceGroup", "subscriptionResourceId",
        "uniqueString", "guid", "take", "last", "split", "format", "empty", "union", "concat", "map", "filter", "items", "max",
        "description", "allowed", "minLength", "maxLength", "minValue", "batchSize",
    ];

    public static TheoryData<string> Files => [.. BicepFile.All.Select(file => file.Path)];

    static BicepFile File(string path) => BicepFile.All.Single(file => file.Path == path);

    [Theory, MemberData(nameof(Files))]
    public void Every_symbol_is_defined_and_every_definition_is_used(string path)
    {
        var file = File(path);
        var uses = file.Declarations.Select(BicepFile.Uses).ToList();
        var defined = file.Declarations.Where(d => d.Kind is not "output").Select(d => d.Name).ToList();
        var used = uses.SelectMany(use => use.Symbols).ToHashSet();

        Assert.Equal(defined.Distinct(), defined);
        Assert.Empty(used.Except(defined));
        Assert.Empty(file.Declarations.Where(d => d.Kind is "param" or "var" || d is { Kind: "resource", IsExisting: true }).Select(d => d.Name)
            .Except(used));
        Assert.Empty(uses.SelectMany(use => use.Functions).Except(Functions));
    }

    [Theory, MemberData(nameof(Files))]
    public void Every_module_is_given_the_parameters_that_it_has_and_all_that_it_needs(string path)
    {
        var file = File(path);
        foreach (var module in file.Of("module"))
        {
            var (all, required) = Parameters(file.Relative(module.Target));
            var body = module.Members();
            var given = BicepFile.Members(body["params"], 0).Keys;

            Assert.Empty(given.Except(all).Select(name => $"{module.Target} has no {name}"));
            Assert.Empty(required.Except(given).Select(name => $"{module.Target} needs {name}"));
            Assert.Contains("name", body.Keys);
        }
    }

    [Theory, MemberData(nameof(Files))]
    public void Every_output_that_is_asked_of_a_module_exists(string path)
    {
        var file = File(path);
        foreach (Match asked in OutputAsked().Matches(Repository.Read(path)))
        {
            var module = file[asked.Groups["module"].Value];
            Assert.Equal("module", module.Kind);
            Assert.Contains(asked.Groups["output"].Value, BicepFile.Load(file.Relative(module.Target)).Of("output").Select(output => output.Name));
        }
    }

    [Theory, MemberData(nameof(Files))]
    public void Nothing_waits_for_itself(string path)
    {
        var file = File(path);
        var waits = file.Declarations.ToDictionary(d => (d.Kind, d.Name), d => BicepFile.Uses(d).Symbols);
        foreach (var start in waits.Keys.Where(key => key.Kind is "resource" or "module" or "var"))
        {
            var (reached, next) = (new HashSet<string>(), new Queue<string>(waits[start]));
            while (next.TryDequeue(out var name))
                if (reached.Add(name) && waits.FirstOrDefault(w => w.Key.Name == name && w.Key.Kind is not "output").Value is { } further)
                    foreach (var symbol in further)
                        next.Enqueue(symbol);
            Assert.DoesNotContain(start.Name, reached);
        }
    }

    [Fact]
    public void Every_module_is_used_and_every_file_that_is_loaded_exists_and_can_be_read()
    {
        var used = BicepFile.All.SelectMany(file => file.Of("module").Select(module => file.Relative(module.Target))).ToList();
        var loaded = BicepFile.All.SelectMany(file =>
            Loaded().Matches(Repository.Read(file.Path)).Select(m => file.Relative(m.Groups["path"].Value))).ToList();

        Assert.DoesNotContain(used.Concat(loaded), path => !Repository.Exists(path));
        Assert.Equal(Repository.Files("bicep/modules", "*"), used.Distinct().Order(StringComparer.Ordinal));
        Assert.Empty(Repository.Files("bicep/alerts", "*").Except(loaded));
        foreach (var json in loaded.Concat(Repository.Files("bicep", "*.json")).Where(path => path.EndsWith(".json", StringComparison.Ordinal)))
            JsonDocument.Parse(Repository.Read(json)).Dispose();
    }

    [Fact]
    public void There_is_no_key_anywhere()
    {
        foreach (var path in Repository.Files("bicep", "*").Concat(Repository.Files("pipelines", "*"))
            .Where(path => !path.EndsWith("README.md", StringComparison.Ordinal)))
            Assert.False(Key().IsMatch(Repository.Read(path)), $"{path}: {Key().Match(Repository.Read(path)).Value}");
    }

    [Fact]
    public void What_has_a_way_in_by_key_has_it_closed()
    {
        Dictionary<string, string[]> closed = new()
        {
            ["Microsoft.ServiceBus/namespaces"] = ["disableLocalAuth: true", "minimumTlsVersion: '1.2'"],
            ["Microsoft.DocumentDB/databaseAccounts"] = ["disableLocalAuth: true", "disableKeyBasedMetadataWriteAccess: true",
                "minimalTlsVersion: 'Tls12'"],
            ["Microsoft.Insights/components"] = ["DisableLocalAuth: true"],
            ["Microsoft.OperationalInsights/workspaces"] = ["disableLocalAuth: true"],
            ["Microsoft.Storage/storageAccounts"] =
                ["allowSharedKeyAccess: false", "allowBlobPublicAccess: false", "minimumTlsVersion: 'TLS1_2'", "supportsHttpsTrafficOnly: true"],
            ["Microsoft.KeyVault/vaults"] = ["enableRbacAuthorization: true"],
            ["Microsoft.Web/sites"] = ["httpsOnly: true", "minTlsVersion: '1.2'", "scmMinTlsVersion: '1.2'", "ftpsState: 'Disabled'"],
            ["Microsoft.Web/sites/basicPublishingCredentialsPolicies"] = ["allow: false"],
        };
        var resources = BicepFile.All.SelectMany(file => file.Of("resource")).Where(resource => !resource.IsExisting).ToList();
        foreach (var (type, settings) in closed)
        {
            var declared = resources.Where(resource => resource.Target.Split('@')[0] == type).ToList();
            Assert.NotEmpty(declared);
            foreach (var resource in declared)
                foreach (var (name, value) in settings.Select(s => s.Split(": ")).Select(s => (s[0], s[1].Trim('\''))))
                    Assert.True(resource.Body.Zip(resource.Body.Skip(1), resource.Body.Skip(2))
                        .Any(t => t.First.IsName(name) && t.Second.Is(":") && t.Third.Text == value),
                        $"{resource.Name}: {name} is not {value}");
        }
    }

    static (IReadOnlyList<string> All, IReadOnlyList<string> Required) Parameters(string path)
    {
        if (path.EndsWith(".bicep", StringComparison.Ordinal))
        {
            var parameters = BicepFile.Load(path).Of("param").ToList();
            return ([.. parameters.Select(p => p.Name)], [.. parameters.Where(p => !p.HasDefault).Select(p => p.Name)]);
        }
        using var json = JsonDocument.Parse(Repository.Read(path));
        var declared = json.RootElement.GetProperty("parameters").EnumerateObject().ToList();
        return ([.. declared.Select(p => p.Name)], [.. declared.Where(p => !p.Value.TryGetProperty("defaultValue", out _)).Select(p => p.Name)]);
    }

    [GeneratedRegex(@"(?<module>\w+)(\[\w+\])?!?\.outputs\.(?<output>\w+)")]
    private static partial Regex OutputAsked();

    [GeneratedRegex(@"load(Json|Text)Content\('(?<path>[^']+)'")]
    private static partial Regex Loaded();

    [GeneratedRegex(@"list\w*Keys|listConnectionStrings|AccountKey=|SharedAccess\w*|InstrumentationKey|primaryKey|clientSecret|password\s*[:=]", RegexOptions.IgnoreCase)]
    private static partial Regex Key();
}
