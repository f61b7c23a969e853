using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>A JSON answer.</summary>
sealed class JsonAnswer<T>(int status, T body, JsonTypeInfo<T> type) : IResult, IStatusCodeHttpResult
{
    /// <summary>Where the accepted order can be followed.</summary>
    public string? Location { get; init; }

    /// <summary>Whether an earlier request with this idempotency key was answered already.</summary>
    public bool Replayed { get; init; }

    public int? StatusCode => status;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        if (Location is not null)
            response.Headers.Location = Location;
        if (Replayed)
            response.Headers["Idempotency-Replayed"] = "true";
        return response.WriteAsync(status, "application/json", JsonSerializer.SerializeToUtf8Bytes(body, type));
    }
}

/// <summary>
/// A JSON answer with a weak ETag, a digest of the body: a client that has it already gets 304. No cache may keep it, only the client.
/// </summary>
sealed class TaggedAnswer<T>(T body, JsonTypeInfo<T> type) : IResult, IStatusCodeHttpResult
{
    public int? StatusCode => StatusCodes.Status200OK;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(body, type);
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(json).AsSpan(0, 12))}\"", isWeak: true);
        var response = httpContext.Response;
        response.Headers.ETag = tag.ToString();
        response.Headers.CacheControl = "no-store";
        var known = httpContext.Request.GetTypedHeaders().IfNoneMatch;
        if (known.Any(one => one.Equals(EntityTagHeaderValue.Any) || one.Compare(tag, useStrongComparison: false)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        return response.WriteAsync(StatusCodes.Status200OK, "application/json", json);
    }
}

static class Answers
{
    /// <summary>A shorter body fits one network packet as it is.</summary>
    const int CompressedBytesMin = 1_400;

    /// <summary>
    /// Turns exceptions into answers. An exception that is neither the client's fault nor an outage is a bug, and the host logs it.
    /// </summary>
    public static async Task<IResult> AnswerAsync(this HttpRequest request, Func<Task<IResult>> answer)
    {
        try
        {
            return await answer();
        }
        catch (ProblemException e)
        {
            return e.Problem;
        }
        catch (BadHttpRequestException e)
        {
            return Problem.Of(e.StatusCode, "The request ended early, or is not well-formed HTTP.");
        }
        catch (TransientException)
        {
            return Problem.Unavailable;
        }
        catch (OperationCanceledException) when (request.HttpContext.RequestAborted.IsCancellationRequested)
        {
            return Problem.Of(StatusCodes.Status499ClientClosedRequest, "The client closed the connection.");
        }
    }

    /// <summary>Writes a body: a long one compressed, where the client accepts that.</summary>
    public static Task WriteAsync(this HttpResponse response, int status, string contentType, byte[] body)
    {
        if (body.Length >= CompressedBytesMin)
        {
            response.Headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
            if (response.HttpContext.Request.GetTypedHeaders().AcceptEncoding.Any(one => one.Value == "gzip" && one.Quality is not 0))
            {
                response.Headers.ContentEncoding = "gzip";
                body = Compressed(body);
            }
        }
        response.Headers.XContentTypeOptions = "nosniff";
        if (StringValues.IsNullOrEmpty(response.Headers.CacheControl))
            response.Headers.CacheControl = "no-store";
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        return response.Body.WriteAsync(body, response.HttpContext.RequestAborted).AsTask();
    }

    static byte[] Compressed(byte[] body)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
            gzip.Write(body);
        return compressed.ToArray();
    }
}
