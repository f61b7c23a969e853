using System.Globalization;
using System.Net;
using System.Text.Json;
using Azure;
using Azure.Identity;
using Microsoft.Azure.Cosmos;
using OrderFunctions.Runtime;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// Every call to Cosmos DB goes through here: its request charge is counted, and what went wrong is told apart by one question: may the
/// call have been carried out? Throttled (429): it was not, so it is repeated here, as the SDK repeats a 449 by itself. Refused by a
/// condition (404, 409, 412): that is an answer, for the caller. Everything else is <see cref="TransientException"/>, which leaves the
/// outcome open, or a mistake of ours.
/// </summary>
sealed class CosmosCalls(string participant, TimeProvider time)
{
    /// <summary>All pauses of one call together. The turn that called has retries of its own.</summary>
    static readonly TimeSpan PausesMax = TimeSpan.FromSeconds(5);

    public Task<ResponseMessage> SendAsync(
        string operation, Func<CancellationToken, Task<ResponseMessage>> send, CancellationToken cancellation) =>
        SendAsync(operation, send, response => (response.StatusCode, response.Headers), cancellation);

    public Task<TransactionalBatchResponse> SendAsync(
        string operation, Func<CancellationToken, Task<TransactionalBatchResponse>> send, CancellationToken cancellation) =>
        SendAsync(operation, send, response => (response.StatusCode, response.Headers), cancellation);

    /// <summary>For reads that no condition can refuse. Returns the body of the answer.</summary>
    public async Task<JsonDocument> AskAsync(
        string operation, Func<CancellationToken, Task<ResponseMessage>> send, CancellationToken cancellation)
    {
        using var response = await SendAsync(operation, send, cancellation);
        return response.IsSuccessStatusCode
            ? await JsonDocument.ParseAsync(response.Content, cancellationToken: cancellation)
            : throw Failure(operation, response.StatusCode, response.Headers, null);
    }

    async Task<T> SendAsync<T>(
        string operation, Func<CancellationToken, Task<T>> send, Func<T, (HttpStatusCode Status, Headers Headers)> read,
        CancellationToken cancellation)
        where T : class, IDisposable
    {
        for (var paused = TimeSpan.Zero; ;)
        {
            T? response = null;
            HttpStatusCode status;
            Headers headers;
            CosmosException? cause = null;
            try
            {
                response = await send(cancellation);
                (status, headers) = read(response);
            }
            catch (CosmosException e)
            {
                (status, headers, cause) = (e.StatusCode, e.Headers, e);
            }
            catch (Exception e) when (IsUnanswered(e, cancellation))
            {
                throw new TransientException($"Cosmos DB did not answer {operation}: {e.Message}", e);
            }

            Telemetry.RequestCharge.Add(headers.RequestCharge, new("participant", participant), new("operation", operation));
            if (status is HttpStatusCode.TooManyRequests)
            {
                Telemetry.Throttled.Add(1, new KeyValuePair<string, object?>("participant", participant));
                if (paused < PausesMax)
                {
                    response?.Dispose();
                    var pause = PauseOf(headers);
                    paused += pause;
                    await Task.Delay(pause, time, cancellation);
                    continue;
                }
            }
            if (cause is null && IsAnswer(status, headers))
                return response!;
            response?.Dispose();
            throw Failure(operation, status, headers, cause);
        }
    }

    /// <summary>Cosmos DB says how long a throttled caller is to wait.</summary>
    static TimeSpan PauseOf(Headers headers) =>
        double.TryParse(headers["x-ms-retry-after-ms"], CultureInfo.InvariantCulture, out var wait) && wait > 0
            ? TimeSpan.FromMilliseconds(wait)
            : TimeSpan.FromMilliseconds(100);

    static string SubStatusOf(Headers headers) => headers["x-ms-substatus"] is { Length: > 0 } subStatus ? subStatus : "0";

    /// <summary>
    /// A 404 with a sub-status is not about the document: the container or the database is unavailable, and no stream may be taken for
    /// empty because of that.
    /// </summary>
    static bool IsAnswer(HttpStatusCode status, Headers headers) => status switch
    {
        >= HttpStatusCode.OK and < HttpStatusCode.Ambiguous => true,
        HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed => true,
        HttpStatusCode.NotFound => SubStatusOf(headers) == "0",
        _ => false,
    };

    static Exception Failure(string operation, HttpStatusCode status, Headers headers, CosmosException? cause)
    {
        // Deliberately without the SDK's own message: that is pages of diagnostics, and where an answer had no reason phrase, making it
        // throws.
        var text = $"Cosmos DB answered {operation} with {(int)status}/{SubStatusOf(headers)} (activity {headers.ActivityId}).";
        return status switch
        {
            // Mistakes of ours, which no retry mends: the request is malformed, or the document too large.
            HttpStatusCode.BadRequest or HttpStatusCode.MethodNotAllowed or HttpStatusCode.RequestEntityTooLarge =>
                new InvalidOperationException(text, cause),
            // Time-outs, moved partitions, lost replicas, throttling for too long. Also 401 and 403: a role or a firewall rule may not be
            // in force yet, and once it is, the order goes on without an operator.
            _ => new TransientException(text, cause),
        };
    }

    /// <summary>The caller's own cancellation does not count. One that the caller did not ask for is a time-out inside the SDK.</summary>
    static bool IsUnanswered(Exception e, CancellationToken cancellation) => e switch
    {
        OperationCanceledException => !cancellation.IsCancellationRequested,
        HttpRequestException or IOException or TimeoutException => true,
        AuthenticationFailedException or RequestFailedException => true,
        _ => false,
    };
}
