using System.Text.Encodings.Web;

namespace OrderFunctions.Runtime;

/// <summary>
/// Escapes in JSON only what must be escaped. The framework's relaxed encoder still writes every character beyond the basic plane (emoji,
/// rarer Chinese characters) as two escapes, twelve bytes for four.
/// </summary>
sealed unsafe class PlainTextEncoder : JavaScriptEncoder
{
    static readonly JavaScriptEncoder Relaxed = UnsafeRelaxedJsonEscaping;

    public override int MaxOutputCharactersPerInputCharacter => Relaxed.MaxOutputCharactersPerInputCharacter;

    public override bool WillEncode(int unicodeScalar) => unicodeScalar <= char.MaxValue && Relaxed.WillEncode(unicodeScalar);

    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        for (var start = 0; start < textLength;)
        {
            var found = Relaxed.FindFirstCharacterToEncode(text + start, textLength - start);
            if (found < 0)
                return -1;
            start += found;
            if (start + 1 == textLength || !char.IsSurrogatePair(text[start], text[start + 1]))
                return start;
            start += 2;
        }
        return -1;
    }

    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten) =>
        Relaxed.TryEncodeUnicodeScalar(unicodeScalar, buffer, bufferLength, out numberOfCharactersWritten);
}
