using System.Text.RegularExpressions;
using OrderFunctions.Runtime;
using YamlDotNet.RepresentationModel;
using static OrderFunctions.Apps.Tests.Infrastructure.Yaml;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>What a pipeline refers to exists, and what it needs is there when it needs it.</summary>
public partial class PipelineTests
{
    static readonly string[] Everybody = [.. Topology.Current.Subscriptions.Select(s => s.Name)];

    public static TheoryData<string> Files => [.. Repository.Files("pipelines", "*.yml")];

    public static TheoryData<string> Services => [.. Everybody];

    public static TheoryData<string> Scripts => [.. Repository.Files("pipelines/scripts", "*")];

    [Theory, MemberData(nameof(Files))]
    public void A_template_that_is_used_exists_and_is_given_the_parameters_that_it_has(string path)
    {
        foreach (var use in Mappings(Load(path)).Where(node => Text(node, "template") is not null))
        {
            var template = Beside(path, Text(use, "template")!);
            Assert.True(Repository.Exists(template), $"{path} uses {template}");
            var declared = Sequence(Load(template), "parameters").ToDictionary(p => Text(p, "name")!, p => Child(p, "default") is not null);
            var given = Keys(Child(use, "parameters"));

            Assert.Empty(given.Except(declared.Keys).Select(name => $"{path}: {template} has no {name}"));
            Assert.Empty(declared.Where(p => !p.Value).Select(p => p.Key).Except(given).Select(name => $"{path}: {template} needs {name}"));
        }
        Assert.Empty(ParameterAsked().Matches(Repository.Read(path)).Select(m => m.Groups[1].Value)
            .Except(Sequence(Load(path), "parameters").Select(p => Text(p, "name")!)).Select(name => $"{path} asks for {name}"));
    }

    [Theory, MemberData(nameof(Files))]
    public void A_script_that_is_run_exists(string path)
    {
        var scripts = Repository.Files("pipelines/scripts", "*.sh");
        foreach (var script in Script().Matches(Repository.Read(path)).Select(m => m.Value)
            .Concat(Mappings(Load(path)).Select(node => Text(node, "script")).OfType<string>().Select(name => $"pipelines/scripts/{name}")))
            Assert.Contains(script, scripts);
    }

