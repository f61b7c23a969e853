using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using OrderFunctions.Kernel;
using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

/// <summary>
/// The wire form of events and streams. An unknown event name is an error, an unknown field is ignored, a missing optional field takes its
/// default: so a version may add optional fields and be deployed before or after the other apps. What could not be read again is never
/// written: a null where none may be is a <see cref="JsonException"/>.
/// </summary>
public static class EventJson
{
    /// <summary>Stated by every message. Raised when a body changes in a way that the version before cannot read.</summary>
    public const int SchemaVersion = 1;

    /// <summary>
    /// For streams, and for all else that must have the same form everywhere. Non-Latin text is not escaped: that would triple it.
    /// </summary>
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = new PlainTextEncoder(),
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new RecordedEventsConverter() },
        TypeInfoResolver = WireContext.Default.WithAddedModifier(RefuseNulls).WithAddedModifier(LeaveOutTrue),
    };

    static readonly FrozenDictionary<string, JsonTypeInfo> Recordable = typeof(OrderEvent).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(OrderEvent)) && !type.IsAbstract)
        .Where(type => !type.IsSubclassOf(typeof(Answer)) && !type.IsSubclassOf(typeof(Request)))
        .ToFrozenDictionary(type => type.Name, type => WireContext.Default.GetTypeInfo(type) is null
            ? throw new InvalidOperationException($"EventJson.cs has no [JsonSerializable(typeof({type.Name}))].")
            : Options.GetTypeInfo(type), StringComparer.Ordinal);

    /// <summary>The names of all events that are recorded or published.</summary>
    public static IReadOnlyCollection<string> Names => Recordable.Keys;

    /// <summary>An event's body as UTF-8. Its name is not part of it and is sent beside it.</summary>
    public static byte[] Encode(OrderEvent @event) => JsonSerializer.SerializeToUtf8Bytes(@event, TypeInfo(@event.GetType().Name));

    /// <exception cref="JsonException">The name is unknown, or the body does not have its form.</exception>
    public static OrderEvent Decode(string name, ReadOnlySpan<byte> body) =>
        (OrderEvent?)JsonSerializer.Deserialize(body, TypeInfo(name)) ?? throw new JsonException($"The body of {name} is null.");

    /// <summary>
    /// Nulls are left out, so a null where none may be would be written without an error, and the stream could not be read any more.
    /// A property that is always written makes the serializer throw instead. Elements of lists are not checked, when reading either.
    /// </summary>
    static void RefuseNulls(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (!property.IsGetNullable && !property.PropertyType.IsValueType)
                property.ShouldSerialize = static (_, _) => true;
        }
    }

    /// <summary>What is true unless stated is written only where it is false, as older versions write it: not at all.</summary>
    static void LeaveOutTrue(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.AssociatedParameter is { HasDefaultValue: true, DefaultValue: true })
                property.ShouldSerialize = static (_, value) => value is false;
        }
    }

    static JsonTypeInfo TypeInfo(string name) =>
        Recordable.TryGetValue(name, out var info) ? info : throw new JsonException($"There is no event named {name}.");

    /// <summary>
    /// Events with their names and ids: <c>[{ "id", "type", "data" }]</c>. The whole list, because the serializer would need a stack of its
    /// own to write it for each entry.
    /// </summary>
    sealed class RecordedEventsConverter : JsonConverter<IReadOnlyList<RecordedEvent>>
    {
        public override IReadOnlyList<RecordedEvent> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var json = JsonDocument.ParseValue(ref reader);
            return json.RootElement.EnumerateArray().Select(Read).ToArray();
        }

        static RecordedEvent Read(JsonElement json)
        {
            var name = json.GetProperty("type").GetString() ?? "";
            var @event = (OrderEvent?)json.GetProperty("data").Deserialize(TypeInfo(name))
                ?? throw new JsonException($"The body of {name} is null.");
            return new(json.GetProperty("id").GetString() ?? throw new JsonException("An event has no id."), @event);
        }

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<RecordedEvent> value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            for (var index = 0; index < value.Count; index++)
            {
                var (id, @event) = value[index];
                var name = @event.GetType().Name;
                writer.WriteStartObject();
                writer.WriteString("id", id ?? throw new JsonException("An event has no id."));
                writer.WriteString("type", name);
                writer.WritePropertyName("data");
                JsonSerializer.Serialize(writer, @event, TypeInfo(name));
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
    }
}

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(OrderCreated))]
[JsonSerializable(typeof(OrderCancellationRequested))]
[JsonSerializable(typeof(OrderCompleted))]
[JsonSerializable(typeof(OrderRejected))]
[JsonSerializable(typeof(OrderCancelled))]
[JsonSerializable(typeof(ReservationNoted))]
[JsonSerializable(typeof(ChargeNoted))]
[JsonSerializable(typeof(BookingNoted))]
[JsonSerializable(typeof(DelayNoted))]
[JsonSerializable(typeof(FailureNoted))]
[JsonSerializable(typeof(RefundNoted))]
[JsonSerializable(typeof(RestockNoted))]
[JsonSerializable(typeof(RefusedCancellationNoted))]
[JsonSerializable(typeof(PickUpNoted))]
[JsonSerializable(typeof(ReserveStock))]
[JsonSerializable(typeof(ReleaseStock))]
[JsonSerializable(typeof(ConsumeStock))]
[JsonSerializable(typeof(InventoryReserved))]
[JsonSerializable(typeof(InventoryReservationFailed))]
[JsonSerializable(typeof(RestockInventory))]
[JsonSerializable(typeof(InventoryRestocked))]
[JsonSerializable(typeof(ChargeCard))]
[JsonSerializable(typeof(FindCharge))]
[JsonSerializable(typeof(RefundCard))]
[JsonSerializable(typeof(PaymentSucceeded))]
[JsonSerializable(typeof(PaymentFailed))]
[JsonSerializable(typeof(RefundPayment))]
[JsonSerializable(typeof(PaymentRefunded))]
[JsonSerializable(typeof(PaymentVoided))]
[JsonSerializable(typeof(BookCarrier))]
[JsonSerializable(typeof(FindBooking))]
[JsonSerializable(typeof(CancelCarrier))]
[JsonSerializable(typeof(CarrierPickedUp))]
[JsonSerializable(typeof(FindParcel))]
[JsonSerializable(typeof(PickedUpAfterCallOff))]
[JsonSerializable(typeof(ShipmentBooked))]
[JsonSerializable(typeof(ShipmentDue))]
[JsonSerializable(typeof(OrderShipped))]
[JsonSerializable(typeof(ShippingFailed))]
[JsonSerializable(typeof(ShippingDelayed))]
[JsonSerializable(typeof(CancellationRefused))]
[JsonSerializable(typeof(ShipmentCalledOff))]
[JsonSerializable(typeof(EarlyPickUpNoted))]
[JsonSerializable(typeof(WrongPickUpNoted))]
[JsonSerializable(typeof(Notify))]
[JsonSerializable(typeof(OrderParked))]
[JsonSerializable(typeof(OrderResumed))]
[JsonSerializable(typeof(ReplayRequested))]
[JsonSerializable(typeof(DiscardRequested))]
[JsonSerializable(typeof(MessageDiscarded))]
[JsonSerializable(typeof(SettleRequested))]
[JsonSerializable(typeof(StepSettled))]
[JsonSerializable(typeof(SettlementRefused))]
[JsonSerializable(typeof(SettlementRefusalNoted))]
[JsonSerializable(typeof(ParkingNoted))]
[JsonSerializable(typeof(ResumptionNoted))]
[JsonSerializable(typeof(Entry))]
[JsonSerializable(typeof(ImmutableList<Entry>))]
[JsonSerializable(typeof(ParkedMessage))]
[JsonSerializable(typeof(ImmutableList<ParkedMessage>))]
[JsonSerializable(typeof(OrderSummary))]
sealed partial class WireContext : JsonSerializerContext;
