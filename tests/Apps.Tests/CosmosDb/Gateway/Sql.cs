using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrderFunctions.CosmosDb.Gateway;

/// <summary>
/// The subset of Cosmos DB's SQL that our code and the SDK send, including its handling of undefined: a comparison with a missing value is
/// not true. Everything else is rejected, so that a new query cannot pass by being misinterpreted.
/// </summary>
sealed class Sql
{
    static readonly JsonNode Undefined = JsonValue.Create("\u0000undefined");
    static readonly string[] Symbols = ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", "[", "]", "{", "}", ",", ".", ":", "*"];

    readonly List<string> tokens;
    readonly IReadOnlyDictionary<string, JsonNode?> parameters;
    int at;

    Func<JsonNode?, JsonNode?> select = row => row;
    bool isCount;
    int? top;
    Func<JsonNode?, JsonNode?> where = _ => JsonValue.Create(true);
    readonly List<(Func<JsonNode?, JsonNode?> Key, bool Descending)> order = [];

    Sql(string text, IReadOnlyDictionary<string, JsonNode?> parameters)
    {
        tokens = Tokens(text);
        this.parameters = parameters;
    }

    /// <exception cref="NotSupportedException">The query is not supported.</exception>
    public static List<JsonNode?> Run(string query, IReadOnlyDictionary<string, JsonNode?> parameters, IEnumerable<JsonNode> documents)
    {
        var sql = new Sql(query, parameters);
        sql.Query();
        var rows = documents.Where(document => IsTrue(sql.where(document))).ToList();
        if (sql.isCount)
            return [sql.select(JsonValue.Create(rows.Count))];
        IOrderedEnumerable<JsonNode> sorted = rows.OrderBy(_ => 0);
        foreach (var (key, descending) in sql.order)
            sorted = descending
                ? sorted.ThenByDescending(row => Text(key(row)), StringComparer.Ordinal)
                : sorted.ThenBy(row => Text(key(row)), StringComparer.Ordinal);
        return [.. sorted.Take(sql.top ?? int.MaxValue).Select(sql.select).Where(value => value != Undefined)];
    }

    /// <summary>The condition of a patch: <c>FROM c WHERE …</c>.</summary>
    public static bool Holds(string condition, JsonNode document)
    {
        var sql = new Sql(condition, new Dictionary<string, JsonNode?>());
        sql.Take("FROM");
        sql.Take("c");
        sql.Take("WHERE");
        var holds = sql.Or();
        sql.TakeEnd();
        return IsTrue(holds(document));
    }

    void Query()
    {
        Take("SELECT");
        if (TryTake("TOP"))
            top = int.Parse(tokens[at++], CultureInfo.InvariantCulture);
        if (TryTake("VALUE"))
            select = Expression();
        else if (!TryTake("*"))
            select = Fields();
        Take("FROM");
        if (!TryTake("root"))
            Take("c");
        if (TryTake("WHERE"))
            where = Or();
        if (TryTake("ORDER"))
        {
            Take("BY");
            do
            {
                var key = Expression();
                order.Add((key, TryTake("DESC")));
                TryTake("ASC");
            }
            while (TryTake(","));
        }
        TakeEnd();
    }

    Func<JsonNode?, JsonNode?> Fields()
    {
        var fields = new List<(string Name, Func<JsonNode?, JsonNode?> Value)>();
        do
        {
            var value = Expression();
            var name = tokens[at - 1];
            if (TryTake("AS"))
                name = tokens[at++];
            fields.Add((name, value));
        }
        while (TryTake(","));
        return Build(fields);
    }

    Func<JsonNode?, JsonNode?> Or() => Chain("OR", And, (left, right) => left || right);

    Func<JsonNode?, JsonNode?> And() => Chain("AND", Comparison, (left, right) => left && right);

    Func<JsonNode?, JsonNode?> Chain(string word, Func<Func<JsonNode?, JsonNode?>> part, Func<bool, bool, bool> join)
    {
        var left = part();
        while (TryTake(word))
        {
            var (before, right) = (left, part());
            left = row => JsonValue.Create(join(IsTrue(before(row)), IsTrue(right(row))));
        }
        return left;
    }

    Func<JsonNode?, JsonNode?> Comparison()
    {
        var left = Expression();
        if (TryTake("IN"))
        {
            var among = List("(", ")");
            return row => JsonValue.Create(among.Any(value => Compare(left(row), value(row)) == 0));
        }
        if (at == tokens.Count || tokens[at] is not ("=" or "!=" or "<" or "<=" or ">" or ">="))
            return left;
        var sign = tokens[at++];
        var right = Expression();
        return row => JsonValue.Create(Compare(left(row), right(row)) is { } order && sign switch
        {
            "=" => order == 0,
            "!=" => order != 0,
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        });
    }

    Func<JsonNode?, JsonNode?> Expression()
    {
        var token = at < tokens.Count ? tokens[at++] : throw Unknown();
        if (token == "(")
        {
            var inner = Or();
            Take(")");
            return inner;
        }
        if (token == "[")
        {
            at--;
            var items = List("[", "]");
            return row => new JsonArray([.. items.Select(item => Copy(item(row)))]);
        }
        if (token == "{")
            return Object();
        if (token[0] is '\'' or '"')
            return Constant(JsonValue.Create(token[1..]));
        if (token[0] is '@')
            return Constant(parameters[token]);
        if (decimal.TryParse(token, CultureInfo.InvariantCulture, out var number))
            return Constant(JsonValue.Create(number));
        return token switch
        {
            "true" => Constant(JsonValue.Create(true)),
            "false" => Constant(JsonValue.Create(false)),
            "null" => Constant(null),
            "c" or "root" or "r" => Path(),
            "COUNT" => Count(),
            "IS_DEFINED" => Function(1, values => values[0] != Undefined),
            "STARTSWITH" => Function(2, values => values is [JsonValue a, JsonValue b] && a != Undefined
                && a.GetValueKind() is JsonValueKind.String && a.GetValue<string>().StartsWith(b.GetValue<string>(), StringComparison.Ordinal)),
            "ARRAY_CONTAINS" => Function(2, values => values is [JsonArray items, var wanted]
                && items.Any(item => Compare(item, wanted) == 0)),
            _ => throw Unknown(),
        };
    }

