using System.Buffers;
using System.Text;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// Ids that are safe in Cosmos DB, which forbids / \ ? # and mishandles others in addresses (%, a space at the end). Case is kept, and two
/// texts never share an id.
/// </summary>
static class CosmosId
{
    static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>
    /// Every other character becomes <c>~</c> and two hexadecimal digits per byte. Deliberately not %: it would be decoded in addresses.
    /// </summary>
    public static string Of(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(Plain))
            return text;
        var id = new StringBuilder(text.Length + 16);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (b < 128 && Plain.Contains((char)b))
                id.Append((char)b);
            else
                id.Append('~').Append(b.ToString("x2"));
        }
        return id.ToString();
    }
}
