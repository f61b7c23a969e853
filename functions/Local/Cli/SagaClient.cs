using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using OrderFunctions.Http;

namespace OrderFunctions.Local.Cli;

/// <summary>The public API as a customer and a warehouse use it.</summary>
public sealed class SagaClient(HttpClient http)
{
    /// <summary>A flash sale keeps the host busy: what it cannot take now (503) is offered again this often.</summary>
    const int AttemptsMax = 20;

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() } };

    /// <exception cref="RefusedByApiException">The API said why.</exception>
    public async Task<(string Id, bool PlacedBefore)> PlaceAsync(string key, byte[] body, CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Post, "api/orders", body, key, cancellation);
        var order = await ReadAsync<AcceptedOrder>(answer, cancellation);
        return (order.Id, answer.Headers.Contains("Idempotency-Replayed"));
    }

    /// <summary>False where it is too late.</summary>
    /// <exception cref="RefusedByApiException">The API said why.</exception>
    public async Task<bool> CancelAsync(string orderId, CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Post, $"api/orders/{orderId}/cancel", "{}"u8.ToArray(), null, cancellation);
        if (answer.StatusCode is HttpStatusCode.Conflict)
            return false;
        await ThrowIfRefusedAsync(answer, cancellation);
        return true;
    }

    /// <exception cref="RefusedByApiException">The API said why.</exception>
    public async Task ReceiveStockAsync(string sku, long received, CancellationToken cancellation)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new { received }, Json);
        using var answer = await SendAsync(HttpMethod.Put, $"api/stock/{Uri.EscapeDataString(sku)}", body, null, cancellation);
        await ThrowIfRefusedAsync(answer, cancellation);
    }

    public async Task<CountsBody> CountsAsync(CancellationToken cancellation)
    {
        using var answer = await http.GetAsync("api/operations/counts", cancellation);
        return await ReadAsync<CountsBody>(answer, cancellation);
    }

    /// <summary>All orders, newest first.</summary>
    public async IAsyncEnumerable<OrderBody> OrdersAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var next = "/api/orders?limit=200"; next is not null;)
        {
            using var answer = await http.GetAsync(next, cancellation);
            var page = await ReadAsync<OrderListBody>(answer, cancellation);
            foreach (var order in page.Orders)
                yield return order;
            next = page.Next;
        }
    }

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

    static async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellation)
    {
        await ThrowIfRefusedAsync(answer, cancellation);
        return await answer.Content.ReadFromJsonAsync<T>(Json, cancellation) ?? throw new RefusedByApiException("the answer is empty");
    }

    static async Task ThrowIfRefusedAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        if (answer.IsSuccessStatusCode)
            return;
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        throw new RefusedByApiException($"{(int)answer.StatusCode}: {Readable(text)}");
    }

    /// <summary>A problem's title and errors in one line.</summary>
    static string Readable(string problem)
    {
        try
        {
            using var json = JsonDocument.Parse(problem);
            var root = json.RootElement;
            var title = root.TryGetProperty("detail", out var detail) ? detail.ToString() : root.GetProperty("title").ToString();
            return root.TryGetProperty("errors", out var errors)
                ? $"{title} {string.Join("; ", errors.EnumerateObject().Select(field => $"{field.Name} {string.Join(", ", field.Value.EnumerateArray())}"))}"
                : title;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return problem;
        }
    }
}

/// <summary>The API refused a request and said why.</summary>
public sealed class RefusedByApiException(string message) : Exception(message);
