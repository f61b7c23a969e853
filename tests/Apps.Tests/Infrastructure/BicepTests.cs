using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>What the compiler, its linter and its formatter say, and what only the compiled template shows: the order of things.</summary>
public partial class BicepTests
{
    [Fact]
    public void The_compiler_and_the_linter_have_nothing_to_say()
    {
        var main = Bicep.Run([], "lint", "bicep/main.bicep");
        Assert.Equal((0, "", ""), (main.Status, main.Output.Trim(), main.Errors.Trim()));

        foreach (var parameters in Repository.Files("bicep", "*.bicepparam"))
        {
            var (status, output, errors) = Bicep.Run([], "lint", parameters);
            Assert.Equal((parameters, 0, "", ""), (parameters, status, output.Trim(), errors.Trim()));
        }
    }

    [Fact]
    public void Each_file_is_formatted_as_the_compiler_formats_it()
    {
        var formatted = Bicep.Formatted();
        Assert.All([.. Repository.Files("bicep", "*.bicep"), .. Repository.Files("bicep", "*.bicepparam")],
            path => Assert.Equal(File.ReadAllText(Path.Combine(formatted, path)), Repository.Read(path)));
    }

    [Fact]
    public void Every_module_is_used_and_every_query_is_loaded()
    {
        var text = string.Concat(Repository.Files("bicep", "*.bicep").Select(Repository.Read));

        Assert.All(Repository.Files("bicep/modules", "*").Concat(Repository.Files("bicep/alerts", "*")),
            path => Assert.Matches($"'[^']*\\b{Regex.Escape(Path.GetFileName(path))}'", text));
    }

    [Fact]
    public void What_refuses_concurrent_changes_gets_one_at_a_time()
    {
        var serial = Everything(Bicep.Template).Where(r => r.Value.TryGetProperty("copy", out var copy)
            && copy.TryGetProperty("mode", out var mode) && mode.ValueEquals("serial")
            && copy.GetProperty("batchSize").GetInt32() == 1).Select(r => r.Name).ToHashSet();

        // The topic: its subscriptions, and the rules of each. The store: its permissions.
        Assert.Equal(["filters", "storeAssignments", "subscriptions"], serial.Order());
        Assert.Contains("filters", After("nothingElse"));
        Assert.Contains("access", After("network"));
    }

    [Fact]
    public void An_app_starts_after_it_was_given_its_permissions_and_its_subscription() =>
        Assert.Empty(new[] { "access", "messaging", "store", "network" }.Except(After("functionApps")));

    [Fact]
    public void Nothing_at_the_level_of_the_subscription_has_a_name_that_two_stages_share()
    {
        // A nested deployment there is bound to the region in which it was first made.
        var outside = Bicep.Template.GetProperty("resources").EnumerateObject()
            .Where(r => !r.Value.TryGetProperty("resourceGroup", out _)).Select(r => r.Value);

        Assert.Equal(["[format('rg-orderfunctions-{0}', parameters('stage'))]"], outside.Select(r => r.GetProperty("name").GetString()!));
    }

    [Fact]
    public void There_is_no_key_anywhere()
    {
        foreach (var path in Repository.Files("bicep", "*").Concat(Repository.Files("pipelines", "*"))
            .Where(path => !path.EndsWith("README.md", StringComparison.Ordinal)))
            Assert.False(Key().IsMatch(Repository.Read(path)), $"{path}: {Key().Match(Repository.Read(path)).Value}");
        foreach (var deployment in new[] { Bicep.Dev, Bicep.Prod, Bicep.DevWithProviders })
            Assert.All(deployment.Resources, resource => Assert.DoesNotMatch(Key(), resource.GetRawText()));
    }

    /// <summary>What a resource waits for.</summary>
    static IEnumerable<string> After(string name) =>
        Everything(Bicep.Template).Where(r => r.Name == name).SelectMany(r => r.Value.GetProperty("dependsOn").EnumerateArray())
            .Select(d => d.GetString()!);

    static IEnumerable<(string Name, JsonElement Value)> Everything(JsonElement template) =>
        template.GetProperty("resources").EnumerateObject().SelectMany(resource =>
            resource.Value.GetProperty("type").ValueEquals("Microsoft.Resources/deployments")
                ? Everything(resource.Value.GetProperty("properties").GetProperty("template")).Prepend((resource.Name, resource.Value))
                : [(resource.Name, resource.Value)]);

    [GeneratedRegex(
        @"list\w*Keys|listConnectionStrings|AccountKey=|SharedAccess\w*|InstrumentationKey|primaryKey|clientSecret|password\s*[:=]",
        RegexOptions.IgnoreCase)]
    private static partial Regex Key();
}
