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
        queue = new(() => receiver.Object);
        receiver.Setup(r => r.ReceiveMessagesAsync(It.IsAny<int>(), It.IsAny<TimeSpan?>(), It.IsAny<CancellationToken>())).ReturnsAsync([dead]);
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Messages_are_received_under_locks_and_not_prefetched() => Assert.Equivalent(
        new { SubQueue = SubQueue.DeadLetter, ReceiveMode = ServiceBusReceiveMode.PeekLock, PrefetchCount = 0 }, ServiceBusDeadLetters.ReceiverOptions);

    [Fact]
    public async Task Renewing_completing_and_giving_back_use_the_lock_under_which_the_message_was_received()
    {
        await using (var open = queue.Open())
        {
            var message = Assert.Single(await open.ReceiveAsync(10, Cancellation));
            await open.RenewLockAsync(message, Cancellation);
        }
        receiver.Verify(r => r.RenewMessageLockAsync(It.Is<ServiceBusReceivedMessage>(m => m.LockToken == dead.LockToken), Cancellation), Times.Once);
        receiver.Verify(
            r => r.AbandonMessageAsync(It.Is<ServiceBusReceivedMessage>(m => m.LockToken == dead.LockToken), null, It.IsAny<CancellationToken>()), Times.Once);
        receiver.Verify(r => r.DisposeAsync(), Times.Once);
    }

    [Fact]
    public async Task What_is_completed_is_not_given_back()
    {
        await using (var open = queue.Open())
            await open.CompleteAsync(Assert.Single(await open.ReceiveAsync(10, Cancellation)), Cancellation);
        receiver.Verify(r => r.CompleteMessageAsync(It.Is<ServiceBusReceivedMessage>(m => m.LockToken == dead.LockToken), Cancellation), Times.Once);
        receiver.Verify(
            r => r.AbandonMessageAsync(It.IsAny<ServiceBusReceivedMessage>(), null, It.IsAny<CancellationToken>()), Times.Never);
    }

    [Theory]
    [InlineData(ServiceBusFailureReason.MessageLockLost)]
    [InlineData(ServiceBusFailureReason.MessageNotFound)]
    public async Task A_lost_lock_is_reported_as_a_lost_lock(ServiceBusFailureReason reason)
    {
        await using var open = queue.Open();
        var message = Assert.Single(await open.ReceiveAsync(10, Cancellation));
        receiver.Setup(r => r.CompleteMessageAsync(It.IsAny<ServiceBusReceivedMessage>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new ServiceBusException("lost", reason));

        await Assert.ThrowsAsync<LockLostException>(() => open.CompleteAsync(message, Cancellation));
    }

    [Fact]
    public async Task A_queue_that_does_not_answer_is_left_to_the_next_run()
    {
        var busy = new ServiceBusException("busy", ServiceBusFailureReason.ServiceBusy);
        receiver.Setup(r => r.ReceiveMessagesAsync(It.IsAny<int>(), It.IsAny<TimeSpan?>(), It.IsAny<CancellationToken>())).ThrowsAsync(busy);
        receiver.Setup(r => r.PeekMessagesAsync(It.IsAny<int>(), It.IsAny<long?>(), It.IsAny<CancellationToken>())).ThrowsAsync(busy);
        await using var open = queue.Open();

        await Assert.ThrowsAsync<TransientException>(() => open.ReceiveAsync(10, Cancellation));
        await Assert.ThrowsAsync<TransientException>(() => queue.PeekAsync(-1, 10, Cancellation));
    }
}
