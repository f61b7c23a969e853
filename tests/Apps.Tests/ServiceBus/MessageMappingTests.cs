using System.Text;
using Azure.Messaging.ServiceBus;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Tests;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.Apps.Tests.ServiceBus;

public class MessageMappingTests
{
    const string Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    static readonly DateTimeOffset Enqueued = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> PublicEvents => [.. Samples.Recordable.Where(e => e is PublicEvent).Select(e => e.GetType().Name)];

    [Theory, MemberData(nameof(PublicEvents))]
    public void Every_public_event_is_received_as_it_was_sent(string name)
    {
        var @event = (PublicEvent)Samples.Recordable.Single(e => e.GetType().Name == name);
        var sent = new OutboundMessage("o-1/payments/7", "o-1", @event, "o-1/inventory/2", Trace, EnqueueAt: null, RecordedAt: Enqueued.AddTicks(-7));

        var received = Delivered(sent.ToServiceBus(), deliveryCount: 3).ToReceived();

        Assert.Equal(EventJson.Encode(@event), EventJson.Encode(received.Event!));
        Assert.Equal(
            new ReceivedMessage("o-1/payments/7", "o-1", name, received.Event, "o-1/inventory/2", Trace, Enqueued, 3, RecordedAt: Enqueued.AddTicks(-7)),
            received);
    }

    [Fact]
    public void A_message_states_all_that_the_broker_and_its_filters_use()
    {
        var due = new DateTimeOffset(2026, 11, 25, 8, 0, 0, TimeSpan.Zero);

        var message = new OutboundMessage("o-1/shipping/4", "o-1", new ShipmentDue(due), "o-1/payments/3", Trace, due, Enqueued).ToServiceBus();

        Assert.Equal("o-1/shipping/4", message.MessageId);
        Assert.Equal("o-1", message.SessionId);
        Assert.Equal("o-1", message.CorrelationId);
        Assert.Equal("ShipmentDue", message.Subject);
        Assert.Equal("application/json", message.ContentType);
        Assert.Equal(due, message.ScheduledEnqueueTime);
        Assert.Equal("""{"dueAt":"2026-11-25T08:00:00+00:00"}""", message.Body.ToString());
        Assert.Equal(
            new Dictionary<string, object>
            {
                ["schemaVersion"] = EventJson.SchemaVersion,
                ["causationId"] = "o-1/payments/3",
                ["traceparent"] = Trace,
                ["saidAt"] = "2026-11-22T12:00:00.0000000+00:00",
            },
            message.ApplicationProperties);
    }

    [Fact]
    public void A_message_that_is_due_now_is_not_scheduled_and_one_without_a_cause_states_none()
    {
        var message = new OutboundMessage("o-1/orders/1", "o-1", Samples.Created, CausationId: null, TraceParent: null, EnqueueAt: null).ToServiceBus();

        Assert.Equal(default, message.ScheduledEnqueueTime);
        Assert.Equal(["schemaVersion"], message.ApplicationProperties.Keys);
    }

    /// <summary>Golden test: the wire format of the first version. Never edit these literals.</summary>
    [Fact]
    public void What_the_first_version_wrote_is_still_read()
    {
        var received = Received(
            """{"chargeId":"ch-1","amount":{"amount":20.34,"currency":"GBP"},"customerId":"17850","shipTo":{"name":"Ada","line1":"1 St","city":"London","postalCode":"E1","country":"GB"},"later":"unknown"}""",
            "PaymentSucceeded", new() { ["schemaVersion"] = 1, ["causationId"] = "o-1/inventory/2" }).ToReceived();

        Assert.Equal(new PaymentSucceeded("ch-1", new(20.34m, "GBP"), "17850", new("Ada", "1 St", "London", "E1", "GB")), received.Event);
        Assert.Null(received.Unreadable);
    }

    [Theory]
    [InlineData("OrderTeleported", "{}", 1, "OrderTeleported")]
    [InlineData("RefundPayment", "{", 1, "JSON")]
    [InlineData("RefundPayment", """{"reason":null}""", 1, "reason")]
    [InlineData("RefundPayment", """{"reason":"x"}""", 99, "schema version 99")]
    [InlineData("RefundPayment", """{"reason":"x"}""", "one", "one")]
    public void An_unreadable_message_is_left_to_the_kernel_to_park(string subject, string body, object version, string why)
    {
        var received = Received(body, subject, new() { ["schemaVersion"] = version }).ToReceived();

        Assert.Null(received.Event);
        Assert.Equal(("o-1", subject), (received.OrderId, received.Type));
        Assert.Contains(why, received.Unreadable, StringComparison.OrdinalIgnoreCase);
    }

    internal static ServiceBusReceivedMessage Delivered(ServiceBusMessage sent, int deliveryCount = 1) => ServiceBusModelFactory.ServiceBusReceivedMessage(
        body: sent.Body, messageId: sent.MessageId, sessionId: sent.SessionId, subject: sent.Subject, correlationId: sent.CorrelationId,
        contentType: sent.ContentType, properties: sent.ApplicationProperties, deliveryCount: deliveryCount, enqueuedTime: Enqueued);

    static ServiceBusReceivedMessage Received(string body, string subject, Dictionary<string, object> properties) => ServiceBusModelFactory.ServiceBusReceivedMessage(
        body: BinaryData.FromBytes(Encoding.UTF8.GetBytes(body)), messageId: "o-1/payments/7", sessionId: "o-1", subject: subject, properties: properties,
        deliveryCount: 1, enqueuedTime: Enqueued);
}
