using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OrderFunctions.Http.Tests;

/// <summary>Compares every answer with openapi.json: its status, content type and body; no property may be undescribed.</summary>
sealed partial class OpenApiCheck : DelegatingHandler
{
    public static readonly JsonObject Document = Read();

    /// <summary>The operations and statuses that were answered.</summary>
    public ConcurrentDictionary<(string Operation, int Status), bool> Seen { get; } = new();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var operation = OperationOf(request);
        if (operation is null)
            return response;

        var status = (int)response.StatusCode;
        var name = (string)operation["operationId"]!;
        Seen[(name, status)] = true;
        var described = operation["responses"]!.AsObject()[status.ToString(CultureInfo.InvariantCulture)];
        Assert.True(described is not null, $"{name} answers {status}, which openapi.json does not describe.");
        await CheckAsync(response, Resolve(described), $"{name} {status}", cancellationToken);
        return response;
    }

    static async Task CheckAsync(HttpResponseMessage response, JsonNode described, string where, CancellationToken cancellation)
    {
        foreach (var (header, _) in described["headers"]?.AsObject() ?? [])
        {
            if (header is not "Idempotency-Replayed")
                Assert.True(response.Headers.Contains(header), $"{where}: the header {header} is missing.");
        }
        await response.Content.LoadIntoBufferAsync(cancellation);
        var text = await response.Content.ReadAsStringAsync(cancellation);
        if (described["content"] is not { } contents)
        {
            Assert.Equal("", text);
            return;
        }
        var type = response.Content.Headers.ContentType?.MediaType ?? "";
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        if (type.EndsWith("json", StringComparison.Ordinal))
            Assert.True(response.Headers.CacheControl?.NoStore, $"{where} may be kept by a cache.");
        Assert.True(contents[type] is not null, $"{where}: the content type is {type}.");
        Check(type.EndsWith("json", StringComparison.Ordinal) ? JsonNode.Parse(text) : text, contents[type]!["schema"]!, where);
    }

    static JsonNode? OperationOf(HttpRequestMessage request)
    {
        foreach (var (template, methods) in Document["paths"]!.AsObject())
        {
            var pattern = "^" + PathParameter().Replace(Regex.Escape(template).Replace("\\{", "{"), "[^/]*") + "$";
            if (Regex.IsMatch(request.RequestUri!.AbsolutePath, pattern))
                return methods![request.Method.Method.ToLowerInvariant()];
        }
        return null;
    }

    /// <summary>Knows the keywords that openapi.json uses; any other is an error, so that none goes unchecked.</summary>
    public static void Check(JsonNode? value, JsonNode schema, string where)
    {
        schema = Resolve(schema);
        foreach (var (word, rule) in schema.AsObject())
        {
            var holds = word switch
            {
                "type" => IsOfType(value, (string)rule!),
                "enum" => rule!.AsArray().Any(allowed => JsonNode.DeepEquals(allowed, value)),
                "pattern" => Regex.IsMatch((string)value!, (string)rule!),
                "minLength" => ((string)value!).Length >= (int)rule!,
                "maxLength" => ((string)value!).Length <= (int)rule!,
                "minimum" => (decimal)value! >= (decimal)rule!,
                "maximum" => (decimal)value! <= (decimal)rule!,
                "minItems" => value!.AsArray().Count >= (int)rule!,
                "maxItems" => value!.AsArray().Count <= (int)rule!,
                "format" => (string?)rule == "date-time" && DateTimeOffset.TryParse((string)value!, CultureInfo.InvariantCulture, out _),
                "required" => rule!.AsArray().All(name => value!.AsObject().ContainsKey((string)name!)),
                "properties" or "items" or "additionalProperties" or "propertyNames" or "description" or "default" or "examples" => true,
                _ => throw new NotSupportedException($"{where}: the check does not know the keyword {word}."),
            };
            Assert.True(holds, $"{where}: {value?.ToJsonString()} is not of {word} {rule?.ToJsonString()}.");
        }
        if (value is JsonArray items && schema["items"] is { } itemSchema)
        {
            foreach (var item in items)
                Check(item, itemSchema, $"{where}[]");
        }
        if (value is JsonObject fields && (schema["properties"] ?? schema["additionalProperties"]) is not null)
            CheckFields(fields, schema, where);
    }

    static void CheckFields(JsonObject fields, JsonNode schema, string where)
    {
        foreach (var (name, field) in fields)
        {
            var fieldSchema = schema["properties"]?[name] ?? schema["additionalProperties"];
            Assert.True(fieldSchema is not null, $"{where}: openapi.json does not describe {name}.");
            if (schema["propertyNames"] is { } names)
                Check(name, names, $"{where}: name of {name}");
            Check(field, fieldSchema, $"{where}.{name}");
        }
    }

    public static JsonNode Resolve(JsonNode node) =>
        node is JsonObject fields && fields["$ref"] is { } reference
            ? ((string)reference!)[2..].Split('/')
                .Aggregate((JsonNode)Document, (found, name) => found[name] ?? throw new KeyNotFoundException($"{reference}"))
            : node;

    static bool IsOfType(JsonNode? value, string type) => type switch
    {
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => value?.GetValueKind() is System.Text.Json.JsonValueKind.String,
        "boolean" => value?.GetValueKind() is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False,
        "number" => value?.GetValueKind() is System.Text.Json.JsonValueKind.Number,
        "integer" => value?.GetValueKind() is System.Text.Json.JsonValueKind.Number && decimal.IsInteger((decimal)value),
        _ => throw new NotSupportedException(type),
    };

    static JsonObject Read()
    {
        using var file = typeof(SagaApi).Assembly.GetManifestResourceStream("openapi.json")!;
        return JsonNode.Parse(file)!.AsObject();
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex PathParameter();
}
