using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderFunctions.Runtime;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace OrderFunctions.Providers;

/// <summary>
/// A provider's HTTP API: tells an answer from no answer. Nothing is retried here: the kernel does that, with the same key.
/// </summary>
sealed class ProviderApi(HttpClient http, string provider)
{
    public const string IdempotencyKey = "Idempotency-Key";

    static readonly JsonSerializerOptions Json = JsonSerializerOptions.Web;

    /// <param name="key">Null for a call that only reads.</param>
    /// <param name="refusals">Status codes besides success that are answers too.</param>
    /// <exception cref="TransientException">Whether the provider did it is unknown.</exception>
    /// <exception cref="HttpRequestException">The provider rejects the request itself: a retry would not help.</exception>
    public async Task<(HttpStatusCode Status, T Body)> AskAsync<T>(
        HttpMethod method, string path, string? key, object? body, CancellationToken cancellation, params HttpStatusCode[] refusals)
    {
        using var request = new HttpRequestMessage(method, path);
        if (key is not null)
            request.Headers.Add(IdempotencyKey, key);
        if (body is not null)
            request.Content = JsonContent.Create(body, body.GetType(), options: Json);
        try
        {
            using var response = await http.SendAsync(request, cancellation);
            if (!response.IsSuccessStatusCode && !refusals.Contains(response.StatusCode))
            {
                var failure = $"The {provider} answered {(int)response.StatusCode} to {method} {path}.";
                throw IsTransient(response.StatusCode)
                    ? new TransientException(failure) { Status = (int)response.StatusCode }
                    : new HttpRequestException(failure, null, response.StatusCode);
            }
            var answer = await response.Content.ReadFromJsonAsync<T>(Json, cancellation) ?? throw new JsonException("The body is null.");
            return (response.StatusCode, answer);
        }
        catch (Exception e) when (IsUnanswered(e) && !cancellation.IsCancellationRequested)
        {
            throw new TransientException($"The {provider} did not answer {method} {path}: {e.Message}", e);
        }
    }

    /// <summary>Also 401 and 403: an API key that is being rotated is not the order's fault.</summary>
    static bool IsTransient(HttpStatusCode status) => status >= HttpStatusCode.InternalServerError || status
        is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
        or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or (HttpStatusCode)425;

    /// <summary>An answer that cannot be read may come from a proxy, or be cut off: what the provider did is unknown.</summary>
    static bool IsUnanswered(Exception e) => e
        is HttpRequestException { StatusCode: null } or IOException or JsonException or NotSupportedException
        or OperationCanceledException or TimeoutRejectedException or BrokenCircuitException;
}
