using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>The pipelines' scripts, run by bash against programs that log what they were asked and answer as told.</summary>
public sealed partial class ScriptTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("scripts");
    readonly Dictionary<string, string?> _environment = [];

    public ScriptTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the scripts are for bash");
        _environment["PATH"] = $"{_folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}";
        _environment["LOG"] = Path.Combine(_folder.FullName, "log");
        _environment["LOCATION"] = "westeurope";
        _environment["API_AUDIENCE"] = "audience";
        foreach (var name in new[] { "ALERT_EMAILS", "CARD_PROVIDER_URL", "CARRIER_URL", "NOTIFIER_URL", "UPDATE_STRATEGY",
            "SYSTEM_PULLREQUEST_TARGETBRANCH" })
            _environment[name] = null;
        Stub("sleep", "");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    string[] Asked => File.Exists(_environment["LOG"]) ? File.ReadAllLines(_environment["LOG"]!) : [];

    [Fact]
    public void The_infrastructure_is_deployed_with_the_stages_parameters_and_with_what_the_environment_sets()
    {
        Stub("az", """
            [[ $* != *'functionapp list'* ]] || echo '[{"participant":"orders"}]'
            echo "given $DEPLOYED" >> "$LOG"
            """);

        Assert.Equal(0, Script("deploy-infrastructure.sh", "prod", "what-if").Status);

        Assert.StartsWith("az deployment sub what-if --validation-level ProviderNoRbac --name orderfunctions-prod --location westeurope "
            + "--parameters ", Asked[^2], StringComparison.Ordinal);
        Assert.EndsWith("bicep/prod.bicepparam", Asked[^2], StringComparison.Ordinal);
        // With what the apps run now, which the deployment would otherwise forget.
        Assert.Equal("""given [{"participant":"orders"}]""", Asked[^1]);
    }

    [Fact]
    public void The_infrastructure_is_not_deployed_without_an_audience()
    {
        Stub("az", "");
        _environment["API_AUDIENCE"] = null;

        Assert.NotEqual(0, Script("deploy-infrastructure.sh", "dev", "create").Status);
        Assert.Empty(Asked);
    }

    [Fact]
    public void An_app_gets_its_update_strategy_before_its_package_and_is_not_done_before_its_functions_are_found()
    {
        Stub("az", """
            case "$*" in
              *'functionapp list'*) printf 'func-payments-dev-abc\t/id\t1.a\t-\n' ;;
              *'function list'*)
                [ -e "$LOG.once" ] && printf 'func-payments-dev-abc/payments-on-timer\nfunc-payments-dev-abc/payments-on-message\n'
                touch "$LOG.once" ;;
            esac
            """);
        _environment["UPDATE_STRATEGY"] = "RollingUpdate";

        Assert.Equal(0, Script("deploy-app.sh", "dev", "payments", "payments.zip", "2.b").Status);

        string[] expected =
            ["functionapp list", "tag update", "update-strategy config set", "config-zip", "function list", "function list"];
        var asked = Asked.Where(line => line.StartsWith("az ", StringComparison.Ordinal)).ToArray();
        Assert.Equal(expected.Length, asked.Length);
        Assert.All(expected.Zip(asked), pair => Assert.Contains(pair.First, pair.Second, StringComparison.Ordinal));
        Assert.Contains("--tags build=2.b previous=1.a", asked[1], StringComparison.Ordinal);
        Assert.Contains("--type RollingUpdate", asked[2], StringComparison.Ordinal);
        Assert.Contains("--name func-payments-dev-abc --src payments.zip", asked[3], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("""
        case "$*" in
          *'functionapp list'*) printf 'func-payments-dev-abc\t/id\t-\t-\n' ;;
          *'function list'*) echo func-payments-dev-abc/orders-on-message ;;
        esac
        """)]
    public void An_app_that_is_not_there_or_whose_functions_are_not_found_is_a_failure(string az)
    {
        Stub("az", az);

        Assert.Equal(1, Script("deploy-app.sh", "dev", "payments", "payments.zip", "2.b").Status);
        Assert.Equal(az.Length > 0, Asked.Any(line => line.Contains("config-zip", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("-", "-", "2.b", "-")] // the first
    [InlineData("1.a", "-", "2.b", "1.a")]
    [InlineData("2.b", "1.a", "2.b", "1.a")] // again, after a step failed
    [InlineData("2.b", "1.a", "1.a", "-")] // back
    public void What_an_app_runs_and_what_it_ran_before_is_recorded(string live, string previous, string build, string recorded)
    {
        Stub("az", $$"""
            case "$*" in
              *'functionapp list'*) printf 'func-payments-dev-abc\t/id\t{{live}}\t{{previous}}\n' ;;
              *'function list'*) echo func-payments-dev-abc/payments-on-message ;;
            esac
            """);

        Assert.Equal(0, Script("deploy-app.sh", "dev", "payments", "payments.zip", build).Status);

        Assert.Contains(Asked, line => line.StartsWith("az tag update", StringComparison.Ordinal)
            && line.Contains($"--tags build={build} previous={recorded} ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("whole", "rejected │ carrier refused", 0, 0)]
    [InlineData("whole", "rejected │ out of stock", 0, 1)]
    [InlineData("whole", "completed │ ", 0, 1)]
    [InlineData("whole", "paid │ parked at shipping", 1, 1)]
    [InlineData("harmless", "rejected │ out of stock", 0, 0)]
    [InlineData("harmless", "rejected │ carrier refused", 0, 1)]
    public void A_test_order_must_have_the_end_that_it_asks_for(string kind, string outcome, int final, int expected)
    {
        Assert.SkipUnless(Repository.Has("jq"), "the script writes the order with jq, which this machine does not have");
        Stub("az", """
            case "$*" in
              *get-access-token*) echo token ;;
              *"'orders'"*) echo func-orders.example.org ;;
              *"'inventory'"*) echo func-inventory.example.org ;;
            esac
            """);
        Stub("curl", "");
        // Unreachable at first.
        Stub("dotnet", $$"""
            [ "$API_TOKEN" = token ] || exit 3
            cp "${@: -1}" "$LOG.order"
            [ -e "$LOG.once" ] || { touch "$LOG.once"; exit 2; }
            echo '│ {{outcome}} │ 1 │'
            exit {{final}}
            """);
        _environment["SMOKE_TEST_SECONDS"] = final == 0 ? "60" : "1";

        Assert.Equal(expected, Script("smoke-test.sh", "dev", kind).Status);

        var placed = Asked.Where(line => line.StartsWith("dotnet run ", StringComparison.Ordinal)).ToList();
        Assert.True(final == 0 ? placed.Count == 2 : placed.Count >= 1, $"{placed.Count}");
        Assert.Contains("functions/Local -c Release -- place --url https://func-orders.example.org --orders ",
            Assert.Single(placed.Distinct()), StringComparison.Ordinal);
        var order = JsonNode.Parse(File.ReadAllText(_environment["LOG"] + ".order"))!;
        Assert.StartsWith("smoke-test-", (string?)order["key"], StringComparison.Ordinal);
        order.AsObject().Remove("key"); // of the orders file
        var sku = kind == "whole" ? "SMOKE-TEST" : "SMOKE-TEST-NOWHERE";
        Assert.Equal(sku, (string?)order["lines"]![0]!["sku"]);
        Assert.Equal("REFUSE", (string?)order["shipTo"]!["postalCode"]);

        var api = JsonNode.Parse(Repository.Read("functions/Http/openapi.json"))!["components"]!["schemas"]!;
        Fits(api["Order"]!, order);
        Fits(api["OrderLine"]!, order["lines"]![0]!);
        Fits(api["Payment"]!, order["payment"]!);
        Fits(api["Address"]!, order["shipTo"]!);

        // What no warehouse has is not put into one.
        var stock = Asked.Where(line => line.StartsWith("curl ", StringComparison.Ordinal)).ToList();
        Assert.Equal(kind == "whole" ? 1 : 0, stock.Count);
        Assert.All(stock, call =>
        {
            Assert.Contains("--request PUT --header Authorization: Bearer token", call, StringComparison.Ordinal);
            Assert.EndsWith($"https://func-inventory.example.org/api/stock/{sku}", call, StringComparison.Ordinal);
            Fits(api["GoodsReceived"]!, JsonNode.Parse(PutBody().Match(call).Groups[1].Value)!);
        });

        static void Fits(JsonNode schema, JsonNode body)
        {
            var given = body.AsObject().Select(member => member.Key).ToList();
            Assert.Empty(schema["required"]!.AsArray().Select(name => (string)name!).Except(given));
            Assert.Empty(given.Except(schema["properties"]!.AsObject().Select(member => member.Key)));
        }
    }

    [Fact]
    public void A_recorded_message_that_is_changed_or_removed_stops_the_deployment()
    {
        var (repository, message) = ARepository();
        File.WriteAllText(message, "{ }");
        Git(repository, "commit", "-qam", "change");
        Assert.Equal((1, 1), (Contracts(repository), Tests(repository)));

        Git(repository, "rm", "-q", message);
        Git(repository, "commit", "-qm", "remove");
        Assert.Equal((1, 1), (Contracts(repository), Tests(repository)));
    }

    [Fact]
    public void A_message_that_is_added_must_be_read_by_this_version_and_where_it_knows_the_event_by_the_one_before()
    {
        var (repository, message) = ARepository();
        Directory.CreateDirectory(Path.Combine(message, "../../v2"));
        File.WriteAllText(Path.Combine(message, "../../v2/OrderShipped.json"), "{ }");
        File.WriteAllText(Path.Combine(message, "../../v2/OrderFramed.json"), "{ }");
        Git(repository, "add", ".");
        Git(repository, "commit", "-qm", "add");

        Assert.Equal((0, 2), (Contracts(repository), Tests(repository)));
        Assert.Equal("OrderShipped.json", Asked.Last(line => line.StartsWith("sees ", StringComparison.Ordinal))[5..]);

        // The one before cannot read it.
        Stub("dotnet", """[ -e tests/Apps.Tests/Infrastructure/Contracts/v2/OrderFramed.json ]""");
        Assert.NotEqual(0, Contracts(repository));
    }

    [Fact]
    public void A_release_is_held_against_every_version_that_is_live_and_not_against_the_commit_before()
    {
        var (repository, message) = ARepository();
        var first = Git(repository, "rev-parse", "HEAD");
        File.WriteAllText(message, "{ }");
        Git(repository, "commit", "-qam", "change");
        Git(repository, "commit", "-q", "--allow-empty", "-m", "nothing");
        Assert.Equal(0, Contracts(repository));

        Stub("az", $"echo 5.{first}");
        Assert.Equal(1, Contracts(repository, "dev"));
        // Back to it, from a version that went out after it.
        Stub("az", $"echo 7.{Git(repository, "rev-parse", "HEAD")}");
        Git(repository, "checkout", "-q", first);
        Assert.Equal(0, Contracts(repository, "dev"));
        // Into an empty subscription.
        Stub("az", "");
        Assert.Equal((0, 1), (Contracts(repository, "dev"), Tests(repository)));
    }

    (string Repository, string Message) ARepository()
    {
        Assert.SkipUnless(Repository.Has("git"), "the script compares versions with git, which this machine does not have");
        var repository = _folder.CreateSubdirectory("repository").FullName;
        var message = Path.Combine(repository, "tests/Apps.Tests/Infrastructure/Contracts/v1/OrderShipped.json");
        Directory.CreateDirectory(Path.GetDirectoryName(message)!);
        Directory.CreateDirectory(Path.Combine(repository, "pipelines/scripts"));
        File.WriteAllText(message, """{ "trackingId": "tr-1" }""");
        const string script = "pipelines/scripts/contract-check.sh";
        File.Copy(Repository.PathOf(script), Path.Combine(repository, script));
        Stub("dotnet",
            """echo "sees $(ls tests/Apps.Tests/Infrastructure/Contracts/v2 2> /dev/null | tr '\n' ' ' | sed 's/ $//')" >> "$LOG" """);
        Git(repository, "init", "-q");
        Git(repository, "config", "user.email", "test@example.org");
        Git(repository, "config", "user.name", "test");
        Git(repository, "add", ".");
        Git(repository, "commit", "-qm", "first");
        return (repository, message);
    }

    /// <summary>Against the commit before; or as told.</summary>
    int Contracts(string repository, params string[] against)
    {
        File.Delete(_environment["LOG"]!);
        if (against.Length == 0)
            against = ["--since", Git(repository, "rev-parse", "HEAD^")];
        return Repository.Run("bash", [Path.Combine(repository, "pipelines/scripts/contract-check.sh"), .. against], repository,
            environment: _environment).Status;
    }

    int Tests(string repository) => Asked.Count(line => line.StartsWith("dotnet test", StringComparison.Ordinal));

    string Git(string repository, params string[] arguments)
    {
        var (status, output, errors) = Repository.Run("git", arguments, repository, environment: _environment);
        Assert.True(status == 0, errors);
        return output.Trim();
    }

    (int Status, string Output, string Errors) Script(string name, params string[] arguments) =>
        Repository.Run("bash", [Repository.PathOf($"pipelines/scripts/{name}"), .. arguments], environment: _environment);

    /// <summary>Puts a program before others of its name: it logs its arguments, then does what <paramref name="script"/> says.</summary>
    void Stub(string program, string script)
    {
        var path = Path.Combine(_folder.FullName, program);
        File.WriteAllText(path, $"#!/usr/bin/env bash\necho \"{program} $*\" >> \"$LOG\"\n{script}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [GeneratedRegex(@"--data (\{\S*\})")]
    private static partial Regex PutBody();
}
