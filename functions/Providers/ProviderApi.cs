using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderFunctions.Runtime;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace OrderFunctions.Providers;

/// <summary>A provider's HTTP API: tells an answer from a silence. Nothing is repeated here, the kernel does that, with the same key.</summary>
sealed class ProviderApi(HttpClient http, string provider)
{
    public const string IdempotencyKey = "Idempotency-Key";

    static readonly JsonSerializerOptions Json = JsonSerializerOptions.Web;

    /// <param name="key">Null for what only reads.</param>
    /// <param name="refusals">Statuses beside success that are answers too.</param>
    /// <exception cref="TransientException">Whether the provider did it is unknown.</exception>
    /// <exception cref="HttpRequestException">The provider does not understand the request: it will not understand it the next time either.</exception>
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
                throw IsTransient(response.StatusCode)
                    ? new TransientException($"The {provider} answered {(int)response.StatusCode} to {method} {path}.")
                    : new HttpRequestException($"The {provider} answered {(int)response.StatusCode} to {method} {path}.", null, response.StatusCode);
            return (response.StatusCode, await response.Content.ReadFromJsonAsync<T>(Json, cancellation) ?? throw new JsonException("The body is null."));
        }
        catch (Exception e) when (IsSilence(e) && !cancellation.IsCancellationRequested)
        {
            throw new TransientException($"The {provider} did not answer {method} {path}: {e.Message}", e);
        }
    }

    /// <summary>401 and 403, too: a key that is being exchanged is no fault of the order.</summary>
    static bool IsTransient(HttpStatusCode status) => status >= HttpStatusCode.InternalServerError || status
        is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or (HttpStatusCode)425;

    /// <summary>An answer that cannot be read may be a proxy's, or cut off: what the provider did is unknown.</summary>
    static bool IsSilence(Exception e) => e is HttpRequestException { StatusCode: null } or IOException or JsonException or NotSupportedException
        or OperationCanceledException or TimeoutRejectedException or BrokenCircuitException;
}
