using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace OrderFunctions.Apps.Tests.Insights;

/// <summary>
/// Stands where Application Insights takes telemetry in: keeps the envelopes that are sent, and gives them as rows of the tables that they
/// would be in, with the columns that queries ask for.
/// </summary>
sealed class IngestionEndpoint : HttpMessageHandler
{
    const string Path = "/v2.1/track";

    readonly ConcurrentQueue<JsonObject> envelopes = new();

    public ConcurrentQueue<string?> Authorizations { get; } = new();

    /// <summary>Bytes of JSON, which is what ingestion is billed by.</summary>
    public long Bytes;

    public IReadOnlyList<JsonObject> Rows(string table) =>
        [.. envelopes.Where(envelope => Tables.Of(envelope) == table).Select(Tables.Row)];

    /// <summary>All rows so far, by table; what comes later is alone.</summary>
    public Dictionary<string, List<JsonObject>> Take()
    {
        var taken = new List<JsonObject>();
        while (envelopes.TryDequeue(out var envelope))
            taken.Add(envelope);
        return taken.GroupBy(Tables.Of, Tables.Row).ToDictionary(table => table.Key, table => table.ToList());
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // Live metrics and the like ask elsewhere, and are told that nobody looks.
        if (request.RequestUri!.AbsolutePath != Path)
            return new(HttpStatusCode.NotFound) { Content = new StringContent("") };

        Authorizations.Enqueue(request.Headers.Authorization?.ToString());
        var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
        var lines = Text(body, request.Content.Headers.ContentEncoding.Contains("gzip"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var line in lines)
        {
            Interlocked.Add(ref Bytes, Encoding.UTF8.GetByteCount(line));
            envelopes.Enqueue(JsonNode.Parse(line)!.AsObject());
        }
        var answer = new JsonObject { ["itemsReceived"] = lines.Length, ["itemsAccepted"] = lines.Length, ["errors"] = new JsonArray() };
        return new(HttpStatusCode.OK) { Content = new StringContent(answer.ToJsonString(), Encoding.UTF8, "application/json") };
    }

    static string Text(byte[] body, bool isZipped)
    {
        if (!isZipped)
            return Encoding.UTF8.GetString(body);
        using var reader = new StreamReader(new GZipStream(new MemoryStream(body), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }

    static class Tables
    {
        public static string Of(JsonObject envelope) => (string)envelope["data"]!["baseType"]! switch
        {
            "MetricData" => "AppMetrics",
            "RequestData" => "AppRequests",
            "RemoteDependencyData" => "AppDependencies",
            "MessageData" => "AppTraces",
            "ExceptionData" => "AppExceptions",
            var other => throw new InvalidOperationException($"No table is known for {other}."),
        };

        public static JsonObject Row(JsonObject envelope)
        {
            var data = envelope["data"]!["baseData"]!;
            var tags = envelope["tags"]!;
            var row = new JsonObject
            {
                ["TimeGenerated"] = (string)envelope["time"]!,
                ["ItemCount"] = (int)Math.Round(100 / ((double?)envelope["sampleRate"] ?? 100)),
                ["Properties"] = data["properties"]?.DeepClone() ?? new JsonObject(),
                ["AppRoleName"] = (string?)tags["ai.cloud.role"],
                ["AppVersion"] = (string?)tags["ai.application.ver"],
                ["OperationId"] = (string?)tags["ai.operation.id"],
                ["ParentId"] = (string?)tags["ai.operation.parentId"],
            };
            if (data["metrics"] is { } metrics)
            {
                // A measurement has a value alone; an aggregation has its count, its least and its greatest.
                var metric = metrics[0]!;
                row["Name"] = (string?)metric["name"];
                row["Sum"] = (double)metric["value"]!;
                row["ItemCount"] = (int?)metric["count"] ?? 1;
                row["Min"] = (double?)metric["min"] ?? (double)metric["value"]!;
                row["Max"] = (double?)metric["max"] ?? (double)metric["value"]!;
                return row;
            }
            foreach (var (column, name) in Columns)
                row[column] = data[name]?.DeepClone();
            if ((string?)data["duration"] is { } duration)
                row["DurationMs"] = TimeSpan.Parse(duration, null).TotalMilliseconds;
            return row;
        }

        static readonly (string Column, string Name)[] Columns =
        [
            ("Name", "name"), ("Id", "id"), ("Success", "success"), ("Message", "message"), ("SeverityLevel", "severityLevel"),
            ("DependencyType", "type"), ("Target", "target"), ("Data", "data"), ("Url", "url"),
        ];
    }
}
