using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace OrderFunctions.Http;

/// <summary>All that is wrong with a request, by field.</summary>
sealed class Mistakes
{
    readonly Dictionary<string, string[]> errors = new(StringComparer.Ordinal);
    int unlisted;

    public bool None => errors.Count == 0;

    public void Add(string path, string what)
    {
        if (errors.TryGetValue(path, out var known))
            errors[path] = [.. known, what];
        else if (errors.Count < Limits.MistakesMax)
            errors[path] = [what];
        else
            unlisted++;
    }

    /// <exception cref="RefusedException">Anything is wrong: 400.</exception>
    public void ThrowIfAny()
    {
        if (None)
            return;
        var detail = unlisted == 0 ? "Some fields are wrong." : $"Some fields are wrong; {unlisted} more mistakes are not listed.";
        throw new RefusedException(Problem.Of(StatusCodes.Status400BadRequest, detail, errors));
    }
}

/// <summary>
/// One value of a body. Reading it as what it should be notes a mistake where it is not, and gives a default then, so that all mistakes are found.
/// </summary>
readonly record struct Field(JsonElement Value, string Path, Mistakes? Mistakes)
{
    public static Field Root(JsonDocument body, Mistakes mistakes) => new Field(body.RootElement, "", mistakes).Object();

    public bool IsAbsent => Value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    /// <summary>Within something that is not an object, whose mistake is noted already.</summary>
    bool IsNowhere => Mistakes is null;

    public Field this[string name]
    {
        get
        {
            if (IsNowhere || Value.ValueKind is not JsonValueKind.Object)
                return default;
            Value.TryGetProperty(name, out var value);
            return new(value, Path.Length == 0 ? name : $"{Path}.{name}", Mistakes);
        }
    }

    public Field Object()
    {
        if (Is(JsonValueKind.Object, "an object"))
            return this;
        return default;
    }

    /// <summary>At least one item, each with its own path.</summary>
    public IEnumerable<Field> Items()
    {
        if (!Is(JsonValueKind.Array, "an array"))
            return [];
        if (Value.GetArrayLength() == 0)
            Note("must not be empty");
        var (path, mistakes) = (Path, Mistakes);
        return Value.EnumerateArray().Select((item, index) => new Field(item, $"{path}[{index}]", mistakes));
    }

    /// <summary>Text that a person could have typed: not blank, of a bounded length, without control characters.</summary>
    /// <param name="rule">What is wrong with such a text all the same; null where nothing is.</param>
    public string Text(int lengthMax, Func<string, string?>? rule = null)
    {
        if (!Is(JsonValueKind.String, "a string"))
            return "";
        string text;
        try
        {
            text = Value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            Note("holds half of a surrogate pair, which is no character");
            return "";
        }
        if ((WhatIsWrong(text, lengthMax) ?? rule?.Invoke(text)) is { } wrong)
            Note(wrong);
        return text;
    }

    public string? OptionalText(int lengthMax, Func<string, string?>? rule = null) => IsAbsent ? null : Text(lengthMax, rule);

    /// <summary>Null where the text would pass as <see cref="Text"/>.</summary>
    public static string? WhatIsWrong(string text, int lengthMax) =>
        string.IsNullOrWhiteSpace(text) ? "must not be blank"
        : text.Length > lengthMax ? $"must have at most {lengthMax} characters"
        : text.Any(char.IsControl) ? "must not contain control characters"
        : null;

    public long Whole(long min, long max)
    {
        if (!Is(JsonValueKind.Number, "a number"))
            return min;
        if (Value.TryGetInt64(out var number) && number >= min && number <= max)
            return number;
        Note($"must be a whole number from {min} to {max}");
        return min;
    }

    /// <summary>False where it is absent.</summary>
    public bool Flag()
    {
        if (!IsAbsent && Value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            Note("must be true or false");
        return Value.ValueKind is JsonValueKind.True;
    }

    /// <summary>Without trailing zeros, so that 2.5 and 2.50 are the same to every reader.</summary>
    public decimal Price()
    {
        if (!Is(JsonValueKind.Number, "a number"))
            return 0;

        // The parser rounds what a decimal cannot hold; nothing of a sensible length is rounded, except for tiny numbers to zero.
        const int digitsMax = 24;
        var raw = Value.GetRawText();
        if (raw.Length > digitsMax || !Value.TryGetDecimal(out var price) || price < 0 || price > Limits.UnitPriceMax || (price == 0 && !IsZero(raw)))
        {
            Note($"must be a number from 0 to {Limits.UnitPriceMax} with at most {Limits.PriceDecimalsMax} decimals");
            return 0;
        }
        price = Normal(Math.Abs(price));
        if (price.Scale > Limits.PriceDecimalsMax)
            Note($"must have at most {Limits.PriceDecimalsMax} decimals");
        return price;
    }

    /// <summary>The same number without trailing zeros.</summary>
    public static decimal Normal(decimal number) => number / 1.0000000000000000000000000000m;

    static bool IsZero(string raw) => raw.TakeWhile(c => c is not ('e' or 'E')).All(c => c is '-' or '.' or '0');

    public void Note(string what) => Mistakes?.Add(Path.Length == 0 ? "$" : Path, what);

    bool Is(JsonValueKind kind, string what)
    {
        if (IsNowhere || Value.ValueKind == kind)
            return !IsNowhere;
        Note(IsAbsent ? "is required" : $"must be {what}");
        return false;
    }
}
