using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging.Abstractions;
using Moq;
using OrderFunctions.Kernel;
using OrderFunctions.PaymentsApp;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBus;
using OrderFunctions.Turns;

namespace OrderFunctions.Apps.Tests.ServiceBus;

/// <summary>
/// Calls a function of an app as the host does. Each path settles once, after publishing, and releases the session last or not at all.
/// </summary>
public class FunctionCallTests
{
    readonly World world = new();
    readonly Mock<ServiceBusMessageActions> actions = new();
    readonly Mock<ServiceBusSessionMessageActions> session = new();
    readonly PaymentsFunctions functions;

    public FunctionCallTests()
    {
        var participant = world.Participant;
        functions = new(
            new MessageHandler(participant, world.Options, world.Time, NullLogger<MessageHandler>.Instance),
            new Upkeep(
                new Republisher(participant, world, world.Time), new Replayer(participant, world, world.Time), NullLogger<Upkeep>.Instance));
        actions.Setup(a => a.CompleteMessageAsync(It.IsAny<ServiceBusReceivedMessage>(), It.IsAny<CancellationToken>())).Returns(() => Log("complete"));
        actions.Setup(a => a.AbandonMessageAsync(It.IsAny<ServiceBusReceivedMessage>(), It.IsAny<IDictionary<string, object>>(), It.IsAny<CancellationToken>()))
            .Returns(() => Log("abandon"));
        actions.Setup(a => a.DeadLetterMessageAsync(
                It.IsAny<ServiceBusReceivedMessage>(), null, It.IsAny<string>(), It.IsAny<string>(), It.IsAny<CancellationToken>()))
            .Returns((ServiceBusReceivedMessage _, Dictionary<string, object> _, string reason, string _, CancellationToken _) => Log($"dead-letter {reason}"));
        session.Setup(s => s.ReleaseSession(It.IsAny<CancellationToken>())).Returns(() => Log("release"));
    }

    [Fact]
    public async Task A_message_is_completed_once_its_events_are_published_and_then_the_session_is_released()
    {
        await CallAsync(World.Reserved);

        Assert.Equal(["load", "charge", "save", "publish PaymentSucceeded", "complete", "release"], world.Log);
    }

    [Fact]
    public async Task A_redelivery_is_published_again_completed_and_released()
    {
        await CallAsync(World.Reserved);
        world.Log.Clear();

        await CallAsync(World.Reserved, delivery: 2);

        Assert.Equal(["load", "publish PaymentSucceeded", "complete", "release"], world.Log);
    }

    [Fact]
    public async Task A_message_that_the_participant_does_not_hear_is_completed_and_released()
    {
        await CallAsync(new OrderShipped("tr-1"));

        Assert.Equal(["complete", "release"], world.Log);
    }

    [Fact]
    public async Task What_cannot_be_handled_now_is_given_back_and_then_the_session_is_released()
    {
        world.Fail("load");
        world.Fail("load");
        world.Fail("load");

        await CallAsync(World.Reserved);

        Assert.Equal(["abandon", "release"], world.Log[^2..]);
        Assert.DoesNotContain("complete", world.Log);
    }

    [Fact]
    public async Task A_poisonous_message_is_dead_lettered_with_its_reason_after_its_order_is_announced_as_parked()
    {
        await CallAsync(ServiceBusModelFactory.ServiceBusReceivedMessage(
            body: BinaryData.FromString("{"), messageId: "o-1/m-1", sessionId: "o-1", subject: nameof(InventoryReserved), deliveryCount: 1));

        Assert.Equal(["load", "save", "publish OrderParked", $"dead-letter {ParkingReasons.Unreadable}", "release"], world.Log);
    }

    public static TheoryData<Exception> SettlementFaults =>
    [
        new ServiceBusException("lost", ServiceBusFailureReason.MessageLockLost),
        new ServiceBusException("lost", ServiceBusFailureReason.SessionLockLost),
        new InvalidOperationException("whatever comes out of gRPC"),
    ];

    [Theory, MemberData(nameof(SettlementFaults), DisableDiscoveryEnumeration = true)]
    public async Task A_message_that_could_not_be_settled_fails_the_call_and_keeps_the_session(Exception fault)
    {
        actions.Setup(a => a.CompleteMessageAsync(It.IsAny<ServiceBusReceivedMessage>(), It.IsAny<CancellationToken>())).ThrowsAsync(fault);

        await Assert.ThrowsAsync<UnsettledException>(() => CallAsync(World.Reserved));

        Assert.Equal("publish PaymentSucceeded", world.Log[^1]);
    }

    [Fact]
    public async Task A_message_that_could_not_be_given_back_fails_the_call_so_that_the_next_one_does_not_overtake_it()
    {
        world.Fail("load", new InvalidOperationException("a bug"));
        actions.Setup(a => a.AbandonMessageAsync(It.IsAny<ServiceBusReceivedMessage>(), It.IsAny<IDictionary<string, object>>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new InvalidOperationException("unavailable"));

        await Assert.ThrowsAsync<UnsettledException>(() => CallAsync(World.Reserved));

        Assert.DoesNotContain("release", world.Log);
    }

    [Fact]
    public async Task A_session_that_could_not_be_released_costs_nothing_but_its_idle_time()
    {
        session.Setup(s => s.ReleaseSession(It.IsAny<CancellationToken>())).ThrowsAsync(new InvalidOperationException("unavailable"));

        await CallAsync(World.Reserved);

        Assert.Equal("complete", world.Log[^1]);
    }

    [Fact]
    public async Task A_host_that_stops_leaves_the_message_unsettled()
    {
        using var stopping = new CancellationTokenSource();
        world.AfterLoad = stopping.CancelAsync;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => CallAsync(Message(World.Reserved, 1), stopping.Token));

        Assert.DoesNotContain(world.Log, entry => entry is "complete" or "abandon" or "release" || entry.StartsWith("dead-letter", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_session_is_never_released_before_its_message_is_settled_and_no_message_is_settled_twice()
    {
        var settlement = new ServiceBusSettlement(Message(World.Reserved, 1), actions.Object, session.Object);
        var none = TestContext.Current.CancellationToken;

        await Assert.ThrowsAsync<InvalidOperationException>(() => settlement.ReleaseSessionAsync(none));
        await settlement.CompleteAsync(none);
        await Assert.ThrowsAsync<InvalidOperationException>(() => settlement.AbandonAsync(none));

        Assert.Equal(["complete"], world.Log);
    }

    Task CallAsync(PublicEvent @event, int delivery = 1) => CallAsync(Message(@event, delivery));

    Task CallAsync(ServiceBusReceivedMessage message) => CallAsync(message, TestContext.Current.CancellationToken);

    Task CallAsync(ServiceBusReceivedMessage message, CancellationToken stopping) => functions.OnMessage(message, actions.Object, session.Object, stopping);

    static ServiceBusReceivedMessage Message(PublicEvent @event, int delivery) =>
        MessageMappingTests.Delivered(new OutboundMessage("o-1/m-1", World.Order, @event, "cause-1", null, null).ToServiceBus(), delivery);

    Task Log(string call)
    {
        world.Log.Add(call);
        return Task.CompletedTask;
    }
}
