using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.Providers;

/// <summary>What a provider answered to one call. The body may be anything: it is read only where something of it is needed.</summary>
sealed class ProviderAnswer(string provider, string call, HttpStatusCode status, byte[] body)
{
    const int TextLengthMax = 300;

    readonly JsonElement? json = Parse(body);

    public HttpStatusCode Status => status;

    public bool IsSuccess => (int)status is >= 200 and < 300;

    /// <summary>The request itself is refused because of what it asks for: not who asks, nor where.</summary>
    public bool IsRefusal => (int)status is >= 400 and < 500 && status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden);

    public bool IsEmpty => body.Length == 0;

    /// <summary>The body's object; without any fields where there is none.</summary>
    public ProviderObject Object => new(json is { ValueKind: JsonValueKind.Object } found ? found : null);

    /// <summary>The body's list.</summary>
    /// <exception cref="ProviderException">There is none: nothing may be concluded from that.</exception>
    public IReadOnlyList<ProviderObject> List => IsSuccess && json is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Select(item => new ProviderObject(item.ValueKind is JsonValueKind.Object ? item : throw Unusable()))]
        : throw Unusable();

    /// <summary>For a body that must be JSON, if there is one.</summary>
    public bool IsUnreadable => !IsEmpty && json is null;

    public ProviderException Unusable(string? why = null) => Because(Failure.Unusable, why is null ? ToString() : $"{this} ({why})");

    public ProviderException Pending() => Because(Failure.Pending, ToString());

    public ProviderException Failed(string what) => Because(Failure.Fault, $"{what} {this}");

    ProviderException Because(Failure failure, string why) => new(failure, why) { Status = (int)status };

    /// <summary>For operators: who answered what, with the body in short.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"The {provider} answered {(int)status} to {call}: ")
        + (IsEmpty ? "no body" : Clean(Encoding.UTF8.GetString(body, 0, Math.Min(body.Length, 4 * TextLengthMax))));

    /// <summary>Short, and without characters that a page or a terminal would act on.</summary>
    public static string Clean(string text)
    {
        var clean = string.Concat(text.Where(c => CharUnicodeInfo.GetUnicodeCategory(c) is not (UnicodeCategory.Control
            or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)));
        return clean.Length <= TextLengthMax ? clean : clean[..TextLengthMax];
    }

    static JsonElement? Parse(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>An object of a provider's JSON, read leniently: providers differ in how they write a number or a time.</summary>
readonly record struct ProviderObject(JsonElement? Json)
{
    /// <summary>A string, or a number as it is written; null where there is neither.</summary>
    public string? Text(string name) => Field(name) is { } field
        ? field.ValueKind switch
        {
            JsonValueKind.String => ProviderAnswer.Clean(field.GetString()!) is { Length: > 0 } text ? text : null,
            JsonValueKind.Number => field.GetRawText(),
            _ => null,
        }
        : null;

    /// <summary>In lower case.</summary>
    public string? Status => Text("status")?.ToLowerInvariant();

    public decimal? Number(string name) =>
        decimal.TryParse(Text(name), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    public bool Has(string name) => Field(name) is { ValueKind: not JsonValueKind.Null };

    /// <summary>
    /// A time in ISO 8601, with or without its T and its zone (then UTC), a day (its end), or seconds or milliseconds since 1970.
    /// </summary>
    public DateTimeOffset? Time(string name)
    {
        var text = Text(name);
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < 100_000_000_000_000)
            return number < 100_000_000_000 ? DateTimeOffset.FromUnixTimeSeconds(number) : DateTimeOffset.FromUnixTimeMilliseconds(number);
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            return day == DateOnly.MaxValue ? null : new DateTimeOffset(day.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero);
        const DateTimeStyles utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, utc, out var time) ? time : null;
    }

    /// <summary>What is wrong, in the provider's own words: its code or reason, also one within an <c>error</c>.</summary>
    public string? Reason => Text("reason") ?? Text("code") ?? Error.Text("code") ?? Error.Text("reason") ?? Error.Text("message");

    /// <summary>What the error is about: <c>card_error</c>, for example.</summary>
    public string? ErrorType => Error.Text("type") ?? Text("type");

    ProviderObject Error => new(Field("error") is { ValueKind: JsonValueKind.Object } error ? error : null);

    JsonElement? Field(string name) => Json is { } json && json.TryGetProperty(name, out var field) ? field : null;
}
