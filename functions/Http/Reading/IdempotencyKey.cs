using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace OrderFunctions.Http;

/// <summary>A caller's own name for a request: the same one again is the same request.</summary>
/// <param name="Value">As it was sent.</param>
/// <param name="Digest">Of caller and key, 32 hexadecimal digits.</param>
sealed record IdempotencyKey(string Value, string Digest)
{
    public const string Header = "Idempotency-Key";

    /// <summary>Null where the request has none.</summary>
    /// <exception cref="ProblemException">400.</exception>
    public static IdempotencyKey? Of(HttpRequest request)
    {
        var sent = request.Headers[Header];
        if (sent.Count == 0)
            return null;
        var key = sent.ToString();
        var isText = key.All(c => c is >= ' ' and <= '~') && !string.IsNullOrWhiteSpace(key);
        if (sent.Count > 1 || !isText || key.Length > Limits.IdempotencyKeyLength)
        {
            var errors = new ValidationErrors();
            errors.Add(Header, $"must be one value of 1 to {Limits.IdempotencyKeyLength} printable ASCII characters");
            errors.ThrowIfAny();
        }
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{Callers.Scope(request)}\n{key}"));
        return new(key, Convert.ToHexStringLower(digest.AsSpan(0, 16)));
    }
}
