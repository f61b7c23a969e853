using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using OrderFunctions.Http;

namespace OrderFunctions.Local.Cli;

/// <summary>The API as an operator uses it. What it refuses becomes an <see cref="HttpRequestException"/> that says why.</summary>
sealed class OperatorClient : IDisposable
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    readonly HttpClient http;

    public OperatorClient(Uri url, string? token)
    {
        http = new() { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) };
        if (token is not null)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public static T Read<T>(JsonNode json) => json.Deserialize<T>(Json) ?? throw new HttpRequestException("The answer is empty.");

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellation)
    {
        using var answer = await http.GetAsync(path, cancellation);
        return await ReadAsync(answer, cancellation);
    }

    public async Task<JsonNode> PostAsync(string path, JsonObject body, CancellationToken cancellation)
    {
        using var answer = await http.PostAsJsonAsync(path, body, cancellation);
        return await ReadAsync(answer, cancellation);
    }

    /// <summary>The id of the order that has this id or this key; null where none has.</summary>
    public async Task<string?> FindAsync(string idOrKey, CancellationToken cancellation)
    {
        var found = Read<OrderListBody>(await GetAsync($"api/orders?limit=200&text={Uri.EscapeDataString(idOrKey)}", cancellation)).Orders;
        return found.FirstOrDefault(order => order.Id == idOrKey || order.IdempotencyKey == idOrKey)?.Id;
    }

    public void Dispose() => http.Dispose();

    static async Task<JsonNode> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        JsonNode? json;
        try
        {
            json = JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellation));
        }
        catch (JsonException e)
        {
            throw new HttpRequestException($"The answer is not JSON ({(int)answer.StatusCode}).", e);
        }
        if (answer.IsSuccessStatusCode && json is not null)
            return json;
        var errors = json?["errors"]?.AsObject().Select(field => $"{field.Key} {string.Join(", ", field.Value!.AsArray())}") ?? [];
        throw new HttpRequestException(string.Join(" ", [$"{(int)answer.StatusCode}:", (string?)json?["detail"] ?? "", .. errors]));
    }
}
