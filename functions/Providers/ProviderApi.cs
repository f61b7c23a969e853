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

    /// <summary>A list may come from a copy of the provider's data that is seconds behind.</summary>
    public static readonly TimeSpan LookUpLag = TimeSpan.FromSeconds(5);

    static readonly JsonSerializerOptions Json = JsonSerializerOptions.Web;

    /// <param name="key">Null for a call that only reads.</param>
    /// <param name="conflictIsAnswer">Else 409 to a call with a key means that an earlier one with the same key still runs.</param>
    /// <returns>What the provider answered, whatever its status and body. It is for the caller to say what of it is an outcome.</returns>
    /// <exception cref="TransientException">Whether the provider did it is unknown.</exception>
    public async Task<ProviderAnswer> AskAsync(
        HttpMethod method, string path, string? key, object? body, CancellationToken cancellation, bool conflictIsAnswer = false)
    {
        using var request = new HttpRequestMessage(method, path);
        if (key is not null)
            request.Headers.Add(IdempotencyKey, key);
        if (body is not null)
            request.Content = JsonContent.Create(body, body.GetType(), options: Json);
        var call = $"{method} {path}";
        try
        {
            using var response = await http.SendAsync(request, cancellation);
            var answer = new ProviderAnswer(
                provider, call, response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellation));
            return IsTransient(response.StatusCode, isKeyed: key is not null, conflictIsAnswer)
                ? throw new TransientException(answer.ToString()) { Status = (int)response.StatusCode, RetryAfter = RetryAfter(response) }
                : answer;
        }
        catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new ProviderException(Kernel.Failure.Unusable, $"The {provider} answered {call} with too much: {e.Message}");
        }
        catch (Exception e) when (IsUnanswered(e) && !cancellation.IsCancellationRequested)
        {
            throw new TransientException($"The {provider} did not answer {call}: {e.Message}", e);
        }
    }

    static bool IsTransient(HttpStatusCode status, bool isKeyed, bool conflictIsAnswer) => status switch
    {
        >= HttpStatusCode.InternalServerError or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests => true,

        // "In progress": an earlier call with the same key still runs.
        HttpStatusCode.Conflict => isKeyed && !conflictIsAnswer,
        HttpStatusCode.Locked or (HttpStatusCode)425 => isKeyed,
        _ => false,
    };

    static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter?.Delta;

    static bool IsUnanswered(Exception e) => e
        is HttpRequestException or IOException or OperationCanceledException or TimeoutRejectedException or BrokenCircuitException;
}
