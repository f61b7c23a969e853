using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>
/// Tells open pages of changes, by server-sent events: the counts, whenever they differ. For the local host: in Azure a stream would be a billed
/// execution for each viewer, cut after 230 seconds, so there the page asks, with ETags.
/// </summary>
public sealed class Live(IOrderQueries queries, TimeProvider time, CancellationToken stopping)
{
    /// <summary>Between two looks, which all viewers share.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);

    /// <summary>Where very many orders are open a look takes longer, and the pause so many times as long: viewers must not burn what orders need.</summary>
    const int PausesALook = 20;

    /// <summary>A quiet connection is used this often, so that either side finds out that it is lost.</summary>
    static readonly TimeSpan Sign = TimeSpan.FromSeconds(10);

    readonly Lock gate = new();
    Task<byte[]> looking = Task.FromResult(Array.Empty<byte>());
    long lookedAt;
    TimeSpan took;

    public async Task ServeAsync(HttpContext context)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        var told = Array.Empty<byte>();
        var toldAt = time.GetTimestamp();
        try
        {
            while (true)
            {
                var counts = await LatestAsync().WaitAsync(both.Token);
                var isNew = !ReferenceEquals(counts, told);
                if (isNew || time.GetElapsedTime(toldAt) > Sign)
                {
                    await context.Response.Body.WriteAsync(isNew ? [.. "data: "u8, .. counts, .. "\n\n"u8] : ":\n\n"u8.ToArray(), both.Token);
                    await context.Response.Body.FlushAsync(both.Token);
                    (told, toldAt) = (counts, time.GetTimestamp());
                }
                await Task.Delay(Pause, time, both.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or TransientException)
        {
            // The viewer left, the host stops or the store is away: the page connects again.
        }
    }

    /// <summary>The same array as long as nothing has changed.</summary>
    Task<byte[]> LatestAsync()
    {
        lock (gate)
        {
            var pause = took * PausesALook > Pause ? took * PausesALook : Pause;
            if (looking.IsCompleted && (lookedAt == 0 || time.GetElapsedTime(lookedAt) >= pause))
            {
                lookedAt = time.GetTimestamp();
                looking = LookAsync(looking.IsCompletedSuccessfully ? looking.Result : []);
            }
            return looking;
        }
    }

    async Task<byte[]> LookAsync(byte[] before)
    {
        var begun = time.GetTimestamp();
        var counts = JsonSerializer.SerializeToUtf8Bytes(await Counts.ReadAsync(queries, stopping), Bodies.Json.CountsBody);
        took = time.GetElapsedTime(begun);
        return counts.AsSpan().SequenceEqual(before) ? before : counts;
    }
}

public static class LiveEndpoint
{
    public const string Path = "api/operations/events";

    public static void MapLive(this IEndpointRouteBuilder app, Live live) => app.MapGet(Path, live.ServeAsync);
}
