using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using OrderFunctions.Providers;
using OrderFunctions.Saga;

namespace OrderFunctions.Apps.Tests.Apps;

/// <summary>No text that could end up in a log holds a secret.</summary>
public sealed partial class SecretsTests
{
    const string Hidden = "do-not-print";

    static IEnumerable<PropertyInfo> Secrets() =>
        from name in Directory.GetFiles(AppContext.BaseDirectory, "OrderFunctions.*.dll").Select(Path.GetFileNameWithoutExtension)
        where !name.EndsWith("Tests", StringComparison.Ordinal) && !name.EndsWith("StandIns", StringComparison.Ordinal)
        from type in Assembly.Load(name).GetTypes()
        where type is { IsAbstract: false, ContainsGenericParameters: false, IsInterface: false }
        from property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        where property.PropertyType == typeof(string) && SecretName().IsMatch(property.Name)
        select property;

    [Fact]
    public void What_holds_a_token_a_key_or_a_secret_prints_none()
    {
        var checkedTypes = new List<Type>();
        foreach (var property in Secrets())
        {
            var type = property.ReflectedType!;
            var field = Field(type, property.Name);
            if (field is null)
                continue;
            var one = RuntimeHelpers.GetUninitializedObject(type);
            field.SetValue(one, Hidden);
            Assert.DoesNotContain(Hidden, one.ToString(), StringComparison.Ordinal);
            checkedTypes.Add(type);
        }
        Type[] known = [typeof(PlaceOrder), typeof(OrderCreated), typeof(ReserveStock), typeof(InventoryReserved), typeof(ChargeCard),
            typeof(CardProviderOptions), typeof(CarrierOptions), typeof(NotifierOptions)];
        Assert.Subset(checkedTypes.ToHashSet(), known.ToHashSet());
    }

    static FieldInfo? Field(Type? type, string property) => type is null ? null
        : type.GetField($"<{property}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic) ?? Field(type.BaseType, property);

    [GeneratedRegex("(Token|Secret|ApiKey|Password|ConnectionString)$")]
    private static partial Regex SecretName();
}
