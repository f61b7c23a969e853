using System.Globalization;
using System.Net;
using Azure;
using Azure.Identity;
using Microsoft.Azure.Cosmos;
using OrderFunctions.Runtime;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// Every call to Cosmos DB goes through here: its request charge is counted, and what went wrong is told apart by one question: may the call have been
/// carried out? Refused for the moment (429, 449): it was not, so it is repeated here. Refused by a condition (404, 409, 412): that is an answer, for
/// the caller. Everything else is <see cref="TransientException"/>, which leaves the outcome open, or a mistake of ours.
/// </summary>
sealed class CosmosCalls(string participant, TimeProvider time)
{
    /// <summary>All pauses of one call together. The turn that called has retries of its own.</summary>
    static readonly TimeSpan PausesMax = TimeSpan.FromSeconds(5);

    const HttpStatusCode RetryWith = (HttpStatusCode)449;

    public Task<ResponseMessage> SendAsync(string operation, Func<CancellationToken, Task<ResponseMessage>> send, CancellationToken cancellation) =>
        SendAsync(operation, send, response => (response.StatusCode, response.Headers, response.ErrorMessage), cancellation);

    public Task<TransactionalBatchResponse> SendAsync(
        string operation, Func<CancellationToken, Task<TransactionalBatchResponse>> send, CancellationToken cancellation) =>
        SendAsync(operation, send, response => (response.StatusCode, response.Headers, response.ErrorMessage), cancellation);

    async Task<T> SendAsync<T>(
        string operation, Func<CancellationToken, Task<T>> send, Func<T, (HttpStatusCode Status, Headers Headers, string? Error)> read, CancellationToken cancellation)
        where T : class, IDisposable
    {
        for (var paused = TimeSpan.Zero; ;)
        {
            T? response = null;
            HttpStatusCode status;
            string? subStatus, error;
            TimeSpan? retryAfter;
            Exception? cause = null;
            try
            {
                response = await send(cancellation);
                (status, var headers, error) = read(response);
                Charged(operation, headers.RequestCharge);
                (subStatus, retryAfter) = (headers["x-ms-substatus"], Milliseconds(headers["x-ms-retry-after-ms"]));
            }
            catch (CosmosException e)
            {
                Charged(operation, e.RequestCharge);
                (status, subStatus, error, retryAfter, cause) = (e.StatusCode, e.SubStatusCode.ToString(CultureInfo.InvariantCulture), e.Message, e.RetryAfter, e);
            }
            catch (Exception e) when (IsUnanswered(e, cancellation))
            {
                throw new TransientException($"Cosmos DB did not answer {operation}: {e.Message}", e);
            }

            if (status is HttpStatusCode.TooManyRequests)
                Telemetry.Throttled.Add(1, new KeyValuePair<string, object?>("participant", participant));
            if (status is HttpStatusCode.TooManyRequests or RetryWith && paused < PausesMax)
            {
                response?.Dispose();
                // Cosmos DB says how long a throttled caller is to wait; a 449 is another write to the same document under way, over in a moment.
                var pause = retryAfter is { Ticks: > 0 } wait ? wait : TimeSpan.FromMilliseconds(Random.Shared.Next(10, 50));
                paused += pause;
                await Task.Delay(pause, time, cancellation);
                continue;
            }
            if (cause is null && IsAnswer(status, subStatus))
                return response!;
            response?.Dispose();
            throw Failure(operation, status, subStatus, error, cause);
        }
    }

    void Charged(string operation, double charge) =>
        Telemetry.RequestCharge.Add(charge, new("participant", participant), new("operation", operation));

    static TimeSpan? Milliseconds(string? text) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out var milliseconds) ? TimeSpan.FromMilliseconds(milliseconds) : null;

    /// <summary>A 404 with a sub-status is not about the document: the container or the database is away, and no stream may be taken for empty because of that.</summary>
    static bool IsAnswer(HttpStatusCode status, string? subStatus) => status switch
    {
        >= HttpStatusCode.OK and < HttpStatusCode.Ambiguous => true,
        HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed => true,
        HttpStatusCode.NotFound => subStatus is null or "" or "0",
        _ => false,
    };

    static Exception Failure(string operation, HttpStatusCode status, string? subStatus, string? error, Exception? cause)
    {
        var text = $"Cosmos DB answered {operation} with {(int)status}/{subStatus ?? "0"}. {error}";
        return status switch
        {
            // Mistakes of ours, which no repetition heals: what was asked is malformed, or the document too large.
            HttpStatusCode.BadRequest or HttpStatusCode.MethodNotAllowed or HttpStatusCode.RequestEntityTooLarge => new InvalidOperationException(text, cause),
            // Time-outs, moved partitions, lost replicas. Also 401 and 403, which a role or a firewall rule that is not in force yet gives:
            // once it is, the order goes on without an operator.
            _ => new TransientException(text, cause),
        };
    }

    /// <summary>The caller's own cancellation is none of them; one that the caller did not ask for is a time-out inside the SDK.</summary>
    static bool IsUnanswered(Exception e, CancellationToken cancellation) => e switch
    {
        OperationCanceledException => !cancellation.IsCancellationRequested,
        HttpRequestException or IOException or TimeoutException => true,
        AuthenticationFailedException or RequestFailedException => true,
        _ => false,
    };
}
