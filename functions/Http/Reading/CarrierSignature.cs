using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace OrderFunctions.Http;

/// <summary>
/// The carrier's signature of its webhook: <c>t=&lt;Unix seconds&gt;,v1=&lt;hex of HMAC-SHA256 over "seconds.body"&gt;</c>.
/// The time is signed too, so that a recorded request cannot be replayed for long. A sender that changes its secret may sign with both: any
/// <c>v1</c> that matches counts, and other schemes are ignored.
/// </summary>
public sealed partial class CarrierSignature
{
    public const string Header = "Carrier-Signature";

    public static readonly TimeSpan ToleranceDefault = TimeSpan.FromMinutes(5);

    /// <summary>As long as the digest, in hexadecimal digits.</summary>
    const int SecretLength = 32;

    readonly byte[][] keys;
    readonly TimeProvider time;
    readonly TimeSpan tolerance;

    /// <param name="secrets">
    /// Shared with the carrier: one, or two with a space between, the new one first, while it is being changed.
    /// </param>
    /// <param name="tolerance">How far its time may be off, both ways.</param>
    /// <param name="log">Where a short secret is warned of; null for none.</param>
    public CarrierSignature(string secrets, TimeProvider time, TimeSpan? tolerance = null, ILogger? log = null)
    {
        var texts = secrets.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (texts.Length is 0 or > 2)
            throw new ArgumentException("The carrier has one secret, or two while it is being changed.", nameof(secrets));
        if (log is not null && texts.Any(text => text.Length < SecretLength))
            LogShort(log, SecretLength);
        keys = [.. texts.Select(Encoding.UTF8.GetBytes)];
        this.time = time;
        this.tolerance = tolerance ?? ToleranceDefault;
    }

    /// <summary>The header value for a body sent now.</summary>
    public string Sign(ReadOnlySpan<byte> body)
    {
        var seconds = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={seconds},v1={Convert.ToHexStringLower(Digest(keys[0], seconds, body))}";
    }

    /// <summary>Whether the carrier signed exactly this body, not longer ago or later than the tolerance.</summary>
    public bool IsValid(string? header, ReadOnlySpan<byte> body)
    {
        var parts = (header ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (Values(parts, "t=").ToList() is not [var seconds])
            return false;
        if (!long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var at))
            return false;
        if (Math.Abs(time.GetUtcNow().ToUnixTimeSeconds() - at) > tolerance.TotalSeconds)
            return false;
        foreach (var key in keys)
        {
            var digest = Digest(key, seconds, body);
            if (Values(parts, "v1=").Any(sent => IsDigest(sent, digest)))
                return true;
        }
        return false;
    }

    static IEnumerable<string> Values(string[] parts, string name) =>
        parts.Where(part => part.StartsWith(name, StringComparison.Ordinal)).Select(part => part[name.Length..]);

    static bool IsDigest(string hex, byte[] digest)
    {
        Span<byte> sent = stackalloc byte[HMACSHA256.HashSizeInBytes];
        return hex.Length == 2 * sent.Length
            && Convert.FromHexString(hex, sent, out _, out _) is OperationStatus.Done
            && CryptographicOperations.FixedTimeEquals(sent, digest);
    }

    static byte[] Digest(byte[] key, string seconds, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(seconds), (byte)'.', .. body];
        return HMACSHA256.HashData(key, signed);
    }

    [LoggerMessage(LogLevel.Warning, "The carrier's webhook secret has fewer than {Characters} characters: it could be guessed.")]
    static partial void LogShort(ILogger log, int characters);
}
