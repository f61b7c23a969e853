using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Azure.Cosmos;

namespace OrderFunctions.CosmosDb.Gateway;

/// <summary>A document call that is about to be carried out.</summary>
/// <param name="Operation">read, create, replace, patch, batch or query.</param>
public sealed record GatewayCall(int Number, string Operation, string Container);

/// <summary>A failure to inject into a call.</summary>
/// <param name="Status">The status returned instead of the real one; 0 for a broken connection.</param>
/// <param name="IsApplied">Whether the call is carried out anyway.</param>
public sealed record Fault(int Status, bool IsApplied = false, int SubStatus = 0)
{
    public static readonly Fault LostBefore = new(0);
    public static readonly Fault LostAfter = new(0, IsApplied: true);
    public static readonly Fault TimedOut = new(-1);

    /// <summary>All faults that a write can meet.</summary>
    public static readonly IReadOnlyList<Fault> OfWrites =
    [
        LostBefore, LostAfter, TimedOut, new(408), new(408, IsApplied: true), new(409), new(410), new(412),
        new(429), new(449), new(500), new(503), new(503, IsApplied: true),
    ];

    /// <summary>All faults that a read can meet.</summary>
    public static readonly IReadOnlyList<Fault> OfReads =
        [LostBefore, TimedOut, new(401), new(403), new(404, SubStatus: 1003), new(408), new(410), new(429), new(449), new(500), new(503)];

    /// <summary>The same without lost answers, because the SDK itself retries those after a second.</summary>
    public static readonly IReadOnlyList<Fault> OfReadsAtOnce = [.. OfReads.Where(fault => fault.Status > 0)];

    public override string ToString() => (Status == 0 ? "lost" : $"{Status}/{SubStatus}") + (IsApplied ? " after applying" : "");
}

/// <summary>
/// A fake of Cosmos DB's gateway, used below the real SDK. It supports what this project uses: point operations with ETags, conditional
/// patches, transactional batches, and queries with continuations over several partitions. It rejects everything else, and tests can inject
/// faults.
/// </summary>
public sealed class CosmosGateway
{
    public const string Database = "orderfunctions";
    const string Endpoint = "http://cosmos.test/";
    const int BatchMax = 2 * 1024 * 1024;

    readonly Dictionary<string, GatewayContainer> containers;
    readonly List<GatewayCall> calls = [];

    public CosmosGateway() =>
        containers = CosmosContainers.All.Select((container, index) => new GatewayContainer(
            Convert.ToBase64String([1, 2, 3, 4, 0x80, 0, 0, (byte)index]), container.Id, container.PartitionKeyPath[1..],
            ranges: container.Id is CosmosContainers.Stock ? 1 : 3)).ToDictionary(container => container.Name);

    /// <summary>Called before each document call. Return null for no fault.</summary>
    public Func<GatewayCall, Fault?> Faults { get; set; } = _ => null;

    /// <summary>Awaited before each document call, so that a test can delay it.</summary>
    public Func<GatewayCall, CancellationToken, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Called after each document call that was carried out.</summary>
    public Action After { get; set; } = () => { };

    /// <summary>All document calls so far.</summary>
    public IReadOnlyList<GatewayCall> Calls
    {
        get
        {
            lock (calls)
                return [.. calls];
        }
    }

    public CosmosClient Client()
    {
        var options = CosmosSettings.ForEmulator();
        options.ServerCertificateCustomValidationCallback = null;
        options.HttpClientFactory = () => new HttpClient(new Handler(this));
        return new(Endpoint, CosmosSettings.EmulatorKey, options);
    }

    /// <summary>Stores a document without going through the SDK.</summary>
    public void Put(string container, JsonObject document) =>
        containers[container].Apply(writer => writer.Create(document[containers[container].PartitionKey]!.GetValue<string>(), document));

    /// <summary>Returns the container's documents without going through the SDK.</summary>
    public IReadOnlyList<JsonObject> Documents(string container) => containers[container].Documents();

