using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>What a pipeline builds from is what the repository names, and a pull request cannot change what is deployed.</summary>
public sealed class SupplyChainTests
{
    public static TheoryData<string> LockFiles => [.. Repository.Files(".", "packages.lock.json").Where(path => !path.Contains("/obj/"))];

    /// <summary>A lock file that is out of date stops every pipeline: pipelines/scripts/lock-packages.sh writes it anew.</summary>
    [Theory, MemberData(nameof(LockFiles))]
    public void A_lock_file_has_the_versions_that_the_projects_ask_for(string path)
    {
        var packages = XDocument.Parse(Repository.Read("Directory.Packages.props"));
        var properties = packages.Descendants("PropertyGroup").Elements().ToDictionary(property => $"$({property.Name})", property => property.Value);
        var central = packages.Descendants("PackageVersion").Where(version => version.Attribute("Include") is not null).ToDictionary(
            version => version.Attribute("Include")!.Value,
            version => properties.GetValueOrDefault(version.Attribute("Version")!.Value, version.Attribute("Version")!.Value),
            StringComparer.OrdinalIgnoreCase);
        using var locked = JsonDocument.Parse(Repository.Read(path));
        var found = locked.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(framework => framework.Value.EnumerateObject())
            .Where(package => package.Value.GetProperty("type").GetString() is "Direct" or "CentralTransitive");
        Assert.All(found.Where(package => central.ContainsKey(package.Name)), package => Assert.Equal(
            (package.Name, $"[{central[package.Name]}, )"), (package.Name, package.Value.GetProperty("requested").GetString())));
    }

    [Fact]
    public void Every_project_has_a_lock_file_but_those_that_only_the_whole_feed_can_lock()
    {
        var without = Repository.Files(".", "*.csproj").Where(path => !path.Contains("/obj/") && !path.Contains("AzureSdk/"))
            .Where(path => !Repository.Exists(Path.Combine(Path.GetDirectoryName(path)!, "packages.lock.json").Replace('\\', '/')));
        Assert.All(without, path => Assert.Matches(@"(ServiceBus|Hosting|\w+App|Apps\.Tests)/\w", path));
    }

    [Fact]
    public void A_pipeline_restores_what_is_locked_from_one_source_and_a_developers_machine_does_not()
    {
        var restore = Repository.Read("pipelines/templates/dotnet.yml");
        foreach (var variable in new[] { "LockedRestore]true", "RestoreConfigFile]$(Build.SourcesDirectory)/pipelines/nuget.config" })
            Assert.Contains($"task.setvariable variable={variable}", restore, StringComparison.Ordinal);
        var sources = XDocument.Parse(Repository.Read("pipelines/nuget.config")).Root!;
        Assert.Equal("clear", sources.Element("packageSources")!.Elements().First().Name);
        var source = Assert.Single(sources.Element("packageSources")!.Elements("add")).Attribute("key")!.Value;
        Assert.Equal(source, Assert.Single(sources.Element("packageSourceMapping")!.Elements()).Attribute("key")!.Value);

        var pipeline = Evaluated(locked: true);
        Assert.Equal(("true", "true", "all"), (pipeline("RestoreLockedMode"), pipeline("RestorePackagesWithLockFile"), pipeline("NuGetAuditMode")));
        Assert.DoesNotContain("NU190", pipeline("WarningsNotAsErrors"), StringComparison.Ordinal);
        var developer = Evaluated(locked: false);
        Assert.Equal("", developer("RestoreLockedMode") + developer("RestorePackagesWithLockFile"));
        Assert.Contains("NU1903", developer("WarningsNotAsErrors"), StringComparison.Ordinal);
        Assert.False(File.Exists(developer("NuGetLockFilePath")));

        static Func<string, string> Evaluated(bool locked)
        {
            string[] names = ["RestoreLockedMode", "RestorePackagesWithLockFile", "NuGetAuditMode", "WarningsNotAsErrors", "NuGetLockFilePath"];
            var (status, output, errors) = Repository.Run("dotnet",
                ["msbuild", Repository.PathOf("functions/Kernel/Kernel.csproj"), .. names.Select(name => $"-getProperty:{name}")],
                environment: new Dictionary<string, string?> { ["LockedRestore"] = locked ? "true" : null, ["AzureSdk"] = "packages" });
            Assert.True(status == 0, output + errors);
            var properties = JsonDocument.Parse(output).RootElement.GetProperty("Properties");
            return name => properties.GetProperty(name).GetString()!;
        }
    }

    [Fact]
    public void Each_app_comes_with_what_it_is_made_of_by_a_tool_of_a_fixed_version()
    {
        Assert.Contains("artifact: ${{ app }}-made-of", Repository.Read("pipelines/templates/package.yml"), StringComparison.Ordinal);
        using var tools = JsonDocument.Parse(Repository.Read(".config/dotnet-tools.json"));
        Assert.Matches(@"^\d+\.\d+\.\d+$", tools.RootElement.GetProperty("tools").GetProperty("cyclonedx").GetProperty("version").GetString()!);
    }

    [Fact]
    public void A_pull_request_acts_as_an_identity_that_may_only_ask_and_only_main_is_deployed()
    {
        var ci = Repository.Read("pipelines/ci.yml");
        Assert.Equal(["orderfunctions-what-if"], Regex.Matches(ci, @"azureSubscription: (\S+)").Select(match => match.Groups[1].Value));
        Assert.DoesNotContain("templates/script.yml", ci, StringComparison.Ordinal);
        using var role = JsonDocument.Parse(Repository.Read("pipelines/what-if-role.json"));
        Assert.All(role.RootElement.GetProperty("Actions").EnumerateArray(),
            action => Assert.Matches(@"^(\*/read|Microsoft\.Resources/deployments/(validate|whatIf)/action)$", action.GetString()!));
        Assert.False(role.RootElement.TryGetProperty("DataActions", out _));

        Assert.Equal("and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))",
            Yaml.Text(Yaml.Sequence(Yaml.Load("pipelines/templates/deploy-stage.yml"), "stages").Single(), "condition"));
        using var deploying = JsonDocument.Parse(Repository.Read("pipelines/deploy-role.json"));
        Assert.DoesNotContain(deploying.RootElement.GetProperty("Actions").EnumerateArray(),
            action => action.GetString() is "*" || action.GetString()!.Contains("roleAssignments", StringComparison.Ordinal));
    }
}
