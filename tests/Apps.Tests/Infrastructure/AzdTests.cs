using System.Text.RegularExpressions;
using OrderFunctions.Runtime;
using YamlDotNet.RepresentationModel;
using static OrderFunctions.Apps.Tests.Infrastructure.Yaml;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>
/// azure.yaml has the form that its published schema (v1.0) asks for, as far as it is used here, and what it names exists. Not checked:
/// parts of the schema that are not used here, and azd itself, which these tests do not have. FromNothingTests runs the hooks.
/// </summary>
public partial class AzdTests
{
    static readonly YamlMappingNode Azure = Load("azure.yaml");

    [Fact]
    public void The_application_has_a_name_and_only_sections_that_azd_knows()
    {
        Assert.Matches("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", Text(Azure, "name")!);
        // azd passes over what it does not know: a section that is misspelt would do nothing.
        Assert.Empty(Keys(Azure).Except(["name", "infra", "services", "hooks"]));
        Assert.Contains("/Azure/azure-dev/main/schemas/v1.0/azure.yaml.json", Repository.Read("azure.yaml").Split('\n')[0],
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_infrastructure_is_the_parameter_file_of_the_modules_name()
    {
        var infrastructure = Child(Azure, "infra");
        Assert.Empty(Keys(infrastructure).Except(["provider", "path", "module"]));
        Assert.Equal("bicep", Text(infrastructure, "provider"));

        // In `path`, azd takes `module`.bicepparam, and a template of that name only where there is no such file.
        Assert.Equal("bicep/dev.bicepparam", $"{Text(infrastructure, "path")}/{Text(infrastructure, "module")}.bicepparam");
        Assert.True(Repository.Exists("bicep/dev.bicepparam"));
        // With these from azd: the environment's name, and who is signed in.
        foreach (var name in new[] { "AZURE_ENV_NAME", "AZURE_PRINCIPAL_ID" })
            Assert.Contains($"readEnvironmentVariable('{name}', ", Repository.Read("bicep/dev.bicepparam"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_participant_is_a_function_app_whose_project_exists()
    {
        var services = Child(Azure, "services");
        Assert.Equal(Topology.Current.Subscriptions.Select(s => s.Name), Keys(services));
        foreach (var name in Keys(services))
        {
            var service = Child(services, name);
            // The schema refuses image, docker, k8s, apiVersion and env on a function app, and asks for its project.
            Assert.Empty(Keys(service).Except(["project", "language", "host"]));
            Assert.Equal(("function", "dotnet"), (Text(service, "host"), Text(service, "language")));
            Assert.Single(Repository.Files(Text(service, "project")!, "*.csproj"), path => !path.Contains("/obj/"));
        }
    }

    [Fact]
    public void A_hook_runs_before_or_after_a_command_and_calls_scripts_that_exist()
    {
        var hooks = Child(Azure, "hooks");
        string[] commands =
            ["provision", "infracreate", "infradelete", "down", "up", "package", "publish", "deploy", "restore"];
        Assert.Empty(Keys(hooks).Except(commands.SelectMany(command => new[] { $"pre{command}", $"post{command}" })));
        foreach (var name in Keys(hooks))
        {
            var hook = Child(hooks, name);
            Assert.Empty(Keys(hook).Except(["shell", "run"]));
            // A script that stands in the file itself must name its shell.
            Assert.Contains(Text(hook, "shell"), new[] { "sh", "pwsh" });
            var scripts = Script().Matches(Text(hook, "run")!).Select(m => m.Value).ToList();
            Assert.NotEmpty(scripts);
            // PipelineTests sees that each of them is executable.
            Assert.All(scripts, script => Assert.Contains(script, Repository.Files("pipelines/scripts", "*.sh")));
        }
    }

    [GeneratedRegex(@"pipelines/scripts/[\w-]+\.sh")]
    private static partial Regex Script();
}
