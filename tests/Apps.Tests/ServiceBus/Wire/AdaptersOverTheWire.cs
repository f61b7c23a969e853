using Azure.Messaging.ServiceBus;
using OrderFunctions.Contracts;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBus;
using OrderFunctions.ServiceBusBroker;

namespace OrderFunctions.Apps.Tests.ServiceBus.Wire;

/// <summary>What the adapters send, and what happens when the connection or the broker fails.</summary>
public sealed class AdaptersOverTheWire : IAsyncLifetime
{
    readonly Broker broker = new(WireBus.OfTopology);
    readonly ServiceBusClient client;
    readonly ServiceBusEventBus topic;

    public AdaptersOverTheWire()
    {
        client = WireBus.Client(broker.ConnectionString);
        topic = new(client.CreateSender(Topology.Current.Topic));
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await broker.DisposeAsync();
        Assert.Empty(broker.Unknown);
    }

    [Fact]
    public async Task A_message_carries_all_that_is_known_of_it_as_properties()
    {
        await topic.PublishAsync([Samples.Message("o-1", 7) with { RecordedAt = Samples.Noon }], Cancellation);

        await using var session =
            await client.AcceptSessionAsync(Topology.Current.Topic, Participants.Payments, "o-1", cancellationToken: Cancellation);
        var message = await session.ReceiveMessageAsync(cancellationToken: Cancellation);

        Assert.Equal(("o-1/sender/7", "o-1", "o-1"), (message.MessageId, message.SessionId, message.CorrelationId));
        Assert.Equal(("InventoryReserved", "application/json"), (message.Subject, message.ContentType));
        Assert.Equal(EventJson.SchemaVersion, message.ApplicationProperties["schemaVersion"]);
        Assert.Equal("o-1/cause/7", message.ApplicationProperties["causationId"]);
        Assert.Equal(Samples.Trace, message.ApplicationProperties["traceparent"]);
        Assert.Equal("2026-03-01T12:00:00.0000000+00:00", message.ApplicationProperties["saidAt"]);
    }

    [Fact]
    public async Task A_message_without_an_id_or_a_session_can_still_be_parked()
    {
        await client.CreateSender(Topology.Current.Topic).SendMessageAsync(new("{}") { Subject = nameof(InventoryReserved) }, Cancellation);

        var queue = new ServiceBusDeadLetters(() =>
            client.CreateReceiver(Topology.Current.Topic, Participants.Payments, ServiceBusDeadLetters.ReceiverOptions));
        var dead = Assert.Single(await queue.PeekAsync(-1, 10, Cancellation)).Message;

        Assert.Equal("", dead.OrderId);
        Assert.NotEmpty(dead.Id);
    }

    [Fact]
    public async Task A_message_too_large_for_the_bus_fails_for_good_and_the_largest_order_fits()
    {
        var tooLarge = await Assert.ThrowsAsync<ServiceBusException>(() => topic.PublishAsync([OfSize(256 * 1024)], Cancellation));
        Assert.Equal(ServiceBusFailureReason.MessageSizeExceeded, tooLarge.Reason);
        Assert.Empty(await broker.AcceptedAsync());

        await topic.PublishAsync([OfSize(192 * 1024)], Cancellation);
        Assert.Single(await broker.AcceptedAsync());
    }

    [Fact]
    public async Task Messages_that_do_not_fit_one_batch_are_sent_in_several_in_order()
    {
        await topic.PublishAsync([.. Enumerable.Range(1, 5).Select(number => OfSize(100 * 1024, number))], Cancellation);

        Assert.Equal(Enumerable.Range(1, 5).Select(number => $"o-1/sender/{number}"),
            (await broker.AcceptedAsync()).Select(message => message.Id));
        Assert.Equal(3, (await broker.CallsAsync()).Count(call => call.Operation is "send"));
    }

    public static TheoryData<string, bool> Losses => new() { { "before", false }, { "after", true } };

    [Theory, MemberData(nameof(Losses))]
    public async Task A_connection_lost_with_a_message_under_way_neither_loses_nor_doubles_it(string when, bool isApplied)
    {
        FailOnce("send", when is "before" ? Fault.LostBefore : Fault.LostAfter);

        await topic.PublishAsync([Samples.Message("o-1", 1)], Cancellation);

        Assert.Single(await broker.AcceptedAsync());
        Assert.Equal(isApplied ? 2 : 1, (await broker.CallsAsync()).Count(call => call.Operation is "send"));
    }

    [Fact]
    public async Task A_throttled_publisher_waits_and_succeeds()
    {
        FailOnce("send", Fault.Throttled);

        await topic.PublishAsync([Samples.Message("o-1", 1)], Cancellation);

        Assert.Single(await broker.AcceptedAsync());
    }

    [Theory]
    [InlineData("amqp:unauthorized-access"), InlineData("amqp:not-found"), InlineData("com.microsoft:entity-disabled")]
    public async Task What_the_bus_refuses_can_be_retried(string condition)
    {
        broker.Faults = call => call.Operation is "send" ? Fault.Refused(condition) : null;

        await Assert.ThrowsAsync<TransientException>(() => topic.PublishAsync([Samples.Message("o-1", 1)], Cancellation));
    }

    [Fact]
    public async Task A_completion_that_never_arrives_leads_to_another_delivery()
    {
        FailOnce("complete", Fault.LostBefore);
        var again = await SettledInVainAsync();
        Assert.Equal(("o-1/sender/1", 2), (again!.Message.Id, again.Message.DeliveryCount));
    }

    [Fact]
    public async Task A_completion_whose_answer_is_lost_still_counts()
    {
        FailOnce("complete", Fault.LostAfter);
        Assert.Null(await SettledInVainAsync());
    }

    [Fact]
    public async Task A_detached_receiver_has_lost_its_lock()
    {
        FailOnce("complete", Fault.Detached);
        var again = await SettledInVainAsync();
        Assert.Equal("o-1/sender/1", again!.Message.Id);
    }

    [Fact]
    public async Task A_slow_completion_is_waited_for()
    {
        FailOnce("complete", Fault.Slow(TimeSpan.FromMilliseconds(300)));
        await topic.PublishAsync([Samples.Message("o-1", 1)], Cancellation);
        var delivery = await ReceiveAsync();

        await delivery!.CompleteAsync(Cancellation);
        await delivery.ReleaseSessionAsync(Cancellation);

        Assert.Null(await ReceiveAsync());
    }

    /// <summary>Completes a message while completion fails, and returns what is delivered afterwards.</summary>
    async Task<IDelivery?> SettledInVainAsync()
    {
        await topic.PublishAsync([Samples.Message("o-1", 1)], Cancellation);
        var delivery = await ReceiveAsync();
        var fault = await Record.ExceptionAsync(() => delivery!.CompleteAsync(Cancellation));
        Assert.True(fault is LockLostException or TransientException, $"{fault}");
        return await ReceiveAsync();
    }

    Task<IDelivery?> ReceiveAsync() =>
        WireDelivery.ReceiveAsync(client, Topology.Current.Topic, Participants.Payments, TimeSpan.FromSeconds(1));

    void FailOnce(string operation, Fault fault)
    {
        var isOver = false;
        broker.Faults = call =>
        {
            if (call.Operation != operation || isOver)
                return null;
            isOver = true;
            return fault;
        };
    }

    static OutboundMessage OfSize(int bytes, int number = 1) =>
        Samples.Message("o-1", number, new InventoryReserved("17850", Samples.Total, new string('x', bytes), Samples.Address));
}
