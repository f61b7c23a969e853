using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.Saga.Tests;

/// <summary>What is written can be read: a null is either refused when it is written, or accepted when it is read.</summary>
public class NullTests
{
    public static TheoryData<string> Events => [.. EventJson.Names.Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Events))]
    public void An_event_with_a_null_where_none_may_be_is_not_written(string name)
    {
        foreach (var (path, mayBeNull, changed) in WithNulls(Samples.Recordable.First(e => e.GetType().Name == name)))
        {
            if (mayBeNull)
                Assert.Equal(Text((OrderEvent)changed), Text(EventJson.Decode(name, EventJson.Encode((OrderEvent)changed))));
            else
                Assert.True(Record.Exception(() => EventJson.Encode((OrderEvent)changed)) is JsonException, $"{path} of {name} was written as null");
        }
    }

    [Fact]
    public void The_fields_are_found_in_nested_records_and_in_lists() => Assert.Superset(
        new HashSet<string> { "CustomerId", "Lines[0].Sku", "Total.Currency", "ShipTo.Country", "IdempotencyKey" },
        WithNulls(Samples.Created).Select(field => field.Path).ToHashSet());

    [Fact]
    public void An_entry_and_a_parked_message_are_not_written_with_such_a_null()
    {
        var entry = new Entry("o-1/payments/3", "PaymentSucceeded", Via.Bus, Samples.Promised, [new("o-1/orders/1", Samples.IsOutOfStock)]);
        var parked = new ParkedMessage("o-1/payments/3", "PaymentSucceeded", "HandlerFailed", "It failed.", Samples.Promised);
        foreach (var (path, mayBeNull, changed) in WithNulls(entry).Concat(WithNulls(parked)))
        {
            if (!mayBeNull)
                Assert.True(Record.Exception(() => JsonSerializer.Serialize(changed, changed.GetType(), EventJson.Options)) is not null, path);
        }
    }

    static string Text(OrderEvent @event) => Encoding.UTF8.GetString(EventJson.Encode(@event));

    /// <summary>The record once for each of its fields that can hold a null, with a null there; records and first list elements inside it too.</summary>
    static IEnumerable<(string Path, bool MayBeNull, object Changed)> WithNulls(object record)
    {
        var nullability = new NullabilityInfoContext();
        foreach (var property in record.GetType().GetProperties().Where(p => p.CanWrite && !p.PropertyType.IsValueType))
        {
            yield return (property.Name, nullability.Create(property).ReadState is NullabilityState.Nullable, With(record, property, null));
            if (property.GetValue(record) is not { } value || value is string)
                continue;
            if (value is not IList list)
            {
                foreach (var (path, mayBeNull, changed) in WithNulls(value))
                    yield return ($"{property.Name}.{path}", mayBeNull, With(record, property, changed));
            }
            else if (list is [{ } first, ..] && first is not string)
            {
                foreach (var (path, mayBeNull, changed) in WithNulls(first))
                {
                    var elements = Array.CreateInstance(first.GetType(), 1);
                    elements.SetValue(changed, 0);
                    yield return ($"{property.Name}[0].{path}", mayBeNull, With(record, property, elements));
                }
            }
        }
    }

    /// <summary>What <c>record with { … }</c> does.</summary>
    static object With(object record, PropertyInfo property, object? value)
    {
        var copy = record.GetType().GetMethod("<Clone>$")!.Invoke(record, null)!;
        property.SetValue(copy, value);
        return copy;
    }
}
