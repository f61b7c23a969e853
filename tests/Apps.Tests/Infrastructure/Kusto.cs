using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <param name="Findings">What the language service finds wrong.</param>
/// <param name="Columns">What the query gives: type by name.</param>
sealed record UnderstoodQuery(IReadOnlyList<string> Findings, IReadOnlyDictionary<string, string> Columns);

/// <param name="Rows">Which of the sets of rows.</param>
/// <param name="Minutes">How far the query sees back from <paramref name="Now"/>.</param>
sealed record QueryRun(string Query, string Rows, DateTimeOffset Now, double Minutes);

/// <summary>
/// Kusto's own language service, which reads queries, and kql-run.mjs, which evaluates them over rows. Both run on Node.js.
/// </summary>
static class Kusto
{
    const string Package = "@kusto/language-service-next@12.4.1";
    const string Folder = "tests/Apps.Tests/Infrastructure";

    /// <summary>Skips a test on a machine without Node.js.</summary>
    public static void IsNeeded() => Assert.SkipUnless(Repository.Has("node") && Repository.Has("npm"),
        "Kusto's language service runs on Node.js, which this machine does not have");

    public static Dictionary<string, UnderstoodQuery> Understand(IReadOnlyDictionary<string, string> queries) =>
        Ask(queries, new Dictionary<string, Dictionary<string, List<JsonObject>>>(), []).Understood;

    /// <summary>The rows that each run gives.</summary>
    /// <param name="rows">Sets of rows, each by table.</param>
    public static IReadOnlyList<IReadOnlyList<JsonObject>> Run(
        IReadOnlyDictionary<string, string> queries, IReadOnlyDictionary<string, Dictionary<string, List<JsonObject>>> rows,
        IReadOnlyList<QueryRun> runs) => Ask(queries, rows, runs).Results;

    sealed record Answer(Dictionary<string, UnderstoodQuery> Understood, IReadOnlyList<IReadOnlyList<JsonObject>> Results);

    static Answer Ask(
        IReadOnlyDictionary<string, string> queries, IReadOnlyDictionary<string, Dictionary<string, List<JsonObject>>> rows,
        IReadOnlyList<QueryRun> runs)
    {
        var tools = Repository.PathOf(".tools/kusto");
        if (!Directory.Exists(Path.Combine(tools, "node_modules", "@kusto")))
        {
            Directory.CreateDirectory(tools);
            var (installed, _, errors) = Repository.Run("npm",
                ["install", "--prefix", tools, "--no-audit", "--no-fund", "--no-save", "--silent", Package]);
            Assert.True(installed == 0, errors);
        }
        var schema = JsonSerializer.Deserialize<Dictionary<string, string>>(Repository.Read($"{Folder}/kql-schema.json"));
        var (status, output, problem) = Repository.Run("node", [Repository.PathOf($"{Folder}/kql.mjs"), tools],
            input: JsonSerializer.Serialize(new { schema, queries, rows, runs }, JsonSerializerOptions.Web));
        Assert.True(status == 0, problem);
        return JsonSerializer.Deserialize<Answer>(output, JsonSerializerOptions.Web)!;
    }
}