    [Fact]
    public void Every_template_and_every_script_is_used()
    {
        var text = string.Concat(Repository.Files("pipelines", "*").Concat(["README.md", "azure.yaml"]).Select(Repository.Read));

        foreach (var file in Repository.Files("pipelines/templates", "*").Concat(Repository.Files("pipelines/scripts", "*"))
            .Select(path => Path.GetFileName(path)))
            Assert.Contains(file, text, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Scripts))]
    public void A_script_is_one_that_bash_reads_and_may_run(string path)
    {
        Assert.StartsWith("#!/usr/bin/env bash\n", Repository.Read(path), StringComparison.Ordinal);
        Assert.Contains("\nset -euo pipefail\n", Repository.Read(path), StringComparison.Ordinal);
        if (OperatingSystem.IsWindows())
            return;
        Assert.Equal((0, "", ""), Repository.Run("bash", ["-n", Repository.PathOf(path)]));
        Assert.True(File.GetUnixFileMode(Repository.PathOf(path)).HasFlag(UnixFileMode.UserExecute), $"{path} is not executable");
    }

    [Fact]
    public void Each_service_has_a_pipeline_of_its_own_and_the_big_one_has_them_all()
    {
        foreach (var service in Everybody)
        {
            var pipeline = Load($"pipelines/{service}.yml");
            Assert.Equal([service], Deployed(pipeline));
            Assert.Equal("false", Text(Child(Child(pipeline, "extends"), "parameters"), "infrastructure"));
        }
        Assert.Equal(Everybody, Deployed(Load("pipelines/deploy.yml")));
        Assert.Contains($"apps: [{string.Join(", ", Everybody)}]", Repository.Read("pipelines/ci.yml"), StringComparison.Ordinal);
        Assert.Equal("true", Text(Child(Child(Load("pipelines/deploy.yml"), "extends"), "parameters"), "infrastructure"));

        static IEnumerable<string> Deployed(YamlNode pipeline) =>
            Sequence(Child(Child(pipeline, "extends"), "parameters"), "apps").Select(app => ((YamlScalarNode)app).Value!);
    }

    [Fact]
    public void A_stage_comes_after_the_one_whose_packages_it_deploys()
    {
        var release = Load("pipelines/templates/release.yml");
        var (stages, published) = (new List<string>(), new HashSet<string>());
        foreach (var entry in Sequence(release, "stages"))
        {
            var given = Child(entry, "parameters") as YamlMappingNode;
            var stage = given is null ? entry : Sequence(Load($"pipelines/templates/{Text(entry, "template")}"), "stages").Single();
            var (name, after) = given is null
                ? (Text(stage, "stage")!, Text(stage, "dependsOn"))
                : (Text(given, "stage")!, Text(given, "after"));
            if (given is not null)
            {
                Assert.Equal("${{ parameters.stage }}", Text(stage, "stage"));
                Assert.Equal("${{ parameters.after }}", Text(stage, "dependsOn"));
                Assert.Equal("orderfunctions-${{ parameters.stage }}", Text(Sequence(stage, "jobs").Single(), "environment"));
            }
            // Each waits for the one before it, so prod for dev and dev for the packages.
            Assert.Equal(stages.LastOrDefault(), after);
            stages.Add(name);
            published.UnionWith(Mappings(stage).Select(node => Text(node, "template")).OfType<string>());
        }
        Assert.Equal(["build", "dev", "prod"], stages);
        Assert.Contains("package.yml", published);
        Assert.Contains("test.yml", published);
        Assert.Equal("test", Text(Mappings(release).Single(job => Text(job, "job") == "package"), "dependsOn"));

        // Published and deployed under one name.
        Assert.Contains("artifact: ${{ app }}", Repository.Read("pipelines/templates/package.yml"), StringComparison.Ordinal);
        Assert.Contains("/${{ app }}/${{ app }}.zip", Repository.Read("pipelines/templates/deploy-stage.yml"), StringComparison.Ordinal);
    }

    [Fact]
    public void Within_a_pipeline_a_stage_or_job_waits_only_for_one_that_stands_before_it()
    {
        foreach (var path in Files.Select(file => file.Data))
        {
            var known = new HashSet<string>();
            foreach (var node in Mappings(Load(path)))
            {
                if ((Text(node, "stage") ?? Text(node, "job") ?? Text(node, "deployment")) is not { } name)
                    continue;
                if (Text(node, "dependsOn") is { } after && !after.Contains("${{"))
                    Assert.Contains(after, known);
                known.Add(name);
            }
        }
    }

    [Fact]
    public void Whatever_acts_in_azure_does_it_as_the_environments_own_connection()
    {
        foreach (var path in Files.Select(file => file.Data))
            foreach (var task in Mappings(Load(path)).Where(node => Text(node, "task")?.Split('@')[0] == "AzureCLI"))
                Assert.Matches(@"^orderfunctions-(what-if|\$\{\{ parameters\.stage \}\})$", Text(Child(task, "inputs"), "azureSubscription")!);
    }

    [Fact]
    public void Screenshots_of_the_page_are_kept_also_where_a_test_has_failed()
    {
        var steps = Sequence(Load("pipelines/templates/test.yml"), "steps").ToList();
        var kinds = steps.Select(step => Text(step, "publish") ?? Text(step, "task") ?? Text(step, "bash") ?? "").ToList();
        var tests = kinds.FindIndex(kind => kind.StartsWith("./test ", StringComparison.Ordinal));
        var kept = kinds.IndexOf("TestResults/screenshots");

        Assert.True(tests >= 0 && tests < kept, string.Join(", ", kinds));
        Assert.Equal("succeededOrFailed()", Text(steps[kept], "condition"));
        Assert.Contains("\"TestResults/screenshots\"", Repository.Read("tests/EndToEnd/Browser/Chromium.cs"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_change_and_a_release_pass_the_tests_that_a_developer_runs_and_their_results_are_published()
    {
        var steps = Sequence(Load("pipelines/templates/test.yml"), "steps").ToList();
        Assert.StartsWith("./test ", steps.Select(step => Text(step, "bash")).OfType<string>().First(), StringComparison.Ordinal);
        foreach (var (task, files) in new[]
            { ("PublishTestResults@2", "testResultsFiles"), ("PublishCodeCoverageResults@2", "summaryFileLocation") })
            Assert.NotNull(Text(Child(steps.Single(step => Text(step, "task") == task), "inputs"), files));
        foreach (var pipeline in new[] { "pipelines/ci.yml", "pipelines/templates/release.yml" })
            Assert.Contains(Mappings(Load(pipeline)), node => Path.GetFileName(Text(node, "template")) == "test.yml");
        Assert.All(Repository.Files("tests", "*.csproj").Where(path => Repository.Read(path).Contains("\"Microsoft.NET.Test.Sdk\"")),
            path => Assert.Contains("\"coverlet.collector\"", Repository.Read(path), StringComparison.Ordinal));
    }

    [Fact]
    public void Tools_are_pinned()
    {
        var version = Version().Match(Repository.Read("Directory.Packages.props")).Groups[1].Value;

        Assert.Contains($"az bicep install --version v{version}", Repository.Read("pipelines/templates/bicep.yml"),
            StringComparison.Ordinal);
        foreach (var path in Files.Select(file => file.Data))
            Assert.DoesNotContain("latest", Repository.Read(path), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Files))]
    public void What_needs_dotnet_comes_after_the_SDK(string path)
    {
        foreach (var steps in Mappings(Load(path)).Select(node => Sequence(node, "steps").ToList()))
        {
            var sdk = steps.FindIndex(step => Text(step, "template") == "dotnet.yml");
            var needs = steps.FindIndex(
                step => Text(Child(step, "parameters"), "script") is "contract-check.sh" or "smoke-test.sh" or "roll-back.sh");
            Assert.True(needs < 0 || (sdk >= 0 && sdk < needs), path);
        }
    }

    [Fact]
    public void Every_variable_that_a_script_reads_is_in_the_readme_and_no_other()
    {
        var read = Repository.Files("pipelines/scripts", "*.sh").Concat(Repository.Files("bicep", "*.bicepparam"))
            .SelectMany(path => VariableRead().Matches(Repository.Read(path))).Select(m => m.Groups[1].Value)
            // Set by a script, by bash, and by azd or the stage.
            .Except(["DEPLOYED", "API_TOKEN", "SECONDS", "AZURE_ENV_NAME"])
            .Where(name => !name.StartsWith("SYSTEM_", StringComparison.Ordinal) && !name.StartsWith("BUILD_", StringComparison.Ordinal)).Distinct().Order();
        var listed = VariableListed().Matches(Repository.Read("pipelines/README.md")).Select(m => m.Groups[1].Value).Order();

        Assert.Equal(read, listed);
        Assert.True(Repository.Read("pipelines/README.md").Split('\n').Length <= 61);
    }

    static string Beside(string path, string other) =>
        Path.GetRelativePath(Repository.Root, Path.Combine(Repository.PathOf(Path.GetDirectoryName(path)!), other)).Replace('\\', '/');

    [GeneratedRegex("<BicepVersion>(.+)</BicepVersion>")]
    private static partial Regex Version();

    [GeneratedRegex(@"parameters\.(\w+)")]
    private static partial Regex ParameterAsked();

    [GeneratedRegex(@"pipelines/scripts/[\w-]+\.sh")]
    private static partial Regex Script();

    [GeneratedRegex(@"(?:\$\{?|readEnvironmentVariable\(')([A-Z][A-Z_]{3,})\b")]
    private static partial Regex VariableRead();

    [GeneratedRegex(@"^\| `([A-Z_]+)` \|", RegexOptions.Multiline)]
    private static partial Regex VariableListed();
}
