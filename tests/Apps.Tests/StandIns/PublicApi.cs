using System.Reflection;

namespace OrderFunctions.Apps.Tests.StandIns;

/// <summary>One line for each member of a class that other assemblies can see, in the form of the recorded API: type, kind, signature.</summary>
static class PublicApi
{
    const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(int)] = "int",
    };

    public static IEnumerable<string> Lines(Type type) =>
        Members(type).Append(("type", Signature(type))).Select(line => $"{Name(type)}\t{line.Item1}\t{line.Item2}");

    static IEnumerable<(string Kind, string Signature)> Members(Type type) =>
        type.GetConstructors(Declared).Where(IsSeen).Select(c => ("ctor", $"{Access(c)} {type.Name}({Parameters(c)})"))
            .Concat(type.GetMethods(Declared).Where(m => IsSeen(m) && !m.IsSpecialName)
                .Select(m => ("method", $"{Access(m)} {Name(m.ReturnType)} {m.Name}({Parameters(m)})")))
            .Concat(type.GetProperties(Declared).Where(p => IsSeen(p.GetMethod!)).Select(p => ("property", Property(p))));

    static string Signature(Type type)
    {
        var bases = new[] { type.BaseType! }.Where(b => b != typeof(object)).Concat(type.GetInterfaces()).Select(Name).ToList();
        return $"public {(type.IsSealed ? "sealed " : "")}class {Name(type)}{(bases.Count == 0 ? "" : $" : {string.Join(", ", bases)}")}";
    }

    static string Property(PropertyInfo property)
    {
        var set = property.SetMethod switch
        {
            { IsPublic: true } => "set; ",
            { IsFamily: true } => "protected set; ",
            _ => "",
        };
        return $"{Access(property.GetMethod!)} {Name(property.PropertyType)} {property.Name} {{ get; {set}}}";
    }

    static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    static string Access(MethodBase method)
    {
        var access = method.IsPublic ? "public" : "protected";
        return method is { IsVirtual: true, IsFinal: false } ? $"{access} virtual" : access;
    }

    static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    static string Parameter(ParameterInfo parameter)
    {
        var value = parameter switch
        {
            { HasDefaultValue: false } => "",
            { ParameterType.IsValueType: true } => " = default",
            _ => " = null",
        };
        return $"{Name(parameter.ParameterType)} {parameter.Name}{value}";
    }

    static string Name(Type type) => type switch
    {
        _ when Keywords.TryGetValue(type, out var keyword) => keyword,
        { IsGenericType: true } => $"{type.Namespace}.{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>",
        _ => $"{type.Namespace}.{type.Name}",
    };
}
