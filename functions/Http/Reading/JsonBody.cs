using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace OrderFunctions.Http;

/// <summary>Reads a request's body, up to a limit.</summary>
static class JsonBody
{
    static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <exception cref="ProblemException">413: too large; 415: its Content-Type is not JSON; 400: its content is not JSON.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpRequest request, int bytesMax)
    {
        RequireJson(request);
        return Parse(await BytesAsync(request, bytesMax));
    }

    /// <summary>
    /// Null where the body is empty. Its type must be stated all the same: a browser sends JSON for another site's page only if this host
    /// allows that, which it does not.
    /// </summary>
    /// <exception cref="ProblemException">As <see cref="ReadAsync"/>.</exception>
    public static async Task<JsonDocument?> ReadOptionalAsync(HttpRequest request, int bytesMax)
    {
        RequireJson(request);
        var bytes = await BytesAsync(request, bytesMax);
        return bytes.IsEmpty ? null : Parse(bytes);
    }

    /// <exception cref="ProblemException">413: too large.</exception>
    public static async Task<ReadOnlyMemory<byte>> BytesAsync(HttpRequest request, int bytesMax)
    {
        if (request.ContentLength > bytesMax)
            throw TooLarge(bytesMax);
        using var body = new MemoryStream((int)(request.ContentLength ?? 0));
        var chunk = new byte[Math.Min(bytesMax, 16 * 1024)];
        while (await request.Body.ReadAsync(chunk, request.HttpContext.RequestAborted) is > 0 and var count)
        {
            if (body.Length + count > bytesMax)
                throw TooLarge(bytesMax);
            body.Write(chunk, 0, count);
        }
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    /// <exception cref="ProblemException">415.</exception>
    public static void RequireJson(HttpRequest request)
    {
        var isUtf8 = MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && HeaderUtilities.RemoveQuotes(type.Charset) is var charset
            && (!charset.HasValue || charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase));
        if (!isUtf8 || !request.HasJsonContentType())
        {
            throw ProblemException.Of(
                StatusCodes.Status415UnsupportedMediaType, "The body must be application/json in UTF-8, and the Content-Type must say so.");
        }
    }

    /// <exception cref="ProblemException">400.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Span.StartsWith(ByteOrderMark))
            bytes = bytes[ByteOrderMark.Length..];
        if (!Utf8.IsValid(bytes.Span))
            throw ProblemException.Of(StatusCodes.Status400BadRequest, "The body is not valid UTF-8.");
        try
        {
            return JsonDocument.Parse(bytes);
        }
        catch (JsonException e)
        {
            // Deliberately not the reader's own message, which may quote the body.
            throw ProblemException.Of(
                StatusCodes.Status400BadRequest, $"The body is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
    }

    static ProblemException TooLarge(int bytesMax) =>
        ProblemException.Of(StatusCodes.Status413PayloadTooLarge, $"The body may have at most {bytesMax} bytes.");
}
