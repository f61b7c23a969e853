namespace OrderFunctions.Apps.Tests.Infrastructure;

enum BicepKind
{
    Name,
    Number,
    Text,
    Symbol,
    NewLine,
}

/// <param name="Text">A string's literal parts, with <c>${}</c> where a value is put in.</param>
/// <param name="Inner">Of a string: the tokens of what is put in.</param>
sealed record BicepToken(BicepKind Kind, string Text, int Line, IReadOnlyList<BicepToken> Inner)
{
    public bool Is(string symbol) => Kind is BicepKind.Symbol && Text == symbol;

    public bool IsName(string name) => Kind is BicepKind.Name && Text == name;
}

/// <summary>Cuts Bicep into words. Knows no more of the language than the tests need.</summary>
static class BicepTokens
{
    static readonly string[] Symbols =
    [
        "::", "=>", "==", "!=", "<=", ">=", "&&", "||", "??", ".?",
        "?", "{", "}", "[", "]", "(", ")", "=", ":", ",", ".", "!", "@", "+", "-", "*", "/", "%", "<", ">", "|",
    ];

    public static IReadOnlyList<BicepToken> Of(string source)
    {
        var (at, line) = (0, 1);
        return Read(source, ref at, ref line, inString: false);
    }

    static List<BicepToken> Read(string source, ref int at, ref int line, bool inString)
    {
        var tokens = new List<BicepToken>();
        var depth = 0;
        while (at < source.Length)
        {
            var c = source[at];
            if (inString && c == '}' && depth == 0)
                return tokens;
            if (c == '\n')
                tokens.Add(new(BicepKind.NewLine, "", line++, []));
            if (char.IsWhiteSpace(c))
                at++;
            else if (source.AsSpan(at).StartsWith("//"))
                at = source.IndexOf('\n', at) is var end and >= 0 ? end : source.Length;
            else if (c == '\'')
                tokens.Add(ReadText(source, ref at, ref line));
            else if (char.IsLetter(c) || c == '_')
                tokens.Add(new(BicepKind.Name, Take(source, ref at, char.IsLetterOrDigit), line, []));
            else if (char.IsDigit(c))
                tokens.Add(new(BicepKind.Number, Take(source, ref at, char.IsDigit), line, []));
            else
            {
                var start = at;
                var symbol = Symbols.FirstOrDefault(s => source.AsSpan(start).StartsWith(s))
                    ?? throw new FormatException($"line {line}: '{c}' is no Bicep");
                depth += symbol is "{" ? 1 : symbol is "}" ? -1 : 0;
                tokens.Add(new(BicepKind.Symbol, symbol, line, []));
                at += symbol.Length;
            }
        }
        return tokens;
    }

    static string Take(string source, ref int at, Func<char, bool> belongs)
    {
        var start = at;
        while (at < source.Length && (belongs(source[at]) || source[at] == '_'))
            at++;
        return source[start..at];
    }

    static BicepToken ReadText(string source, ref int at, ref int line)
    {
        var (text, inner, start) = (new System.Text.StringBuilder(), new List<BicepToken>(), line);
        if (source.AsSpan(at).StartsWith("'''"))
            throw new FormatException($"line {line}: texts of several lines are not read here");
        for (at++; source[at] != '\''; at++)
        {
            if (source[at] == '\\')
                text.Append(source[++at]);
            else if (source.AsSpan(at).StartsWith("${"))
            {
                at += 2;
                inner.AddRange(Read(source, ref at, ref line, inString: true));
                text.Append("${}");
            }
            else
                text.Append(source[at]);
        }
        at++;
        return new(BicepKind.Text, text.ToString(), start, inner);
    }
}
