using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OrderFunctions.Http;

/// <summary>
/// The carrier's signature of its webhook: <c>t=&lt;Unix seconds&gt;,v1=&lt;hex of HMAC-SHA256 over "seconds.body"&gt;</c>.
/// The time is signed too, so that a recorded request cannot be replayed for long.
/// </summary>
/// <param name="secret">Shared with the carrier.</param>
public sealed class CarrierSignature(string secret, TimeProvider time)
{
    public const string Header = "Carrier-Signature";

    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    readonly byte[] key = secret.Length > 0
        ? Encoding.UTF8.GetBytes(secret)
        : throw new ArgumentException("The carrier's secret is empty.", nameof(secret));

    /// <summary>The header value for a body sent now.</summary>
    public string Sign(ReadOnlySpan<byte> body)
    {
        var seconds = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={seconds},v1={Convert.ToHexStringLower(Digest(seconds, body))}";
    }

    /// <summary>Whether the carrier signed exactly this body, not longer ago or later than the tolerance.</summary>
    public bool IsValid(string? header, ReadOnlySpan<byte> body)
    {
        if (header?.Split(',') is not [['t', '=', .. var seconds], ['v', '1', '=', .. var digest]])
            return false;
        if (!long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var at))
            return false;
        if (Math.Abs(time.GetUtcNow().ToUnixTimeSeconds() - at) > Tolerance.TotalSeconds)
            return false;
        Span<byte> sent = stackalloc byte[HMACSHA256.HashSizeInBytes];
        return digest.Length == 2 * sent.Length
            && Convert.FromHexString(digest, sent, out _, out _) is OperationStatus.Done
            && CryptographicOperations.FixedTimeEquals(sent, Digest(seconds, body));
    }

    byte[] Digest(string seconds, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(seconds), (byte)'.', .. body];
        return HMACSHA256.HashData(key, signed);
    }
}
