using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrderFunctions.CosmosDb.Gateway;

/// <summary>
/// A container's documents by partition key and id. Documents are replaced, never changed in place, so that a batch can be rolled back.
/// </summary>
sealed class GatewayContainer(string rid, string name, string partitionKey, int ranges)
{
    const int DocumentMax = 2 * 1024 * 1024;

    static int etags;
    readonly Lock gate = new();
    Dictionary<(string Key, string Id), JsonObject> documents = [];

    public string Rid => rid;
    public string Name => name;
    public string PartitionKey => partitionKey;
    public int Ranges => ranges;

    public IReadOnlyList<JsonObject> Documents(string? key = null, int? range = null)
    {
        lock (gate)
            return [.. from document in documents
                       where key is null || document.Key.Key == key
                       where range is null || RangeOf(document.Key.Key) == range
                       select document.Value];
    }

    public Outcome Read(string key, string id)
    {
        lock (gate)
            return documents.TryGetValue((key, id), out var document) ? new(200, document) : new(404);
    }

    public Outcome Apply(Func<Writer, Outcome> write)
    {
        lock (gate)
        {
            var writer = new Writer(this, new(documents));
            var outcome = write(writer);
            if (outcome.Status < 300)
                documents = writer.Documents;
            return outcome;
        }
    }

    /// <summary>Applies all operations or none. The first that fails keeps its own status; the others get 424.</summary>
    public (int Status, IReadOnlyList<BatchResult> Results) Apply(string key, IReadOnlyList<BatchOperation> batch)
    {
        if (batch.Count is 0 or > 100)
            return (400, []);
        lock (gate)
        {
            var writer = new Writer(this, new(documents));
            var results = new List<BatchResult>();
            foreach (var operation in batch)
            {
                var outcome = operation.Type switch
                {
                    BatchOperation.Create => writer.Create(key, (JsonObject)operation.Body!),
                    BatchOperation.Patch => writer.Patch(key, operation.Id!, (JsonObject)operation.Body!, operation.IfMatch),
                    _ => throw new NotSupportedException($"The gateway of the tests knows no batch operation {operation.Type}."),
                };
                if (outcome.Status >= 300)
                    return (207, [.. batch.Select((_, index) => new BatchResult(index == results.Count ? outcome.Status : 424))]);
                results.Add(new(outcome.Status, outcome.Document!["_etag"]!.GetValue<string>()));
            }
            documents = writer.Documents;
            return (200, results);
        }
    }

    int RangeOf(string key) => (int)(key.Aggregate(17u, (hash, c) => hash * 31 + c) % (uint)ranges);

    internal sealed record Outcome(int Status, JsonObject? Document = null);

    internal sealed class Writer(GatewayContainer container, Dictionary<(string Key, string Id), JsonObject> documents)
    {
        public Dictionary<(string Key, string Id), JsonObject> Documents => documents;

        public Outcome Create(string key, JsonObject document)
        {
            var id = document["id"]!.GetValue<string>();
            return documents.ContainsKey((key, id)) ? new(409) : Store(key, document, 201);
        }

        public Outcome Replace(string key, string id, JsonObject document, string? ifMatch) =>
            !documents.TryGetValue((key, id), out var stored) ? new(404)
            : ifMatch is not null && stored["_etag"]!.GetValue<string>() != ifMatch ? new(412)
            : document["id"]!.GetValue<string>() != id ? new(400)
            : Store(key, document, 200);

        public Outcome Patch(string key, string id, JsonObject patch, string? ifMatch)
        {
            if (!documents.TryGetValue((key, id), out var stored))
                return new(404);
            if (ifMatch is not null && stored["_etag"]!.GetValue<string>() != ifMatch)
                return new(412);
            if (patch["condition"]?.GetValue<string>() is { } condition && !Sql.Holds(condition, stored))
                return new(412);
            var changed = (JsonObject)stored.DeepClone();
            var operations = patch["operations"]!.AsArray();
            if (operations.Count is 0 or > 10)
                return new(400);
            foreach (var operation in operations)
            {
                var path = operation!["path"]!.GetValue<string>()[1..];
                var value = operation["value"];
                switch (operation["op"]!.GetValue<string>())
                {
                    case "set":
                        changed[path] = value?.DeepClone();
                        break;
                    case "incr":
                        changed[path] = Number(changed[path]!) + Number(value!);
                        break;
                    default:
                        throw new NotSupportedException($"The gateway of the tests does not know this patch: {operation.ToJsonString()}");
                }
            }
            return Store(key, changed, 200);
        }

        Outcome Store(string key, JsonObject document, int status)
        {
            var id = document["id"]!.GetValue<string>();
            if (id.Length is 0 or > 1023 || id.IndexOfAny(['/', '\\', '?', '#']) >= 0 || document[container.PartitionKey]?.GetValue<string>() != key)
                return new(400);
            if (JsonSerializer.SerializeToUtf8Bytes((JsonNode)document).Length > DocumentMax)
                return new(413);
            var number = Interlocked.Increment(ref etags);
            document["_rid"] = $"{container.Rid}{number.ToString("x8", CultureInfo.InvariantCulture)}";
            document["_etag"] = $"\"{number:x8}-0000-0700-0000-000000000000\"";
            document["_ts"] = 1_772_366_400 + number;
            documents[(key, id)] = document;
            return new(status, document);
        }

        static long Number(JsonNode node) => long.Parse(node.ToJsonString(), CultureInfo.InvariantCulture);
    }
}
