using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>What is wrong with a text of a certain kind; null where nothing is.</summary>
static class Rules
{
    /// <summary>32 hexadecimal digits, as this API makes them.</summary>
    public static bool IsOrderId(string text) => text.Length == 32 && text.All(char.IsAsciiHexDigitLower);

    public static string? OrderId(string text) => IsOrderId(text) ? null : "must be an order's id: 32 lower-case hexadecimal digits";

    /// <summary>A SKU stands in paths and in ids of documents.</summary>
    public static string? Sku(string sku) =>
        sku.AsSpan().IndexOfAny(@"/\?#") >= 0 ? @"must not contain / \ ? #"
        : !char.IsLetterOrDigit(sku[0]) || char.IsWhiteSpace(sku[^1]) ? "must begin with a letter or a digit and must not end in a space"
        : null;

    public static string? Warehouse(string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? null : "must consist of letters, digits, - and _ of ASCII";

    public static string? CarrierId(string id) =>
        id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':') ? null : "must consist of letters, digits, - _ . and : of ASCII";

    public static string? Currency(string code) => Currencies.Contains(code) ? null : "must be a currency of ISO 4217, such as EUR";

    public static string? Country(string code) =>
        code.Length == 2 && code.All(char.IsAsciiLetterUpper) ? null : "must be two capital letters of ISO 3166, such as GB";

    /// <summary>Whoever sends a card's number by mistake must not find it stored.</summary>
    public static string? CardToken(string token) =>
        token.Length is >= 12 and <= 23 && token.All(c => char.IsAsciiDigit(c) || c is ' ' or '-')
            ? "must be the card provider's token, never a card's number"
            : null;

    public static string? Participant(string name) =>
        Topology.Current.Subscriptions.Any(s => s.Name == name)
            ? null
            : $"must be one of {string.Join(", ", Topology.Current.Subscriptions.Select(s => s.Name))}";
}