    Func<JsonNode?, JsonNode?> Path()
    {
        var names = new List<string>();
        while (at < tokens.Count && tokens[at] is "." or "[")
        {
            if (TryTake("."))
            {
                names.Add(tokens[at++]);
                continue;
            }
            Take("[");
            names.Add(tokens[at++][1..]);
            Take("]");
        }
        return row => names.Aggregate(row, (node, name) =>
            node is JsonObject json && node != Undefined && json.TryGetPropertyValue(name, out var value) ? value : Undefined);
    }

    Func<JsonNode?, JsonNode?> Object()
    {
        var fields = new List<(string Name, Func<JsonNode?, JsonNode?> Value)>();
        do
        {
            var name = tokens[at++][1..];
            Take(":");
            fields.Add((name, Expression()));
        }
        while (TryTake(","));
        Take("}");
        return Build(fields);
    }

    static Func<JsonNode?, JsonNode?> Build(IReadOnlyList<(string Name, Func<JsonNode?, JsonNode?> Value)> fields) => row => new JsonObject(
        fields.Select(field => KeyValuePair.Create(field.Name, Copy(field.Value(row)))).Where(field => field.Value != Undefined));

    Func<JsonNode?, JsonNode?> Count()
    {
        Take("(");
        Take("1");
        Take(")");
        isCount = true;
        return row => row;
    }

    Func<JsonNode?, JsonNode?> Function(int count, Func<IReadOnlyList<JsonNode?>, bool> of)
    {
        var arguments = List("(", ")");
        return arguments.Count == count ? row => JsonValue.Create(of([.. arguments.Select(argument => argument(row))])) : throw Unknown();
    }

    List<Func<JsonNode?, JsonNode?>> List(string open, string close)
    {
        var items = new List<Func<JsonNode?, JsonNode?>>();
        Take(open);
        do
            items.Add(Expression());
        while (TryTake(","));
        Take(close);
        return items;
    }

    static Func<JsonNode?, JsonNode?> Constant(JsonNode? value) => _ => value;

    static JsonNode? Copy(JsonNode? value) => value == Undefined ? value : value?.DeepClone();

    static bool IsTrue(JsonNode? value) => value is JsonValue && value.GetValueKind() is JsonValueKind.True;

    static string? Text(JsonNode? value) => value == Undefined ? null : value?.GetValue<string>();

    /// <summary>Returns null if the values cannot be compared: one is undefined, or their types differ.</summary>
    static int? Compare(JsonNode? left, JsonNode? right)
    {
        if (left == Undefined || right == Undefined || left is not JsonValue || right is not JsonValue || left.GetValueKind() != right.GetValueKind())
            return null;
        return left.GetValueKind() switch
        {
            JsonValueKind.String => string.CompareOrdinal(left.GetValue<string>(), right.GetValue<string>()),
            JsonValueKind.Number => Number(left).CompareTo(Number(right)),
            _ => left.GetValueKind() == right.GetValueKind() ? 0 : null,
        };
    }

    static decimal Number(JsonNode node) => decimal.Parse(node.ToJsonString(), CultureInfo.InvariantCulture);

    bool TryTake(string token)
    {
        var isNext = at < tokens.Count && string.Equals(tokens[at], token, StringComparison.OrdinalIgnoreCase);
        at += isNext ? 1 : 0;
        return isNext;
    }

    void Take(string token)
    {
        if (!TryTake(token))
            throw Unknown();
    }

    void TakeEnd()
    {
        if (at != tokens.Count)
            throw Unknown();
    }

    NotSupportedException Unknown() => new($"The gateway of the tests does not know this SQL at word {at}: {string.Join(' ', tokens)}");

    /// <summary>Returns words, numbers and symbols unchanged. Strings keep their opening quotation mark and lose the closing one.</summary>
    static List<string> Tokens(string text)
    {
        var tokens = new List<string>();
        for (var i = 0; i < text.Length;)
        {
            if (char.IsWhiteSpace(text[i]))
            {
                i++;
            }
            else if (text[i] is '\'' or '"')
            {
                var token = new StringBuilder().Append(text[i]);
                for (var quote = text[i++]; text[i] != quote; i++)
                    token.Append(text[i] == '\\' ? text[++i] : text[i]);
                i++;
                tokens.Add(token.ToString());
            }
            else if (Symbols.FirstOrDefault(symbol => string.CompareOrdinal(text, i, symbol, 0, symbol.Length) == 0) is { } symbol)
            {
                tokens.Add(symbol);
                i += symbol.Length;
            }
            else
            {
                var start = i;
                while (i < text.Length && (char.IsLetterOrDigit(text[i]) || text[i] is '_' or '@' or '-'))
                    i++;
                tokens.Add(i > start ? text[start..i] : throw new NotSupportedException($"The gateway of the tests does not know this SQL: {text}"));
            }
        }
        return tokens;
    }
}
