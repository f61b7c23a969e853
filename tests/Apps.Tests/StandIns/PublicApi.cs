using System.Reflection;
using System.Runtime.CompilerServices;

namespace OrderFunctions.Apps.Tests.StandIns;

/// <summary>One line for each member of a type that other assemblies can see, in the form of the recorded API: type, kind, signature.</summary>
static class PublicApi
{
    const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(byte)] = "byte",
        [typeof(int)] = "int", [typeof(long)] = "long", [typeof(double)] = "double",
    };

    public static IEnumerable<string> Lines(Type type) =>
        Members(type).Append(("type", TypeSignature(type))).Select(line => $"{Name(type)}\t{line.Item1}\t{line.Item2}");

    static IEnumerable<(string Kind, string Signature)> Members(Type type)
    {
        if (type.IsEnum)
            return Enum.GetNames(type).Select(name => ("enumvalue", $"{name} = {Convert.ToInt64(Enum.Parse(type, name), null)}"));
        if (type.IsSubclassOf(typeof(Delegate)))
        {
            var invoke = type.GetMethod("Invoke")!;
            return [("delegate", $"{Name(invoke.ReturnType)} ({Parameters(invoke)})")];
        }

        return type.GetConstructors(Declared).Where(IsSeen)
            .Select(c => ("ctor", $"{Access(c)} {SimpleName(type)}({Parameters(c)})"))
            .Concat(type.GetMethods(Declared).Where(m => IsSeen(m) && !m.IsSpecialName)
                .Select(m => (m.IsDefined(typeof(ExtensionAttribute)) ? "extension" : "method",
                    $"{Access(m)} {Name(m.ReturnType)} {m.Name}{TypeParameters(m)}({Parameters(m)}){Constraints(m)}")))
            .Concat(type.GetProperties(Declared).Where(p => p.GetAccessors(nonPublic: true).Any(IsSeen)).Select(p => ("property", Property(p))))
            .Concat(type.GetFields(Declared).Where(f => f.IsPublic || f.IsFamily || f.IsFamilyOrAssembly).Select(f => ("field", $"{f}")))
            .Concat(type.GetEvents(Declared).Where(e => IsSeen(e.AddMethod!)).Select(e => ("event", $"{e}")));
    }

    static string TypeSignature(Type type)
    {
        var usage = type.GetCustomAttribute<AttributeUsageAttribute>(inherit: false);
        var attribute = usage switch
        {
            null => "",
            { AllowMultiple: true } => $"[AttributeUsage({(int)usage.ValidOn}, AllowMultiple=True)] ",
            _ => $"[AttributeUsage({(int)usage.ValidOn})] ",
        };
        var kind = type switch
        {
            { IsEnum: true } => $"enum {Name(type)} : {Name(Enum.GetUnderlyingType(type))}",
            { IsInterface: true } => $"interface {Name(type)}",
            _ when type.IsSubclassOf(typeof(Delegate)) => $"delegate {Name(type)}",
            { IsValueType: true } => $"struct {Name(type)}",
            { IsAbstract: true, IsSealed: true } => $"static class {Name(type)}",
            { IsAbstract: true } => $"abstract class {Name(type)}",
            { IsSealed: true } => $"sealed class {Name(type)}",
            _ => $"class {Name(type)}",
        };
        var bases = type.IsEnum || type.IsSubclassOf(typeof(Delegate))
            ? []
            : new[] { type.BaseType }.Where(b => b is not null && b != typeof(object) && b != typeof(ValueType)).Select(b => Name(b!))
                .Concat(type.GetInterfaces().Where(i => i.IsVisible).Select(Name).Order(StringComparer.Ordinal)).ToList();
        return $"{attribute}public {kind}{(bases.Count == 0 ? "" : $" : {string.Join(", ", bases)}")}";
    }

    static string Property(PropertyInfo property)
    {
        var accessors = property.GetAccessors(nonPublic: true).Where(IsSeen).ToList();
        var widest = accessors.FirstOrDefault(a => a.IsPublic) ?? accessors[0];
        string One(MethodInfo? accessor, string word) => accessor switch
        {
            null => "",
            _ when !IsSeen(accessor) => "",
            { IsPublic: false } when widest.IsPublic => $"protected {word}; ",
            _ => $"{word}; ",
        };
        var isInit = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ?? false;
        return $"{Access(widest)} {Name(property.PropertyType)} {property.Name} "
            + $"{{ {One(property.GetMethod, "get")}{One(property.SetMethod, isInit ? "init" : "set")}}}";
    }

    static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    static string Access(MethodBase method)
    {
        var access = method.IsPublic ? "public" : "protected";
        return method switch
        {
            { IsStatic: true } => $"{access} static",
            { DeclaringType.IsInterface: true } or { IsVirtual: false } => access,
            MethodInfo m when m.GetBaseDefinition() != m => $"{access} {(m.IsFinal ? "sealed override" : "override")}",
            { IsAbstract: true } => $"{access} abstract",
            { IsFinal: true } => access,
            _ => $"{access} virtual",
        };
    }

    static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    static string Parameter(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        var prefix = parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : parameter.IsOut ? "out " : type.IsByRef ? "ref " : "";
        return $"{prefix}{Name(type.IsByRef ? type.GetElementType()! : type)} {parameter.Name}{(parameter.HasDefaultValue ? $" = {Default(parameter)}" : "")}";
    }

    static string Default(ParameterInfo parameter) => parameter.RawDefaultValue switch
    {
        null when parameter.ParameterType.IsValueType && Nullable.GetUnderlyingType(parameter.ParameterType) is null => "default",
        null => "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        var value when parameter.ParameterType.IsEnum => $"{parameter.ParameterType.Name}.{Enum.ToObject(parameter.ParameterType, value)}",
        var value => Convert.ToString(value, null)!,
    };

    static string TypeParameters(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";

    static string Constraints(MethodInfo method) => string.Concat(method.GetGenericArguments().Select(parameter =>
    {
        var constraints = parameter.GetGenericParameterConstraints().Select(Name);
        if (parameter.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
            constraints = constraints.Prepend("class");
        var all = string.Join(", ", constraints);
        return all.Length == 0 ? "" : $" where {parameter.Name} : {all}";
    }));

    static string SimpleName(Type type) => type.Name.Split('`')[0];

    static string Name(Type type) => type switch
    {
        { IsGenericParameter: true } => type.Name,
        { IsArray: true } => $"{Name(type.GetElementType()!)}[]",
        _ when Keywords.TryGetValue(type, out var keyword) => keyword,
        _ when Nullable.GetUnderlyingType(type) is { } underlying => $"{Name(underlying)}?",
        { IsGenericType: true } => $"{type.Namespace}.{SimpleName(type)}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>",
        _ => $"{type.Namespace}.{type.Name}",
    };
}
