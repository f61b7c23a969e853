using Azure.Messaging.ServiceBus;
using Moq;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.Apps.Tests.ServiceBus;

public class ServiceBusEventBusTests
{
    readonly List<string[]> batches = [];
    readonly Mock<ServiceBusSender> sender = new();
    readonly ServiceBusEventBus bus;
    int room = int.MaxValue;

    public ServiceBusEventBusTests()
    {
        bus = new(sender.Object);
        var filling = new List<ServiceBusMessage>();
        sender.Setup(s => s.CreateMessageBatchAsync(It.IsAny<CancellationToken>())).ReturnsAsync(() =>
        {
            filling = [];
            var batch = filling;
            return ServiceBusModelFactory.ServiceBusMessageBatch(0, batch, tryAddCallback: _ => batch.Count < room);
        });
        sender.Setup(s => s.SendMessagesAsync(It.IsAny<ServiceBusMessageBatch>(), It.IsAny<CancellationToken>()))
            .Callback(() => batches.Add([.. filling.Select(message => message.MessageId)]))
            .Returns(Task.CompletedTask);
    }

    [Fact]
    public async Task A_turns_messages_go_out_in_one_batch_in_their_order()
    {
        await PublishAsync(3);

        Assert.Equal([["m1", "m2", "m3"]], batches);
    }

    [Fact]
    public async Task A_full_batch_is_followed_by_another_in_order()
    {
        room = 2;

        await PublishAsync(5);

        Assert.Equal([["m1", "m2"], ["m3", "m4"], ["m5"]], batches);
    }

    [Fact]
    public async Task A_message_that_fits_no_batch_is_not_retried()
    {
        room = 0;

        var e = await Assert.ThrowsAsync<ServiceBusException>(() => PublishAsync(1));

        Assert.Equal(ServiceBusFailureReason.MessageSizeExceeded, e.Reason);
    }

    public static TheoryData<Exception> Faults =>
    [
        new ServiceBusException("busy", ServiceBusFailureReason.ServiceBusy),
        new ServiceBusException("gone", ServiceBusFailureReason.MessagingEntityNotFound),
        new UnauthorizedAccessException("no right to send"),
        new TaskCanceledException("timed out"),
    ];

    [Theory, MemberData(nameof(Faults), DisableDiscoveryEnumeration = true)]
    public async Task Any_failure_to_send_leaves_the_outcome_unknown(Exception fault)
    {
        sender.Setup(s => s.SendMessagesAsync(It.IsAny<ServiceBusMessageBatch>(), It.IsAny<CancellationToken>())).ThrowsAsync(fault);

        Assert.Same(fault, (await Assert.ThrowsAsync<TransientException>(() => PublishAsync(1))).InnerException);
    }

    Task PublishAsync(int count) => bus.PublishAsync(
        [.. Enumerable.Range(1, count).Select(i => new OutboundMessage($"m{i}", "o-1", new RestockInventory("r"), null, null, null))],
        TestContext.Current.CancellationToken);
}