    sealed class Handler(CosmosGateway gateway) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            gateway.AnswerAsync(request, cancellationToken);
    }

    async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var path = Uri.UnescapeDataString(request.RequestUri!.AbsolutePath).Trim('/');
        var parts = request.RequestUri.AbsolutePath.Trim('/').Split('/').Select(Uri.UnescapeDataString).ToArray();
        return parts switch
        {
            [""] => Json(200, Account()),
            ["dbs", _, "colls", var name, ..] when Find(name) is null => Failed(new(404, SubStatus: 1003)),
            ["dbs", _, "colls", var name] when request.Method == HttpMethod.Get => Json(200, Collection(Find(name)!)),
            ["dbs", _, "colls", var name, "pkranges"] => Ranges(Find(name)!, request),
            ["dbs", _, "colls", var name, "docs", ..] =>
                await DocumentsAsync(Find(name)!, parts is [.., "docs", var id] ? id : null, request, cancellationToken),
            _ => throw new NotSupportedException($"The gateway of the tests does not know {request.Method} {path}."),
        };
    }

    GatewayContainer? Find(string nameOrRid) =>
        containers.Values.FirstOrDefault(container => container.Name == nameOrRid || container.Rid == nameOrRid.Replace('-', '/'));

    async Task<HttpResponseMessage> DocumentsAsync(GatewayContainer container, string? id, HttpRequestMessage request, CancellationToken cancellation)
    {
        var operation = Operation(request, id);
        GatewayCall call;
        lock (calls)
            calls.Add(call = new(calls.Count + 1, operation, container.Name));
        await Before(call, cancellation);
        var fault = Faults(call);
        if (fault is { IsApplied: false })
            return Failed(fault);
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellation);
        var response = operation switch
        {
            "batch" => await BatchAsync(container, KeyOf(request)!, body),
            "query" => Query(container, request, body),
            _ => Point(container, operation, id, request, body),
        };
        After();
        if (fault is null)
            return response;
        response.Dispose();
        return Failed(fault);
    }

    static string Operation(HttpRequestMessage request, string? id) => request.Method.Method switch
    {
        "GET" when id is not null => "read",
        "PUT" when id is not null => "replace",
        "PATCH" when id is not null => "patch",
        "POST" when id is null && Header(request, "x-ms-cosmos-is-batch-request") is not null => "batch",
        "POST" when id is null && Header(request, "x-ms-documentdb-isquery") is not null => "query",
        "POST" when id is null && Header(request, "x-ms-documentdb-is-upsert") is null => "create",
        _ => throw new NotSupportedException($"The gateway of the tests does not know {request.Method} {request.RequestUri} with {request.Headers}."),
    };

    static HttpResponseMessage Failed(Fault fault)
    {
        if (fault == Fault.TimedOut)
            throw new TaskCanceledException("The time limit of the HTTP client has passed.");
        if (fault.Status == 0)
            throw new HttpRequestException("The connection was lost.", new IOException("reset by peer"));
        var response = Json(fault.Status, Error($"fault {fault.Status}"));
        response.Headers.Add("x-ms-substatus", fault.SubStatus.ToString(CultureInfo.InvariantCulture));
        if (fault.Status == 429)
            response.Headers.Add("x-ms-retry-after-ms", "7");
        return response;
    }

    static HttpResponseMessage Point(GatewayContainer container, string operation, string? id, HttpRequestMessage request, byte[] body)
    {
        var key = KeyOf(request)!;
        var ifMatch = Header(request, "If-Match");
        var document = body.Length == 0 ? null : (JsonObject)JsonNode.Parse(body)!;
        var outcome = operation switch
        {
            "read" => container.Read(key, id!),
            "create" => container.Apply(writer => writer.Create(key, document!)),
            "replace" => container.Apply(writer => writer.Replace(key, id!, document!, ifMatch)),
            _ => container.Apply(writer => writer.Patch(key, id!, document!, ifMatch)),
        };
        if (outcome.Document is null)
            return Json(outcome.Status, Error($"status {outcome.Status}"));
        var etag = outcome.Document["_etag"]!.GetValue<string>();
        if (operation == "read" && Header(request, "If-None-Match") == etag)
            return Json(304, null);
        var response = Json(outcome.Status, Header(request, "Prefer") == "return=minimal" ? null : outcome.Document);
        response.Headers.TryAddWithoutValidation("ETag", etag);
        return response;
    }

    static async Task<HttpResponseMessage> BatchAsync(GatewayContainer container, string key, byte[] body)
    {
        if (body.Length > BatchMax)
            return Json(413, Error("the batch is too large"));
        var (status, results) = container.Apply(key, await BatchRows.ReadAsync(new MemoryStream(body)));
        if (results.Count == 0)
            return Json(status, Error("the batch is malformed"));
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new ByteArrayContent(await BatchRows.WriteAsync(results)) };
        return WithUsualHeaders(response);
    }

    static HttpResponseMessage Query(GatewayContainer container, HttpRequestMessage request, byte[] body)
    {
        var query = JsonNode.Parse(body)!;
        var parameters = query["parameters"]?.AsArray().ToDictionary(p => p!["name"]!.GetValue<string>(), p => p!["value"]) ?? [];
        var range = Header(request, "x-ms-documentdb-partitionkeyrangeid") is { } text
            ? int.Parse(text.Split(',')[^1], CultureInfo.InvariantCulture)
            : (int?)null;
        var rows = Sql.Run(query["query"]!.GetValue<string>(), parameters, container.Documents(KeyOf(request), range));

        // Pages are always short, whatever size is requested, so that every query needs a continuation.
        var limit = Math.Clamp(int.Parse(Header(request, "x-ms-max-item-count") ?? "-1", CultureInfo.InvariantCulture), 1, 7);
        var start = int.Parse(Header(request, "x-ms-continuation") ?? "0", CultureInfo.InvariantCulture);
        var page = rows.Skip(start).Take(limit).ToList();
        var response = Json(200, new JsonObject
        {
            ["_rid"] = container.Rid,
            ["Documents"] = new JsonArray([.. page.Select(row => row?.DeepClone())]),
            ["_count"] = page.Count,
        });
        if (start + page.Count < rows.Count)
            response.Headers.Add("x-ms-continuation", (start + page.Count).ToString(CultureInfo.InvariantCulture));
        return response;
    }

    static HttpResponseMessage Ranges(GatewayContainer container, HttpRequestMessage request)
    {
        if (Header(request, "If-None-Match") is not null)
        {
            var unchanged = Json(304, null);
            unchanged.Headers.TryAddWithoutValidation("ETag", "\"1\"");
            return unchanged;
        }
        string Border(int range) =>
            range == 0 ? "" : range == container.Ranges ? "FF" : (0x40 * range / container.Ranges).ToString("X2", CultureInfo.InvariantCulture);
        var response = Json(200, new JsonObject
        {
            ["_rid"] = container.Rid,
            ["_count"] = container.Ranges,
            ["PartitionKeyRanges"] = new JsonArray([.. Enumerable.Range(0, container.Ranges).Select(range => new JsonObject
            {
                ["id"] = range.ToString(CultureInfo.InvariantCulture),
                ["_rid"] = container.Rid,
                ["minInclusive"] = Border(range),
                ["maxExclusive"] = Border(range + 1),
                ["status"] = "online",
                ["parents"] = new JsonArray(),
            })]),
        });
        response.Headers.TryAddWithoutValidation("ETag", "\"1\"");
        return response;
    }

    static JsonObject Account() => new()
    {
        ["id"] = "test",
        ["_rid"] = "cosmos.test",
        ["writableLocations"] = new JsonArray(new JsonObject { ["name"] = "Here", ["databaseAccountEndpoint"] = Endpoint }),
        ["readableLocations"] = new JsonArray(new JsonObject { ["name"] = "Here", ["databaseAccountEndpoint"] = Endpoint }),
        ["enableMultipleWriteLocations"] = false,
        ["userConsistencyPolicy"] = new JsonObject { ["defaultConsistencyLevel"] = "Strong" },
        ["userReplicationPolicy"] = new JsonObject { ["minReplicaSetSize"] = 3, ["maxReplicasetSize"] = 4 },
        ["systemReplicationPolicy"] = new JsonObject { ["minReplicaSetSize"] = 3, ["maxReplicasetSize"] = 4 },
        ["readPolicy"] = new JsonObject { ["primaryReadCoefficient"] = 1, ["secondaryReadCoefficient"] = 1 },
        ["queryEngineConfiguration"] = """
            {"maxSqlQueryInputLength":262144,"maxJoinsPerSqlQuery":10,"maxLogicalAndPerSqlQuery":2000,
            "maxLogicalOrPerSqlQuery":2000,"maxUdfRefPerSqlQuery":10,
            "maxInExpressionItemsCount":16000,"queryMaxInMemorySortDocumentCount":500,
            "maxQueryRequestTimeoutFraction":0.9,"sqlAllowNonFiniteNumbers":false,
            "sqlAllowAggregateFunctions":true,"sqlAllowSubQuery":true,"sqlAllowScalarSubQuery":true,"allowNewKeywords":true,"sqlAllowLike":true,
            "sqlAllowGroupByClause":true,"maxSpatialQueryCells":12,"spatialMaxGeometryPointCount":256,"sqlDisableQueryILOptimization":false,
            "sqlDisableFilterPlanOptimization":false,"sqlAllowTop":true,"enableSpatialIndexing":true}
            """,
    };

    static JsonObject Collection(GatewayContainer container) => new()
    {
        ["id"] = container.Name,
        ["_rid"] = container.Rid,
        ["_self"] = $"dbs/{Database}/colls/{container.Rid}/",
        ["partitionKey"] = new JsonObject { ["paths"] = new JsonArray($"/{container.PartitionKey}"), ["kind"] = "Hash", ["version"] = 2 },
        ["indexingPolicy"] = new JsonObject { ["indexingMode"] = "consistent" },
    };

    static JsonObject Error(string message) => new() { ["code"] = "test", ["message"] = message };

    static string? KeyOf(HttpRequestMessage request) =>
        Header(request, "x-ms-documentdb-partitionkey") is { } json ? JsonNode.Parse(json)![0]!.GetValue<string>() : null;

    static string? Header(HttpRequestMessage request, string name) =>
        request.Headers.TryGetValues(name, out var values) ? string.Join(",", values) : null;

    static HttpResponseMessage Json(int status, JsonNode? body)
    {
        var response = new HttpResponseMessage((HttpStatusCode)status);

        // .NET has no reason phrase for 449, and the SDK's diagnostics fail without one. The real gateway sends it.
        response.ReasonPhrase ??= "Retry With";
        if (body is not null)
            response.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, Plain))
                { Headers = { ContentType = new("application/json") } };
        return WithUsualHeaders(response);
    }

    static HttpResponseMessage WithUsualHeaders(HttpResponseMessage response)
    {
        response.Headers.Add("x-ms-request-charge", "1");
        response.Headers.Add("x-ms-activity-id", Guid.NewGuid().ToString());
        return response;
    }

    static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
