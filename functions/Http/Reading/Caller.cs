using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace OrderFunctions.Http;

/// <summary>Who sends a request, by the token that the host has checked. The local host is open: nobody is anybody there.</summary>
static class Caller
{
    /// <summary>What sets one caller's idempotency keys apart from another's; empty where the host checks no tokens.</summary>
    public static string Scope(HttpContext context) => First(context, "oid", "sub", ClaimTypes.NameIdentifier) ?? "";

    /// <summary>For the record of what an operator did.</summary>
    /// <param name="claimed">Who it is by the request's own word, which counts only where no token says it.</param>
    public static string Name(HttpContext context, string? claimed) =>
        First(context, "preferred_username", "name", ClaimTypes.Name, "oid", "sub", ClaimTypes.NameIdentifier) ?? claimed ?? "operator";

    static string? First(HttpContext context, params ReadOnlySpan<string> types)
    {
        foreach (var type in types)
        {
            if (context.User.FindFirst(type)?.Value is { Length: > 0 } value)
                return value;
        }
        return null;
    }
}

/// <summary>A caller's own name for a request: the same one again is the same request.</summary>
/// <param name="Value">As it was sent.</param>
/// <param name="Digest">Of caller and key, 32 hexadecimal digits.</param>
sealed record IdempotencyKey(string Value, string Digest)
{
    public const string Header = "Idempotency-Key";

    /// <summary>Null where the request has none.</summary>
    /// <exception cref="RefusedException">400.</exception>
    public static IdempotencyKey? Of(HttpRequest request)
    {
        var sent = request.Headers[Header];
        if (sent.Count == 0)
            return null;
        var key = sent.ToString();
        if (sent.Count > 1 || string.IsNullOrWhiteSpace(key) || key.Length > Limits.IdempotencyKeyLength || !key.All(c => c is >= ' ' and <= '~'))
        {
            var mistakes = new Mistakes();
            mistakes.Add(Header, $"must be one value of 1 to {Limits.IdempotencyKeyLength} printable ASCII characters");
            mistakes.ThrowIfAny();
        }
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{Caller.Scope(request.HttpContext)}\n{key}"));
        return new(key, Convert.ToHexStringLower(digest.AsSpan(0, 16)));
    }
}
