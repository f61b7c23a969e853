using System.Globalization;
using System.Text;

namespace OrderFunctions.Http;

/// <summary>
/// Characters that are not seen but change what is seen: control characters, with which a text drives a terminal, and those of zero width
/// or of direction, with which one text looks like another.
/// </summary>
public static class Characters
{
    public static bool HasUnseen(string text) => text.EnumerateRunes().Any(IsUnseen);

    /// <summary>The text with each unseen character as its code, <c>\u{1B}</c>.</summary>
    public static string Visible(string text)
    {
        if (!HasUnseen(text))
            return text;
        var visible = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
            visible.Append(IsUnseen(rune) ? string.Create(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:X}}}") : rune.ToString());
        return visible.ToString();
    }

    static bool IsUnseen(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
