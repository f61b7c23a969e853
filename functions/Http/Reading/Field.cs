using System.Text.Json;

namespace OrderFunctions.Http;

/// <summary>
/// One value of a JSON body. Reading a value of the wrong form adds an error and returns a default, so that one answer lists all errors.
/// </summary>
readonly record struct Field(JsonElement Value, string Path, ValidationErrors? Errors)
{
    /// <param name="names">As for <see cref="Object"/>.</param>
    public static Field Root(JsonDocument body, ValidationErrors errors, params ReadOnlySpan<string> names) =>
        new Field(body.RootElement, "", errors).Object(names);

    const int NameLengthShown = 64;

    public bool IsAbsent => Value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    /// <summary>Inside something that is not an object, for which there is an error already.</summary>
    bool IsNowhere => Errors is null;

    public Field this[string name]
    {
        get
        {
            if (IsNowhere || Value.ValueKind is not JsonValueKind.Object)
                return default;
            Value.TryGetProperty(name, out var value);
            return new(value, Path.Length == 0 ? name : $"{Path}.{name}", Errors);
        }
    }

    /// <summary>An object in which no name occurs twice.</summary>
    /// <param name="names">
    /// The fields that it may have: any other is an error, so that nothing is lost because its name is misspelt. None: it may have any.
    /// </param>
    public Field Object(params ReadOnlySpan<string> names)
    {
        if (!Is(JsonValueKind.Object, "an object"))
            return default;
        try
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var property in Value.EnumerateObject())
            {
                if (!seen.Add(property.Name))
                    NoteAt(property.Name, "occurs twice");
                else if (!names.IsEmpty && !names.Contains(property.Name))
                    NoteAt(property.Name, $"is not known here, only {string.Join(", ", names)}");
            }
            return this;
        }
        catch (InvalidOperationException)
        {
            Note("has a field whose name contains half of a surrogate pair, which is not a character");
            return default;
        }
    }

    /// <summary>At least one item, each with its own path.</summary>
    public IEnumerable<Field> Items()
    {
        if (!Is(JsonValueKind.Array, "an array"))
            return [];
        if (Value.GetArrayLength() == 0)
            Note("must not be empty");
        var (path, errors) = (Path, Errors);
        return Value.EnumerateArray().Select((item, index) => new Field(item, $"{path}[{index}]", errors));
    }

    /// <summary>Text that a person can read: not blank, of a bounded length, without characters that are not seen.</summary>
    /// <param name="rule">Returns what else is wrong with the text; null where nothing is.</param>
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
            Note("contains half of a surrogate pair, which is not a character");
            return "";
        }
        if ((WhatIsWrong(text, lengthMax) ?? rule?.Invoke(text)) is { } wrong)
            Note(wrong);
        return text;
    }

    public string? OptionalText(int lengthMax, Func<string, string?>? rule = null) => IsAbsent ? null : Text(lengthMax, rule);

    /// <summary>As <see cref="OptionalText"/>; an empty text is none either, because forms send the fields that nobody filled in.</summary>
    public string? TextIfAny(int lengthMax) =>
        Value.ValueKind is JsonValueKind.String && Value.ValueEquals("") ? null : OptionalText(lengthMax);

    /// <summary>Null where <see cref="Text"/> accepts the text.</summary>
    public static string? WhatIsWrong(string text, int lengthMax) =>
        string.IsNullOrWhiteSpace(text) ? "must not be blank"
        : text.Length > lengthMax ? $"must have at most {lengthMax} characters"
        : Characters.HasUnseen(text) ? "must not contain control characters, nor others that are not seen"
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

    public bool Flag(bool ifAbsent = false)
    {
        if (IsAbsent)
            return ifAbsent;
        if (Value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            Note("must be true or false");
        return Value.ValueKind is JsonValueKind.True;
    }

    public bool RequiredFlag()
    {
        if (IsAbsent)
            Note("is required");
        return Flag();
    }

    /// <summary>Without trailing zeros, so that 2.5 and 2.50 are the same to every reader.</summary>
    public decimal Price()
    {
        if (!Is(JsonValueKind.Number, "a number"))
            return 0;

        // The parser rounds what a decimal cannot hold. A text of this length is never rounded, except that tiny numbers become zero.
        const int digitsMax = 24;
        var raw = Value.GetRawText();
        var isExact = Value.TryGetDecimal(out var price) && raw.Length <= digitsMax && (price != 0 || IsZero(raw));
        if (!isExact || price < 0 || price > Limits.UnitPriceMax)
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

    public void Note(string error) => Errors?.Add(Path.Length == 0 ? "$" : Path, error);

    /// <summary>Of a field by a name that the client chose: it may have any length.</summary>
    void NoteAt(string name, string error) => this[name.Length <= NameLengthShown ? name : $"{name[..NameLengthShown]}…"].Note(error);

    bool Is(JsonValueKind kind, string what)
    {
        if (IsNowhere || Value.ValueKind == kind)
            return !IsNowhere;
        Note(IsAbsent ? "is required" : $"must be {what}");
        return false;
    }
}
