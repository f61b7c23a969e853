using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>Azure's own Bicep compiler, on a copy of the templates. It evaluates a whole deployment without asking Azure.</summary>
static class Bicep
{
    public const string Tenant = "11111111-1111-1111-1111-111111111111";
    public const string Subscription = "22222222-2222-2222-2222-222222222222";
    public const string Operator = "33333333-3333-3333-3333-333333333333";

    /// <summary>What a deployment reads from its environment, and nothing else of it.</summary>
    static readonly Dictionary<string, string?> Environment = new()
    {
        ["AZURE_ENV_NAME"] = null,
        ["API_AUDIENCE"] = "audience",
        ["AZURE_PRINCIPAL_ID"] = null,
        ["AZURE_PRINCIPAL_TYPE"] = null,
        ["CALLING_APPLICATIONS"] = null,
        ["ALERT_EMAILS"] = null,
        ["CARD_PROVIDER_URL"] = null,
        ["CARRIER_URL"] = null,
        ["NOTIFIER_URL"] = null,
        ["DEPLOYED"] = null,
        ["BUILD_REPOSITORY_URI"] = null,

        // Each run is short: compiled once is cheaper than compiled again for speed.
        ["DOTNET_TieredCompilation"] = "0",
    };

    static readonly string Compiler = typeof(Bicep).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(metadata => metadata.Key == "BicepCompiler").Value!;

    static readonly Lazy<string> Folder = new(Copy);
    static readonly ConcurrentDictionary<string, Lazy<JsonElement>> Results = new();

    static readonly (string Name, string Value)[] Providers =
    [
        ("CARD_PROVIDER_URL", "https://card.example/"), ("CARRIER_URL", "https://carrier.example/"),
        ("NOTIFIER_URL", "https://mail.example/"),
    ];

    public static Deployment Dev => Snapshot("dev");

    /// <summary>With real providers, as there is no other.</summary>
    public static Deployment Prod => Snapshot("prod", Providers);

    /// <summary>With real providers and an operator.</summary>
    public static Deployment DevWithProviders => Snapshot("dev", [.. Providers, ("AZURE_PRINCIPAL_ID", Operator)]);

    /// <summary>Every module compiled into one template.</summary>
    public static JsonElement Template =>
        Result("build", folder => Run([], "build", Path.Combine(folder, "main.bicep"), "--stdout").Output);

    /// <summary>The deployment as Azure would be asked for it.</summary>
    public static Deployment Snapshot(string stage, params (string Name, string Value)[] environment) =>
        new(Result($"snapshot {stage} {string.Join(' ', environment)}", folder =>
        {
            var (written, errors) = Evaluate(folder, stage, environment);
            return written is null ? throw new InvalidOperationException(errors) : File.ReadAllText(written);
        }));

    /// <summary>Why the deployment would be refused.</summary>
    public static string Refusal(string stage, params (string Name, string Value)[] environment)
    {
        var (written, errors) = Evaluate(Path.Combine(Folder.Value, "bicep"), stage, environment);
        Assert.Null(written);
        return errors;
    }

    /// <summary>What a parameter file sets.</summary>
    public static Dictionary<string, JsonElement> Parameters(string stage)
    {
        var built = Result($"parameters {stage}", folder =>
            Run([], "build-params", Path.Combine(folder, $"{stage}.bicepparam"), "--stdout").Output);
        using var parameters = JsonDocument.Parse(built.GetProperty("parametersJson").GetString()!);
        return parameters.RootElement.GetProperty("parameters").EnumerateObject()
            .ToDictionary(p => p.Name, p => p.Value.GetProperty("value").Clone());
    }

    /// <summary>
    /// A folder with all files as the compiler formats them. Each had blank lines at its end before, so what equals the original was
    /// formatted.
    /// </summary>
    public static string Formatted()
    {
        // Not in the copy that others compile meanwhile.
        var folder = Copy();
        foreach (var path in Directory.EnumerateFiles(Path.Combine(folder, "bicep"), "*.bicep*", SearchOption.AllDirectories))
            File.AppendAllText(path, "\n\n");
        var (status, _, errors) = Run([], "format", "--pattern", $"{folder.Replace('\\', '/')}/bicep/**/*.bicep*");
        return status == 0 ? folder : throw new InvalidOperationException(errors);
    }

    static (string? Written, string Errors) Evaluate(string folder, string stage, (string Name, string Value)[] environment)
    {
        // The snapshot is written beside the parameters, so each gets a file of its own.
        var parameters = Path.Combine(folder, $"{Guid.NewGuid():N}.bicepparam");
        File.Copy(Path.Combine(folder, $"{stage}.bicepparam"), parameters);
        // Without the ids it silently leaves modules out.
        var (status, _, errors) = Run(environment, "snapshot", parameters, "--mode", "Overwrite", "--tenant-id", Tenant,
            "--subscription-id", Subscription, "--location", "westeurope", "--deployment-name", "main");
        return (status == 0 ? Path.ChangeExtension(parameters, "snapshot.json") : null, errors);
    }

    public static (int Status, string Output, string Errors) Run((string Name, string Value)[] environment, params string[] arguments)
    {
        Assert.SkipWhen(Compiler.Length == 0, "NuGet has no Bicep compiler for this kind of machine");
        var set = new Dictionary<string, string?>(Environment);
        foreach (var (name, value) in environment)
            set[name] = value;
        return Repository.Run(Compiler, arguments, Folder.Value, environment: set);
    }

    static JsonElement Result(string name, Func<string, string> make) =>
        Results.GetOrAdd(name, _ => new(() => JsonDocument.Parse(make(Path.Combine(Folder.Value, "bicep"))).RootElement)).Value;

    static string Copy()
    {
        var folder = Directory.CreateTempSubdirectory("bicep").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        foreach (var path in Repository.Files("bicep", "*").Append("functions/Runtime/topology.json"))
        {
            var copy = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Repository.PathOf(path), copy);
        }
        return folder;
    }
}
