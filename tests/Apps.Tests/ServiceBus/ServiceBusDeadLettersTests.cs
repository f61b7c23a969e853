using Azure.Messaging.ServiceBus;
using Moq;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.ServiceBus;
using OrderFunctions.Turns;

namespace OrderFunctions.Apps.Tests.ServiceBus;

public class ServiceBusDeadLettersTests
{
    readonly Mock<ServiceBusReceiver> receiver = new();
    readonly ServiceBusReceivedMessage dead =
        MessageMappingTests.Delivered(new OutboundMessage("o-1/m-1", World.Order, World.Reserved, null, null, null).ToServiceBus(), deliveryCount: 4);
    readonly ServiceBusDeadLetters queue;

    public ServiceBusDeadLettersTests()
    {
        queue = new(receiver.Object);
        receiver.Setup(r => r.ReceiveMessagesAsync(It.IsAny<int>(), It.IsAny<TimeSpan?>(), It.IsAny<CancellationToken>())).ReturnsAsync([dead]);
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Messages_are_received_under_locks_and_not_prefetched() => Assert.Equivalent(
        new { SubQueue = SubQueue.DeadLetter, ReceiveMode = ServiceBusReceiveMode.PeekLock, PrefetchCount = 0 }, ServiceBusDeadLetters.ReceiverOptions);

    [Fact]
    public async Task Renewing_completing_and_abandoning_use_the_message_that_was_received()
    {
        var message = Assert.Single(await queue.ReceiveAsync(10, Cancellation));

        await queue.RenewLockAsync(message, Cancellation);
        await queue.AbandonAsync(message, Cancellation);
        await queue.CompleteAsync(message, Cancellation);

        receiver.Verify(r => r.RenewMessageLockAsync(dead, Cancellation), Times.Once);
        receiver.Verify(r => r.AbandonMessageAsync(dead, null, Cancellation), Times.Once);
        receiver.Verify(r => r.CompleteMessageAsync(dead, Cancellation), Times.Once);
    }

    [Theory]
    [InlineData(ServiceBusFailureReason.MessageLockLost)]
    [InlineData(ServiceBusFailureReason.MessageNotFound)]
    public async Task A_lost_lock_is_reported_as_a_lost_lock(ServiceBusFailureReason reason)
    {
        var message = Assert.Single(await queue.ReceiveAsync(10, Cancellation));
        receiver.Setup(r => r.CompleteMessageAsync(dead, It.IsAny<CancellationToken>())).ThrowsAsync(new ServiceBusException("lost", reason));

        await Assert.ThrowsAsync<LockLostException>(() => queue.CompleteAsync(message, Cancellation));
    }

    [Fact]
    public async Task A_queue_that_does_not_answer_is_left_to_the_next_run()
    {
        receiver.Setup(r => r.ReceiveMessagesAsync(It.IsAny<int>(), It.IsAny<TimeSpan?>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new ServiceBusException("busy", ServiceBusFailureReason.ServiceBusy));

        await Assert.ThrowsAsync<TransientException>(() => queue.ReceiveAsync(10, Cancellation));
    }
}
