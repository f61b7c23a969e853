using Microsoft.AspNetCore.Http;
using OrderFunctions.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local;

/// <summary>
/// Pushes the counts to open pages whenever they change, by server-sent events. Deliberately not in Azure: there a stream would be a billed
/// execution per viewer, cut after 230 seconds, so there the page polls, with ETags.
/// </summary>
sealed class Live(IOrderQueries queries, TimeProvider time, CancellationToken stopping)
{
    /// <summary>Between two polls of the store, which all viewers share.</summary>
    static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// With very many open orders a poll takes long. Then the interval is this many times as long: viewers must not slow orders down.
    /// </summary>
    const int IdleRatioMin = 20;

    /// <summary>A quiet connection is used this often, so that either side notices when it is lost.</summary>
    static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    readonly Lock gate = new();
    Task<byte[]> polling = Task.FromResult(Array.Empty<byte>());
    long polledAt;
    TimeSpan took;

    public async Task ServeAsync(HttpContext context)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        var sent = Array.Empty<byte>();
        var sentAt = time.GetTimestamp();
        try
        {
            while (true)
            {
                var counts = await LatestAsync().WaitAsync(both.Token);
                var isNew = !ReferenceEquals(counts, sent);
                if (isNew || time.GetElapsedTime(sentAt) > Heartbeat)
                {
                    byte[] frame = isNew ? [.. "data: "u8, .. counts, .. "\n\n"u8] : [.. ":\n\n"u8];
                    await context.Response.Body.WriteAsync(frame, both.Token);
                    await context.Response.Body.FlushAsync(both.Token);
                    (sent, sentAt) = (counts, time.GetTimestamp());
                }
                await Task.Delay(PollInterval, time, both.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or TransientException)
        {
            // The viewer left, the host stops or the store is unavailable: the page connects again.
        }
    }

    /// <summary>The same array as long as nothing has changed.</summary>
    Task<byte[]> LatestAsync()
    {
        lock (gate)
        {
            var interval = took * IdleRatioMin > PollInterval ? took * IdleRatioMin : PollInterval;
            if (polling.IsCompleted && (polledAt == 0 || time.GetElapsedTime(polledAt) >= interval))
            {
                polledAt = time.GetTimestamp();
                polling = PollAsync(polling.IsCompletedSuccessfully ? polling.Result : []);
            }
            return polling;
        }
    }

    async Task<byte[]> PollAsync(byte[] before)
    {
        var begun = time.GetTimestamp();
        var counts = await Counts.ReadJsonAsync(queries, stopping);
        took = time.GetElapsedTime(begun);
        return counts.AsSpan().SequenceEqual(before) ? before : counts;
    }
}
