using System.Collections.Frozen;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <param name="Kind">param, var, resource, module or output.</param>
/// <param name="Target">A resource's type, or a module's path.</param>
/// <param name="Body">Everything after the name; without the target.</param>
sealed record BicepDeclaration(
    string Kind, string Name, string Target, IReadOnlyList<BicepToken> Decorators, IReadOnlyList<BicepToken> Body, int Line)
{
    public bool IsExisting => Body.Any(token => token.IsName("existing"));

    /// <summary>Of a parameter: its type, and whether it may be left out.</summary>
    public string Type => Body[0].Text;
    public bool HasDefault => Body.Any(token => token.Is("="));

    /// <summary>The keys of the declaration's outermost object with their values; the object may stand in a loop or behind a condition.</summary>
    public FrozenDictionary<string, IReadOnlyList<BicepToken>> Members()
    {
        // The object stands at once, after a loop's head, or after a condition.
        for (var i = 1; i < Body.Count; i++)
            if (Body[i].Is("{") && (Body[i - 1].Is("=") || Body[i - 1].Is(":") || Body[i - 1].Is(")")))
                return BicepFile.Members(Body, i);
        throw new FormatException($"{Name} has no object");
    }
}

/// <summary>One Bicep file, as its declarations.</summary>
sealed class BicepFile
{
    static readonly FrozenSet<string> Kinds = FrozenSet.Create("param", "var", "resource", "module", "output");
    static readonly FrozenSet<string> Words = FrozenSet.Create(
        "for", "in", "if", "true", "false", "null", "existing", "string", "int", "bool", "object", "array", "targetScope", "resource");

    public string Path { get; }

    public IReadOnlyList<BicepDeclaration> Declarations { get; }

    BicepFile(string path, IReadOnlyList<BicepDeclaration> declarations) => (Path, Declarations) = (path, declarations);

    public static IReadOnlyList<BicepFile> All { get; } = [.. Repository.Files("bicep", "*.bicep").Select(Load)];

    public static BicepFile Main => All.Single(file => file.Path == "bicep/main.bicep");

    public IEnumerable<BicepDeclaration> Of(string kind) => Declarations.Where(declaration => declaration.Kind == kind);

    public BicepDeclaration this[string name] => Declarations.First(declaration => declaration.Name == name && declaration.Kind is not "output");

    public string Relative(string target) =>
        System.IO.Path.GetRelativePath(Repository.Root, System.IO.Path.Combine(Repository.PathOf(System.IO.Path.GetDirectoryName(Path)!), target))
            .Replace('\\', '/');

    public static BicepFile Load(string path)
    {
        var declarations = new List<BicepDeclaration>();
        var decorators = new List<BicepToken>();
        foreach (var statement in Statements(BicepTokens.Of(Repository.Read(path))))
        {
            if (statement[0].Is("@"))
                decorators.AddRange(statement);
            else if (Kinds.Contains(statement[0].Text))
            {
                var target = statement[0].Text is "resource" or "module" ? statement[2].Text : "";
                declarations.Add(new(statement[0].Text, statement[1].Text, target, [.. decorators], [.. statement.Skip(target.Length > 0 ? 3 : 2)],
                    statement[0].Line));
                decorators.Clear();
            }
            else if (!statement[0].IsName("targetScope"))
                throw new FormatException($"{path}:{statement[0].Line}: what is '{statement[0].Text}'?");
        }
        return new(path, declarations);
    }

    /// <summary>Top-level statements: they end at a line's end outside every bracket.</summary>
    static IEnumerable<List<BicepToken>> Statements(IEnumerable<BicepToken> tokens)
    {
        var (statement, depth) = (new List<BicepToken>(), 0);
        foreach (var token in tokens)
        {
            depth += Opens(token) - Closes(token);
            if (token.Kind is not BicepKind.NewLine || depth > 0)
                statement.Add(token);
            else if (statement.Count > 0)
            {
                yield return statement;
                statement = [];
            }
        }
        if (statement.Count > 0)
            yield return statement;
    }

    static int Opens(BicepToken token) => token.Is("{") || token.Is("[") || token.Is("(") ? 1 : 0;

    static int Closes(BicepToken token) => token.Is("}") || token.Is("]") || token.Is(")") ? 1 : 0;

    /// <summary>The keys and values of the object whose brace stands at <paramref name="open"/>.</summary>
    public static FrozenDictionary<string, IReadOnlyList<BicepToken>> Members(IReadOnlyList<BicepToken> tokens, int open)
    {
        var members = new Dictionary<string, IReadOnlyList<BicepToken>>(StringComparer.Ordinal);
        var (depth, key, value) = (0, (string?)null, new List<BicepToken>());
        for (var i = open; i < tokens.Count; i++)
        {
            var token = tokens[i];
            var ends = depth == 1 && (token.Kind is BicepKind.NewLine || token.Is(",") || token.Is("}"));
            depth += Opens(token) - Closes(token);
            if (ends && key is not null)
            {
                members.Add(key, value);
                (key, value) = (null, []);
            }
            if (depth == 0)
                break;
            if (ends || i == open)
                continue;
            if (key is null && i + 1 < tokens.Count && tokens[i + 1].Is(":") && token.Kind is BicepKind.Name or BicepKind.Text)
            {
                key = token.Text;
                i++;
            }
            else if (key is not null)
                value.Add(token);
        }
        return members.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Which symbols a declaration uses, without its own loop variables and parameters of lambdas; and which functions it calls.</summary>
    public static (IReadOnlySet<string> Symbols, IReadOnlySet<string> Functions) Uses(BicepDeclaration declaration)
    {
        var (used, called, local) = (new HashSet<string>(), new HashSet<string>(), new HashSet<string>());
        // A parameter's and an output's type stands where a value could.
        Collect(declaration.Kind is "param" or "output" ? [.. declaration.Body.Skip(1)] : declaration.Body);
        Collect(declaration.Decorators);
        used.ExceptWith(local);
        return (used, called);

        void Collect(IReadOnlyList<BicepToken> tokens)
        {
            for (var i = 0; i < tokens.Count; i++)
            {
                var (token, before, after) = (tokens[i], i > 0 ? tokens[i - 1] : null, i + 1 < tokens.Count ? tokens[i + 1] : null);
                Collect(token.Inner);
                if (token.IsName("resource") && after?.Kind is BicepKind.Name)
                    local.Add(tokens[++i].Text);
                if (token.Kind is not BicepKind.Name || Words.Contains(token.Text) || before?.Text is "." or ".?" or "::"
                    && before.Kind is BicepKind.Symbol)
                    continue;
                var isKey = after?.Is(":") == true && (before is null || before.Is("{") || before.Is(",") || before.Kind is BicepKind.NewLine);
                if (isKey)
                    continue;
                if (after?.Is("=>") == true || before?.IsName("for") == true)
                    local.Add(token.Text);
                else if (before?.Is("(") == true && i > 1 && tokens[i - 2].IsName("for"))
                    local.UnionWith([token.Text, tokens[i + 2].Text]);
                else if (after?.Is("(") == true)
                    called.Add(token.Text);
                else
                    used.Add(token.Text);
            }
        }
    }
}
