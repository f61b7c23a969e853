using System.Text;
using System.Text.Json;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.Saga.Tests;

public class WireFormTests
{
    [Fact]
    public void The_wire_form_of_every_event_is_approved()
    {
        Assert.Empty(EventJson.Names.Except(Samples.Recordable.Select(e => e.GetType().Name)).Select(name => $"Samples.cs has no {name}"));
        Approved.Verify("WireForms", string.Concat(Samples.Recordable.Concat(Samples.Variants)
            .OrderBy(e => e.GetType().Name, StringComparer.Ordinal)
            .Select(e => $"{e.GetType().Name} {Encoding.UTF8.GetString(EventJson.Encode(e))}\n")));
    }

    [Fact]
    public void Every_event_is_read_as_it_was_written()
    {
        foreach (var @event in Samples.Recordable.Concat(Samples.Variants))
        {
            var body = EventJson.Encode(@event);
            Assert.Equal(body, EventJson.Encode(EventJson.Decode(@event.GetType().Name, body)));
        }
    }

    [Fact]
    public void An_unknown_event_name_is_an_error() => Assert.Throws<JsonException>(() => EventJson.Decode("OrderTeleported", "{}"u8));

    [Theory]
    [InlineData("PlaceOrder")]
    [InlineData("CardCharged")]
    public void Inputs_that_are_never_recorded_have_no_wire_form(string name) => Assert.Throws<JsonException>(() => EventJson.Decode(name, "{}"u8));

    [Fact]
    public void Unknown_fields_are_ignored() =>
        Assert.Equal(new PaymentFailed("card declined"), EventJson.Decode("PaymentFailed", """{"reason":"card declined","since":2031,"more":{"a":[1]}}"""u8));

    [Fact]
    public void A_missing_optional_field_takes_its_default()
    {
        var line = """{"customerId":"1","lines":[],"total":{"amount":0,"currency":"GBP"},"cardToken":"t","shipTo":{"name":"","line1":"","city":"","postalCode":"","country":"GB"},"warehouse":"main"}""";
        Assert.Null(Assert.IsType<OrderCreated>(EventJson.Decode("OrderCreated", Encoding.UTF8.GetBytes(line))).IdempotencyKey);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"reason":null}""")]
    [InlineData("""{"reason":7}""")]
    [InlineData("null")]
    [InlineData("[")]
    public void A_body_without_what_it_must_hold_is_an_error(string body) =>
        Assert.Throws<JsonException>(() => EventJson.Decode("PaymentFailed", Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Text_of_any_script_is_written_as_it_is() =>
        Assert.Contains("圣诞装饰 Grüße Ёлка", Encoding.UTF8.GetString(EventJson.Encode(new PaymentFailed("圣诞装饰 Grüße Ёлка"))));

    [Fact]
    public void Entries_are_read_as_they_were_written()
    {
        var events = Samples.Recordable.Select((e, i) => new RecordedEvent($"o-1/orders/{i + 1}", e)).ToList();
        var entry = new Entry("o-1/payments/3", "PaymentSucceeded", Via.Bus, Samples.Promised, events, "o-1/inventory/2", Samples.Promised, "00-1-1-01", 2);
        var json = JsonSerializer.Serialize(entry, EventJson.Options);
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize<Entry>(json, EventJson.Options), EventJson.Options));
        Assert.StartsWith("""{"on":"o-1/payments/3","type":"PaymentSucceeded","via":"Bus","at":"2026-11-24T17:00:00+00:00","events":[{"id":"o-1/orders/1","type":""", json);
    }
}
