using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using OrderFunctions.Http;

namespace OrderFunctions.Local.Cli;

/// <summary>The public API, as customers, warehouses and operators use it.</summary>
public sealed class ApiClient(HttpClient http)
{
    /// <summary>Attempts before a busy host's 503 counts as its answer.</summary>
    const int AttemptsMax = 20;

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    /// <exception cref="RefusedByApiException">The API refused, and said why.</exception>
    public async Task<(string Id, bool PlacedBefore)> PlaceAsync(string key, byte[] body, CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Post, "api/orders", body, key, cancellation);
        var order = Read<AcceptedOrder>(await ReadAsync(answer, cancellation));
        return (order.Id, answer.Headers.Contains("Idempotency-Replayed"));
    }

    /// <summary>False if it is too late.</summary>
    /// <exception cref="RefusedByApiException">The API refused, and said why.</exception>
    public async Task<bool> CancelAsync(string orderId, CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Post, $"api/orders/{orderId}/cancel", "{}"u8.ToArray(), null, cancellation);
        if (answer.StatusCode is HttpStatusCode.Conflict)
            return false;
        await ReadAsync(answer, cancellation);
        return true;
    }

    /// <exception cref="RefusedByApiException">The API refused, and said why.</exception>
    public async Task<JsonNode> ReceiveStockAsync(string sku, long received, CancellationToken cancellation, string query = "")
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new { received }, Json);
        using var answer = await SendAsync(HttpMethod.Put, $"api/stock/{Uri.EscapeDataString(sku)}{query}", body, null, cancellation);
        return await ReadAsync(answer, cancellation);
    }

    public async Task<CountsBody> CountsAsync(CancellationToken cancellation) =>
        Read<CountsBody>(await GetAsync("api/operations/counts", cancellation));

    /// <exception cref="RefusedByApiException">The API refused, and said why.</exception>
    public async Task<OrderBody> OrderAsync(string id, CancellationToken cancellation) =>
        Read<OrderBody>(await GetAsync($"api/orders/{id}", cancellation));

    /// <summary>All orders, newest first.</summary>
    /// <param name="filter">In the query.</param>
    public async IAsyncEnumerable<OrderBody> OrdersAsync([EnumeratorCancellation] CancellationToken cancellation, string filter = "")
    {
        for (var next = $"/api/orders?limit=200&{filter}"; next is not null;)
        {
            var page = Read<OrderListBody>(await GetAsync(next, cancellation));
            foreach (var order in page.Orders)
                yield return order;
            next = page.Next;
        }
    }

    /// <summary>
    /// The id of the one order that has exactly this id, or else exactly this idempotency key; null if there is none. Callers choose their
    /// keys: one may be another order's id, or used by two of them.
    /// </summary>
    /// <exception cref="RefusedByApiException">The API refused, or several orders have this key.</exception>
    public async Task<string?> FindAsync(string idOrKey, CancellationToken cancellation)
    {
        var found = new List<string>();
        await foreach (var order in OrdersAsync(cancellation, $"text={Uri.EscapeDataString(idOrKey)}"))
        {
            if (order.Id == idOrKey)
                return order.Id;
            if (order.IdempotencyKey == idOrKey)
                found.Add(order.Id);
        }
        return found.Count < 2 ? found.SingleOrDefault()
            : throw new RefusedByApiException($"several orders have this key, name one by its id: {string.Join(", ", found)}");
    }

    /// <summary>What is parked, as far as one page holds it.</summary>
    public async Task<IReadOnlyList<ParkedBody>> ParkedAsync(CancellationToken cancellation) =>
        Read<ParkedListBody>(await GetAsync(ParkedPage, cancellation)).Parked;

    public const string ParkedPage = "api/operations/parked?limit=200";

    /// <exception cref="RefusedByApiException">The API refused, and said why.</exception>
    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellation)
    {
        using var answer = await http.GetAsync(path, cancellation);
        return await ReadAsync(answer, cancellation);
    }

    /// <exception cref="RefusedByApiException">The API refused, and said why.</exception>
    public async Task<JsonNode> PostAsync(string path, JsonObject body, CancellationToken cancellation)
    {
        using var answer = await http.PostAsJsonAsync(path, body, cancellation);
        return await ReadAsync(answer, cancellation);
    }

    /// <summary>Whether this says that a call failed: refused, no connection, or no answer in time.</summary>
    public static bool IsFailure(Exception e) => e is RefusedByApiException or HttpRequestException or TaskCanceledException;

    public static T Read<T>(JsonNode json) => json.Deserialize<T>(Json) ?? throw new RefusedByApiException("The answer is empty.");

    /// <summary>Under a flash sale the host answers 503 to what it cannot take now: that is sent again.</summary>
    async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, byte[] body, string? key, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(method, path) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            if (key is not null)
                request.Headers.Add("Idempotency-Key", key);
            var answer = await http.SendAsync(request, cancellation);
            if (answer.StatusCode is not HttpStatusCode.ServiceUnavailable || attempt == AttemptsMax)
                return answer;
            answer.Dispose();
            await Task.Delay(TimeSpan.FromMilliseconds(100 * attempt), cancellation);
        }
    }

    static async Task<JsonNode> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        JsonNode? json;
        try
        {
            json = JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellation));
        }
        catch (JsonException)
        {
            throw new RefusedByApiException(
                $"{(int)answer.StatusCode}: the answer is not JSON. Is this an OrderFunctions host?", answer.StatusCode);
        }
        if (answer.IsSuccessStatusCode && json is not null)
            return json;
        throw new RefusedByApiException($"{(int)answer.StatusCode}: {Problem(json as JsonObject)}", answer.StatusCode);
    }

    /// <summary>A problem's detail and errors in one line.</summary>
    static string Problem(JsonObject? problem)
    {
        var title = (string?)problem?["detail"] ?? (string?)problem?["title"] ?? "";
        var errors = (problem?["errors"] as JsonObject)?.Select(field => $"{field.Key} {string.Join(", ", field.Value!.AsArray())}") ?? [];
        return Characters.Visible(string.Join(" ", [title, string.Join("; ", errors)]).Trim());
    }
}

/// <summary>The API refused a request; the message says why.</summary>
public sealed class RefusedByApiException(string message, HttpStatusCode? status = null) : Exception(message)
{
    public HttpStatusCode? Status => status;

    /// <summary>What was sent is to blame, and would be refused again.</summary>
    public bool IsAboutRequest => status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.Conflict
        or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity;
}
