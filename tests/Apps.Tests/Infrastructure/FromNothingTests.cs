using System.Text.Json;
using System.Text.RegularExpressions;
using OrderFunctions.Hosting;
using OrderFunctions.Runtime;
using YamlDotNet.RepresentationModel;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>
/// From an empty subscription to an order, in each of the three ways: the README's commands, azd's hooks, and the steps of the pipeline's
/// files. Every script is real; az, azd, dotnet and curl are fakes that keep a subscription in a folder and refuse what comes too early.
/// </summary>
public sealed partial class FromNothingTests : IDisposable
{
    static readonly string[] Everybody = [.. Topology.Current.Subscriptions.Select(s => s.Name)];

    readonly DirectoryInfo _azure = Directory.CreateTempSubdirectory("azure");
    readonly Dictionary<string, string?> _environment;
    readonly string _commit;

    public FromNothingTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the scripts are for bash");
        Assert.SkipUnless(Repository.Has("jq") && Repository.Has("git"), "the scripts use jq and git");
        var fakes = Repository.PathOf("tests/Apps.Tests/Infrastructure/Fakes");
        _environment = new()
        {
            ["PATH"] = $"{fakes}:{Environment.GetEnvironmentVariable("PATH")}",
            ["AZURE"] = _azure.FullName,
            ["LOG"] = Path.Combine(_azure.FullName, "log"),
            ["BROKEN"] = "none",
            ["SMOKE_TEST_SECONDS"] = "0",
            ["LOCATION"] = "westeurope",
            ["SYSTEM_COLLECTIONURI"] = "https://dev.example.org/",
            ["SYSTEM_TEAMPROJECT"] = "project",
        };
        foreach (var name in new[] { "API_AUDIENCE", "AZURE_ENV_NAME", "DEPLOYED", "UPDATE_STRATEGY" })
            _environment[name] = null;
        _commit = Repository.Run("git", ["rev-parse", "HEAD"]).Output.Trim();
    }

    public void Dispose() => _azure.Delete(recursive: true);

    [Fact]
    public void The_readmes_commands_lead_to_an_order()
    {
        var block = BashBlock().Match(Repository.Read("README.md").Split("\n## Deploy it\n")[1]).Groups[1].Value;
        Assert.Contains("az deployment sub create", block, StringComparison.Ordinal);

        var (status, output, errors) = Repository.Run("bash", ["-euc", $"{block}\npipelines/scripts/smoke-test.sh dev whole"],
            environment: _environment);

        Assert.True(status == 0, output + errors);
        Assert.Contains("carrier refused", output, StringComparison.Ordinal);
        Assert.All(Everybody, app => Assert.Equal($"local.{_commit}", Running(app)));
        Assert.Equal(["https://orders.example.org/"],
            Registration().GetProperty("spa").GetProperty("redirectUris").EnumerateArray().Select(uri => uri.GetString()));
    }

    [Fact]
    public void Azds_hooks_lead_to_an_order()
    {
        _environment["AZURE_ENV_NAME"] = "dev";
        Hook("preprovision");
        _environment["API_AUDIENCE"] = File.ReadAllText(Path.Combine(_azure.FullName, "env.API_AUDIENCE")).Trim();
        Assert.Equal("api-id", _environment["API_AUDIENCE"]);
        // What azd does itself.
        const string provision = "az deployment sub create --parameters bicep/dev.bicepparam";
        Assert.Equal(0, Repository.Run("bash", ["-c", provision], environment: _environment).Status);
        Hook("postprovision");
        foreach (var app in Everybody)
            File.WriteAllText(Path.Combine(_azure.FullName, "apps", app, "package"), "by azd");
        Hook("postdeploy");

        void Hook(string name)
        {
            var hook = Yaml.Child(Yaml.Child(Yaml.Load("azure.yaml"), "hooks"), name);
            var (status, output, errors) = Repository.Run(
                Yaml.Text(hook, "shell")!, ["-c", Yaml.Text(hook, "run")!], environment: _environment);
            Assert.True(status == 0, $"{name}: {output}{errors}");
        }
    }

    [Fact]
    public void The_pipelines_first_run_leads_to_an_order_and_a_later_one_replaces_its_own_app_alone()
    {
        Register();
        Release("1", Everybody, infrastructure: true);
        Assert.All(Everybody, app => Assert.Equal($"1.{_commit}", Running(app)));

        Release("2", ["payments"], infrastructure: false);
        Assert.All(Everybody, app => Assert.Equal(app == "payments" ? $"2.{_commit}" : $"1.{_commit}", Running(app)));
        // The filters of this version come before its app.
        var asked = File.ReadAllLines(_environment["LOG"]!).ToList();
        Assert.InRange(asked.FindIndex(line => line.StartsWith("az deployment group create --name filters", StringComparison.Ordinal)), 0,
            asked.FindLastIndex(line => line.Contains("config-zip", StringComparison.Ordinal)));

        // What is recorded outlives another deployment of the infrastructure.
        Release("3", ["orders"], infrastructure: true);
        Assert.Equal($"2.{_commit}", Tag("payments", "build"));
    }

    [Fact]
    public void A_release_whose_order_does_not_end_puts_back_what_was_live_and_nothing_else()
    {
        Register();
        Release("1", Everybody, infrastructure: true);
        Release("2", ["payments"], infrastructure: false);
        _environment["BROKEN"] = $"3.{_commit}";

        Assert.Throws<InvalidOperationException>(() => Release("3", ["payments", "shipping"], infrastructure: false));
        Assert.Equal($"3.{_commit}", Running("payments"));
        Fail("3", ["payments", "shipping"]);

        Assert.All(Everybody, app => Assert.Equal(app == "payments" ? $"2.{_commit}" : $"1.{_commit}", Running(app)));
        Assert.Equal((Tag("payments", "build"), Tag("payments", "previous")), ($"2.{_commit}", "-"));
    }

    [Fact]
    public void A_first_release_that_fails_has_nothing_to_put_back_and_says_so()
    {
        Register();
        _environment["BROKEN"] = $"1.{_commit}";

        Assert.Throws<InvalidOperationException>(() => Release("1", Everybody, infrastructure: true));

        Assert.Contains("orders had no build before", Fail("1", Everybody), StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_that_nobody_has_set_stops_the_run_before_the_apps_and_is_named()
    {
        Register();
        File.WriteAllText(Path.Combine(_azure.FullName, "secrets"), "kv-shipping-abcdef --name carrier-webhook-secret\n");

        var stopped = Assert.Throws<InvalidOperationException>(() => Release("1", Everybody, infrastructure: true));

        Assert.Contains("az keyvault secret set --value … --vault-name kv-shipping-abcdef --name carrier-webhook-secret", stopped.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain(File.ReadAllLines(_environment["LOG"]!), line => line.Contains("config-zip", StringComparison.Ordinal));
    }

    [Fact]
    public void An_app_that_still_runs_another_build_is_not_deployed()
    {
        Register();
        Release("1", Everybody, infrastructure: true);

        var (status, _, errors) = Script("verify-builds.sh", "dev", $"2.{_commit}", "payments");

        Assert.Equal(1, status);
        Assert.Contains($"func-payments-dev-abcdef 1.{_commit}", errors, StringComparison.Ordinal);
    }

    void Register()
    {
        var (status, output, errors) = Script("register-api.sh", "dev", "pipelines-identity");
        Assert.True(status == 0, errors);
        _environment["API_AUDIENCE"] = output.Trim();
        // A second time nothing is registered or granted anew.
        var granted = File.ReadAllText(Path.Combine(_azure.FullName, "roles"));
        Assert.Equal("api-id", Script("register-api.sh", "dev", "pipelines-identity").Output.Trim());
        Assert.Equal(granted, File.ReadAllText(Path.Combine(_azure.FullName, "roles")));

        // What the API asks of a token: its kind, and the scope, to which no user can consent.
        var registration = Registration();
        Assert.Equal("idtyp", registration.GetProperty("optionalClaims").GetProperty("accessToken")[0].GetProperty("name").GetString());
        var scope = Assert.Single(registration.GetProperty("api").GetProperty("oauth2PermissionScopes").EnumerateArray());
        Assert.Equal((EntraTokens.Scope, "Admin"), (scope.GetProperty("value").GetString(), scope.GetProperty("type").GetString()));
        Assert.Equal(4, registration.GetProperty("appRoles").GetArrayLength());
    }

    JsonElement Registration() => JsonDocument.Parse(File.ReadAllText(Path.Combine(_azure.FullName, "application"))).RootElement;

    /// <summary>The steps of templates/deploy-stage.yml for dev, with packages as templates/package.yml makes them.</summary>
    void Release(string run, string[] apps, bool infrastructure)
    {
        var workspace = Directory.CreateDirectory(Path.Combine(_azure.FullName, "workspace")).FullName;
        foreach (var app in apps)
        {
            Assert.Equal(0, Script("package-app.sh", app, Path.Combine(workspace, app), $"{run}.{_commit}").Status);
            Directory.CreateDirectory(Path.Combine(_azure.FullName, "runs"));
            File.Copy(Path.Combine(workspace, app, $"{app}.zip"), Path.Combine(_azure.FullName, "runs", run), overwrite: true);
        }
        Run("deploy", run, apps, infrastructure);
    }

    string Fail(string run, string[] apps) => Run("on", run, apps, false);

    string Run(string hook, string run, string[] apps, bool infrastructure)
    {
        var job = Yaml.Sequence(Yaml.Sequence(Yaml.Load("pipelines/templates/deploy-stage.yml"), "stages").Single(), "jobs").Single();
        var steps = Yaml.Child(Yaml.Child(Yaml.Child(job, "strategy"), "runOnce"), hook);
        var said = "";
        foreach (var (script, arguments) in Steps(Yaml.Sequence(hook == "on" ? Yaml.Child(steps, "failure") : steps, "steps"), ""))
        {
            var (status, output, errors) = Script(script, arguments
                .Replace("${{ parameters.stage }}", "dev").Replace("${{ parameters.smokeTest }}", "whole")
                .Replace("${{ join(' ', parameters.apps) }}", string.Join(' ', apps)).Replace("$(build)", $"{run}.{_commit}")
                .Replace("$(Pipeline.Workspace)", Path.Combine(_azure.FullName, "workspace")).Split(' '));
            said += output;
            if (status != 0)
                throw new InvalidOperationException($"{script} {arguments}: {output}{errors}");
        }
        return said;

        IEnumerable<(string Script, string Arguments)> Steps(IEnumerable<YamlNode> nodes, string app)
        {
            foreach (var node in nodes.Cast<YamlMappingNode>())
            {
                var (key, value) = (((YamlScalarNode)node.Children[0].Key).Value!, node.Children[0].Value);
                if (key == "template" && Yaml.Text(node, "template") == "script.yml")
                {
                    var given = Yaml.Child(node, "parameters");
                    yield return (Yaml.Text(given, "script")!, Yaml.Text(given, "arguments")!.Replace("${{ app }}", app));
                }
                string[] each = key switch
                {
                    "${{ each app in parameters.apps }}" => apps,
                    "${{ if parameters.infrastructure }}" when infrastructure => [app],
                    "${{ else }}" when !infrastructure => [app],
                    _ => [],
                };
                foreach (var one in each)
                    foreach (var step in Steps((YamlSequenceNode)value, one))
                        yield return step;
            }
        }
    }

    string Running(string app) => File.ReadAllText(Path.Combine(_azure.FullName, "apps", app, "package")).Trim();

    string Tag(string app, string name) => File.ReadAllText(Path.Combine(_azure.FullName, "apps", app, name)).Trim();

    (int Status, string Output, string Errors) Script(string name, params string[] arguments) =>
        Repository.Run("bash", [Repository.PathOf($"pipelines/scripts/{name}"), .. arguments], environment: _environment);

    [GeneratedRegex("```bash\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex BashBlock();
}
