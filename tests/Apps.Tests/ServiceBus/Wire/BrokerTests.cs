using Azure.Messaging.ServiceBus;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBusBroker;

namespace OrderFunctions.Apps.Tests.ServiceBus.Wire;

/// <summary>What the test broker does for Azure's client beyond the bus contract, and what it rejects.</summary>
public sealed class BrokerTests : IAsyncLifetime
{
    const string Payments = Participants.Payments;

    readonly Broker broker = new(WireBus.OfTopology);
    readonly ServiceBusClient client;
    readonly ServiceBusSender sender;

    public BrokerTests()
    {
        client = WireBus.Client(broker.ConnectionString);
        sender = client.CreateSender(Topic);
    }

    static string Topic => Topology.Current.Topic;
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await broker.DisposeAsync();
    }

    [Fact]
    public async Task A_session_keeps_its_state_and_is_one_receivers_at_a_time()
    {
        await using (var session = await client.AcceptSessionAsync(Topic, Payments, "o-1", cancellationToken: Cancellation))
        {
            Assert.Null(await session.GetSessionStateAsync(Cancellation));
            await session.SetSessionStateAsync(BinaryData.FromString("half-way"), Cancellation);
            var locked = await Assert.ThrowsAsync<ServiceBusException>(
                () => client.AcceptSessionAsync(Topic, Payments, "o-1", cancellationToken: Cancellation));
            Assert.Equal(ServiceBusFailureReason.SessionCannotBeLocked, locked.Reason);
        }
        await using var next = await client.AcceptSessionAsync(Topic, Payments, "o-1", cancellationToken: Cancellation);
        Assert.Equal("half-way", (await next.GetSessionStateAsync(Cancellation)).ToString());
    }

    [Fact]
    public async Task Messages_are_peeked_at_without_a_lock_and_without_being_counted()
    {
        await sender.SendMessagesAsync([Message("m-1"), Message("m-2")], Cancellation);
        await using var session = await client.AcceptSessionAsync(Topic, Payments, "o-1", cancellationToken: Cancellation);

        var peeked = await session.PeekMessagesAsync(10, cancellationToken: Cancellation);

        Assert.Equal(["m-1", "m-2"], peeked.Select(message => message.MessageId));
        Assert.Equal(1, (await session.ReceiveMessageAsync(cancellationToken: Cancellation)).DeliveryCount);
    }

    [Fact]
    public async Task A_message_is_scheduled_and_cancelled_by_its_number()
    {
        var number = await sender.ScheduleMessageAsync(Message("m-1"), DateTimeOffset.UtcNow.AddHours(1), Cancellation);
        Assert.Equal(1, (await broker.DepthAsync(Payments)).Scheduled);

        await sender.CancelScheduledMessageAsync(number, Cancellation);

        Assert.Equal(0, (await broker.DepthAsync(Payments)).Scheduled);
        Assert.Equal(ServiceBusFailureReason.MessageNotFound,
            (await Assert.ThrowsAsync<ServiceBusException>(() => sender.CancelScheduledMessageAsync(number, Cancellation))).Reason);
    }

    [Fact]
    public async Task A_message_without_a_matching_subscription_is_dropped()
    {
        await sender.SendMessageAsync(new("{}") { SessionId = "o-1", Subject = "Unheard" }, Cancellation);
        foreach (var subscription in Topology.Current.Subscriptions)
            Assert.Equal(0, (await broker.DepthAsync(subscription.Name)).Waiting);
    }

    [Fact]
    public async Task A_receiver_without_sessions_and_a_subscription_that_is_not_there_are_refused_as_Azure_does()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => client.CreateReceiver(Topic, Payments).ReceiveMessageAsync(TimeSpan.FromSeconds(1), Cancellation));
        var missing = await Assert.ThrowsAsync<ServiceBusException>(
            () => client.AcceptNextSessionAsync(Topic, "nobody", cancellationToken: Cancellation));
        Assert.Equal(ServiceBusFailureReason.MessagingEntityNotFound, missing.Reason);
        Assert.Empty(broker.Unknown);
    }

    [Fact]
    public async Task The_broker_refuses_what_it_does_not_support()
    {
        var destructive = client.CreateReceiver(
            Topic, Payments, new() { SubQueue = SubQueue.DeadLetter, ReceiveMode = ServiceBusReceiveMode.ReceiveAndDelete });
        await Assert.ThrowsAnyAsync<Exception>(() => sender.SendMessageAsync(new() { TimeToLive = TimeSpan.FromDays(1) }, Cancellation));
        await Assert.ThrowsAnyAsync<Exception>(
            () => sender.SendMessageAsync(new() { SessionId = "o-1", PartitionKey = "o-1" }, Cancellation));
        await Assert.ThrowsAnyAsync<Exception>(() => destructive.ReceiveMessageAsync(TimeSpan.FromSeconds(1), Cancellation));
        await sender.SendMessageAsync(Message("m-1"), Cancellation);
        var session = await client.AcceptNextSessionAsync(Topic, Payments, cancellationToken: Cancellation);
        var message = await session.ReceiveMessageAsync(cancellationToken: Cancellation);
        await Assert.ThrowsAnyAsync<Exception>(() => session.DeferMessageAsync(message, cancellationToken: Cancellation));

        Assert.Equal(4, broker.Unknown.Count);
    }

    static ServiceBusMessage Message(string id) => new("{}") { MessageId = id, SessionId = "o-1", Subject = "InventoryReserved" };
}
