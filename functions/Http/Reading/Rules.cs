using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http;

/// <summary>Rules for texts. Each returns what is wrong with the text, or null.</summary>
static class Rules
{
    /// <summary>32 hexadecimal digits, as this API makes them.</summary>
    public static bool IsOrderId(string text) => text.Length == 32 && text.All(char.IsAsciiHexDigitLower);

    public static string? OrderId(string text) => IsOrderId(text) ? null : "must be an order id: 32 lower-case hexadecimal digits";

    /// <summary>A SKU is part of paths, in which servers leave a slash encoded, and of document ids.</summary>
    public static string? Sku(string sku) =>
        sku.AsSpan().IndexOfAny(@"/\?#") >= 0 ? @"must not contain / \ ? #"
        : sku.Contains("%2F", StringComparison.OrdinalIgnoreCase) ? "must not contain a slash, nor %2F"
        : !char.IsLetterOrDigit(sku[0]) || char.IsWhiteSpace(sku[^1]) ? "must begin with a letter or digit and must not end with a space"
        : null;

    public static string? Warehouse(string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? null : "must consist of ASCII letters, digits, - and _";

    public static string? CarrierId(string id) =>
        id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':')
            ? null
            : "must consist of ASCII letters, digits, - _ . and :";

    public static string? Currency(string code) => Currencies.DecimalsOf(code) is null ? "must be an ISO 4217 currency, such as EUR" : null;

    public static string? Country(string code) =>
        Countries.Contains(code) ? null : "must be an ISO 3166 code of two capital letters, such as GB";

    public static string? Guid(string text) =>
        System.Guid.TryParseExact(text, "D", out _) ? null : "must be a GUID, such as 00000000-0000-0000-0000-000000000000";

    /// <summary>A card number sent by mistake must not be stored.</summary>
    public static string? CardToken(string token) =>
        token.Length is >= 12 and <= 23 && token.All(c => char.IsAsciiDigit(c) || c is ' ' or '-')
            ? "must be the card provider's token, never a card number"
            : null;

    public static string? Participant(string name) =>
        Topology.Current.Subscriptions.Any(s => s.Name == name)
            ? null
            : $"must be one of {string.Join(", ", Topology.Current.Subscriptions.Select(s => s.Name))}";
}
