using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Contracts;

/// <summary>A bus with its subscriptions of topology.json, on a clock that the test moves.</summary>
public interface IBusUnderTest : IAsyncDisposable
{
    IEventBus Topic { get; }

    TimeSpan LockDuration { get; }
    TimeSpan DuplicateWindow { get; }

    /// <summary>Deliveries after which the bus itself dead-letters.</summary>
    int DeliveriesMax { get; }

    /// <summary>Locks the next session that is free and has a message; null where there is none within <paramref name="patience"/>.</summary>
    Task<IDelivery?> ReceiveAsync(string subscription, TimeSpan patience);

    IDeadLetterQueue DeadLetters(string subscription);

    Task AdvanceAsync(TimeSpan time);

    /// <summary>Whether anything outlives the process.</summary>
    bool IsDurable { get; }

    /// <summary>As after a crash: nothing is settled, everything is read again.</summary>
    Task RestartAsync();
}

/// <summary>A message with its lock.</summary>
public interface IDelivery : ISettlement
{
    ReceivedMessage Message { get; }

    /// <exception cref="LockLostException">It is delivered again.</exception>
    Task RenewLockAsync(CancellationToken cancellation);
}

/// <summary>What the saga relies on in a bus with sessions.</summary>
public abstract class EventBusContract : IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(60);

    IBusUnderTest bus = null!;

    protected abstract ValueTask<IBusUnderTest> BusAsync();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => bus = await BusAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await bus.DisposeAsync();
    }

    [Fact]
    public async Task A_message_reaches_every_subscription_that_hears_its_type_and_no_other()
    {
        await PublishAsync(Samples.Message("o-1", 1, new PaymentSucceeded("ch-1", Samples.Total, "17850", Samples.Address)));
        foreach (var subscription in Topology.Current.Subscriptions)
        {
            var delivery = await bus.ReceiveAsync(subscription.Name, subscription.Hears.Contains("PaymentSucceeded") ? Soon : Moment);
            Assert.Equal(subscription.Hears.Contains("PaymentSucceeded"), delivery is not null);
        }
    }

    [Fact]
    public async Task A_message_arrives_with_all_that_was_said()
    {
        var said = new InventoryReserved("17850", Samples.Total, "tok_visa", Samples.Address);
        await PublishAsync(Samples.Message("o-1", 1, said));

        var message = (await ReceiveAsync("payments")).Message;

        Assert.Equal("o-1/sender/1", message.Id);
        Assert.Equal("o-1", message.OrderId);
        Assert.Equal("InventoryReserved", message.Type);
        Assert.Equal(said, message.Event);
        Assert.Equal("o-1/cause/1", message.CausationId);
        Assert.Equal(Samples.Trace, message.TraceParent);
        Assert.Equal(1, message.DeliveryCount);
        Assert.Null(message.Unreadable);
    }

    [Fact]
    public async Task Every_public_event_arrives_as_it_was()
    {
        foreach (var said in Samples.EveryEvent.OfType<PublicEvent>())
        {
            var number = Array.FindIndex([.. Samples.EveryEvent], e => ReferenceEquals(e, said));
            await PublishAsync(Samples.Message($"o-{number}", number, said));
            if (bus.IsDurable)
                await bus.RestartAsync();
            if (Topology.Current.Subscriptions.FirstOrDefault(s => s.Hears.Contains(said.GetType().Name)) is not { } subscription)
                continue;
            var delivery = await ReceiveAsync(subscription.Name);
            Assert.Equal(EventJson.Encode(said), EventJson.Encode(delivery.Message.Event!));
            await SettleAllAsync(delivery);
        }
    }

    [Fact]
    public async Task The_messages_of_an_order_arrive_in_their_order_one_at_a_time()
    {
        for (var batch = 0; batch < 10; batch++)
            await PublishAsync(Samples.Message("o-1", batch * 2), Samples.Message("o-1", batch * 2 + 1));
        for (var number = 0; number < 20; number++)
        {
            var delivery = await ReceiveAsync("payments");
            Assert.Equal($"o-1/sender/{number}", delivery.Message.Id);
            Assert.Null(await bus.ReceiveAsync("payments", TimeSpan.Zero));
            await SettleAsync(delivery);
        }
        Assert.Null(await bus.ReceiveAsync("payments", Moment));
    }

    [Fact]
    public async Task A_session_is_locked_until_it_is_released_even_after_its_message_is_completed()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        var first = await ReceiveAsync("payments");
        await first.CompleteAsync(Cancellation);
        Assert.Null(await bus.ReceiveAsync("payments", Moment));

        await first.ReleaseSessionAsync(Cancellation);

        Assert.Equal("o-1/sender/2", (await ReceiveAsync("payments")).Message.Id);
    }

    [Fact]
    public async Task Sessions_of_different_orders_and_subscriptions_do_not_wait_for_each_other()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-2", 1));
        var held = await ReceiveAsync("payments");
        var other = await ReceiveAsync("payments");
        Assert.NotEqual(held.Message.OrderId, other.Message.OrderId);
        Assert.Equal("o-1", (await ReceiveAsync("orders")).Message.OrderId);
    }

    [Fact]
    public async Task A_released_session_goes_to_whoever_is_next_behind_those_who_waited()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        await PublishAsync(Samples.Message("o-2", 1));
        await SettleAsync(await ReceiveAsync("payments"));
        Assert.Equal("o-2/sender/1", (await ReceiveAsync("payments")).Message.Id);
        Assert.Equal("o-1/sender/2", (await ReceiveAsync("payments")).Message.Id);
    }

    [Fact]
    public async Task Whoever_waits_is_woken_by_a_message()
    {
        var waiting = bus.ReceiveAsync("payments", Soon);
        await Task.Delay(20, Cancellation);
        Assert.False(waiting.IsCompleted);
        await PublishAsync(Samples.Message("o-1", 1));
        Assert.Equal("o-1/sender/1", (await waiting)!.Message.Id);
    }

    [Fact]
    public async Task Whoever_waits_is_woken_by_a_release()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        var first = await ReceiveAsync("payments");
        var waiting = bus.ReceiveAsync("payments", Soon);
        await SettleAsync(first);
        Assert.Equal("o-1/sender/2", (await waiting)!.Message.Id);
    }

    [Fact]
    public async Task What_is_abandoned_comes_again_before_what_is_behind_it_and_is_counted()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        for (var count = 1; count <= 3; count++)
        {
            var delivery = await ReceiveAsync("payments");
            Assert.Equal(("o-1/sender/1", count), (delivery.Message.Id, delivery.Message.DeliveryCount));
            await delivery.AbandonAsync(Cancellation);
            await delivery.ReleaseSessionAsync(Cancellation);
        }
    }

    [Fact]
    public async Task A_lock_ends_by_itself_and_the_message_comes_again_and_is_counted()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        await ReceiveAsync("payments");
        await bus.AdvanceAsync(bus.LockDuration / 2);
        Assert.Null(await bus.ReceiveAsync("payments", Moment));

        await bus.AdvanceAsync(bus.LockDuration);

        var again = await ReceiveAsync("payments");
        Assert.Equal(("o-1/sender/1", 2), (again.Message.Id, again.Message.DeliveryCount));
    }

    [Fact]
    public async Task Whoever_lost_its_lock_can_settle_nothing()
    {
        await PublishAsync(Samples.Message("o-1", 1));
        var lost = await ReceiveAsync("payments");
        await bus.AdvanceAsync(bus.LockDuration * 2);
        var held = await ReceiveAsync("payments");

        await Assert.ThrowsAsync<LockLostException>(() => lost.CompleteAsync(Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => lost.AbandonAsync(Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => lost.DeadLetterAsync("r", "d", Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => lost.ReleaseSessionAsync(Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => lost.RenewLockAsync(Cancellation));

        Assert.Null(await bus.ReceiveAsync("payments", Moment));
        await SettleAsync(held);
        Assert.Null(await bus.ReceiveAsync("payments", Moment));
    }

    [Fact]
    public async Task A_lock_that_ended_is_lost_even_if_nobody_else_has_taken_it()
    {
        await PublishAsync(Samples.Message("o-1", 1));
        var lost = await ReceiveAsync("payments");
        await bus.AdvanceAsync(bus.LockDuration * 2);
        await Assert.ThrowsAsync<LockLostException>(() => lost.CompleteAsync(Cancellation));
    }

    [Fact]
    public async Task A_lock_that_is_renewed_does_not_end()
    {
        await PublishAsync(Samples.Message("o-1", 1));
        var held = await ReceiveAsync("payments");
        for (var time = 0; time < 5; time++)
        {
            await bus.AdvanceAsync(bus.LockDuration * 0.7);
            await held.RenewLockAsync(Cancellation);
        }
        Assert.Null(await bus.ReceiveAsync("payments", Moment));
        await SettleAsync(held);
        Assert.Null(await bus.ReceiveAsync("payments", Moment));
    }

    [Fact]
    public async Task A_session_whose_message_was_completed_is_free_when_its_lock_ends()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        await (await ReceiveAsync("payments")).CompleteAsync(Cancellation);
        await bus.AdvanceAsync(bus.LockDuration * 2);
        var next = await ReceiveAsync("payments");
        Assert.Equal(("o-1/sender/2", 1), (next.Message.Id, next.Message.DeliveryCount));
    }

    [Fact]
    public async Task What_is_dead_lettered_leaves_its_session_to_the_next_and_waits_in_the_dead_letter_queue()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        await DeadLetterAsync("payments");

        Assert.Equal("o-1/sender/2", (await ReceiveAsync("payments")).Message.Id);
        var dead = Assert.Single(await bus.DeadLetters("payments").ReceiveAsync(10, Cancellation));
        Assert.Equal(("o-1/sender/1", "InventoryReserved", "o-1"), (dead.Id, dead.Type, dead.OrderId));
        Assert.IsType<InventoryReserved>(dead.Event);
        Assert.Empty(await bus.DeadLetters("orders").ReceiveAsync(10, Cancellation));
    }

    [Fact]
    public async Task A_dead_letter_is_locked_while_it_is_held_and_comes_again_when_it_is_abandoned_or_its_lock_ends()
    {
        var dead = bus.DeadLetters("payments");
        await PublishAsync(Samples.Message("o-1", 1));
        await DeadLetterAsync("payments");

        var held = Assert.Single(await dead.ReceiveAsync(10, Cancellation));
        Assert.Empty(await dead.ReceiveAsync(10, Cancellation));
        await dead.AbandonAsync(held, Cancellation);
        held = Assert.Single(await dead.ReceiveAsync(10, Cancellation));
        await bus.AdvanceAsync(bus.LockDuration * 0.7);
        await dead.RenewLockAsync(held, Cancellation);
        await bus.AdvanceAsync(bus.LockDuration * 0.7);
        Assert.Empty(await dead.ReceiveAsync(10, Cancellation));
        await bus.AdvanceAsync(bus.LockDuration);

        var again = Assert.Single(await dead.ReceiveAsync(10, Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => dead.CompleteAsync(held, Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => dead.RenewLockAsync(held, Cancellation));
        await Assert.ThrowsAsync<LockLostException>(() => dead.AbandonAsync(held, Cancellation));
        await dead.CompleteAsync(again, Cancellation);
        await bus.AdvanceAsync(bus.LockDuration * 2);
        Assert.Empty(await dead.ReceiveAsync(10, Cancellation));
    }

    [Fact]
    public async Task Dead_letters_come_oldest_first_and_no_more_than_asked_for()
    {
        for (var number = 1; number <= 5; number++)
        {
            await PublishAsync(Samples.Message($"o-{number}", number));
            await DeadLetterAsync("payments");
        }
        var dead = bus.DeadLetters("payments");
        Assert.Equal(["o-1", "o-2", "o-3"], (await dead.ReceiveAsync(3, Cancellation)).Select(message => message.OrderId));
        Assert.Equal(["o-4", "o-5"], (await dead.ReceiveAsync(3, Cancellation)).Select(message => message.OrderId));
    }

    [Fact]
    public async Task A_message_delivered_too_often_is_dead_lettered_by_the_bus()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        for (var count = 1; count <= bus.DeliveriesMax; count++)
        {
            var delivery = await ReceiveAsync("payments");
            Assert.Equal("o-1/sender/1", delivery.Message.Id);
            await delivery.AbandonAsync(Cancellation);
            await delivery.ReleaseSessionAsync(Cancellation);
        }
        Assert.Equal("o-1/sender/2", (await ReceiveAsync("payments")).Message.Id);
        Assert.Equal("o-1/sender/1", Assert.Single(await bus.DeadLetters("payments").ReceiveAsync(10, Cancellation)).Id);
    }

    [Fact]
    public async Task A_scheduled_message_is_heard_at_its_time_and_not_before_and_others_do_not_wait_for_it()
    {
        var due = new ShipmentDue(Samples.Noon);
        var now = await NowAsync();
        await PublishAsync(Samples.Message("o-1", 1, due, now + TimeSpan.FromMinutes(5)));
        await PublishAsync(Samples.Message("o-1", 2, due));

        var first = await ReceiveAsync("shipping");
        Assert.Equal("o-1/sender/2", first.Message.Id);
        await SettleAsync(first);
        await bus.AdvanceAsync(TimeSpan.FromMinutes(4));
        Assert.Null(await bus.ReceiveAsync("shipping", Moment));

        await bus.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.Equal("o-1/sender/1", (await ReceiveAsync("shipping")).Message.Id);
    }

    [Fact]
    public async Task Whoever_waits_is_woken_by_a_scheduled_message()
    {
        await PublishAsync(Samples.Message("o-1", 1, new ShipmentDue(Samples.Noon), await NowAsync() + TimeSpan.FromMinutes(5)));
        var waiting = bus.ReceiveAsync("shipping", Soon);
        await bus.AdvanceAsync(TimeSpan.FromMinutes(6));
        Assert.Equal("o-1/sender/1", (await waiting)!.Message.Id);
    }

    [Fact]
    public async Task A_message_scheduled_for_the_past_is_heard_at_once()
    {
        await PublishAsync(Samples.Message("o-1", 1, new ShipmentDue(Samples.Noon), await NowAsync() - TimeSpan.FromMinutes(5)));
        Assert.Equal("o-1/sender/1", (await ReceiveAsync("shipping")).Message.Id);
    }

    [Fact]
    public async Task The_same_id_is_accepted_once_within_the_window_even_after_it_was_handled()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 1));
        await SettleAsync(await ReceiveAsync("payments"));
        await bus.AdvanceAsync(bus.DuplicateWindow * 0.9);
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        var next = await ReceiveAsync("payments");
        Assert.Equal("o-1/sender/2", next.Message.Id);
        await SettleAsync(next);
        Assert.Null(await bus.ReceiveAsync("payments", Moment));
    }

    [Fact]
    public async Task The_same_id_is_accepted_again_after_the_window()
    {
        await PublishAsync(Samples.Message("o-1", 1));
        await SettleAsync(await ReceiveAsync("payments"));
        await bus.AdvanceAsync(bus.DuplicateWindow * 1.1);
        await PublishAsync(Samples.Message("o-1", 1));
        Assert.Equal("o-1/sender/1", (await ReceiveAsync("payments")).Message.Id);
    }

    [Fact]
    public async Task The_same_id_published_by_many_at_once_is_accepted_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => PublishAsync(Samples.Message("o-1", 1)), Cancellation)));
        await SettleAsync(await ReceiveAsync("payments"));
        Assert.Null(await bus.ReceiveAsync("payments", Moment));
    }

    [Fact]
    public async Task A_batch_that_cannot_be_written_leaves_nothing_behind()
    {
        var tooLong = Samples.Message("o-1", 2) with { Id = new string('x', 129) };
        await Assert.ThrowsAnyAsync<Exception>(() => PublishAsync(Samples.Message("o-1", 1), tooLong));
        Assert.Null(await bus.ReceiveAsync("payments", Moment));

        // Nor does it stand in the way of the same message in another batch.
        await PublishAsync(Samples.Message("o-1", 1));
        Assert.Equal("o-1/sender/1", (await ReceiveAsync("payments")).Message.Id);
    }

    [Fact]
    public async Task Many_consumers_at_once_get_every_message_once_and_each_order_in_its_order()
    {
        const int Orders = 40, Each = 10;
        var publishing = Task.WhenAll(Enumerable.Range(0, Orders).Select(order => Task.Run(async () =>
        {
            for (var number = 0; number < Each; number++)
                await PublishAsync(Samples.Message($"o-{order}", number));
        }, Cancellation)));

        var heard = new List<(string Order, string Id)>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                lock (heard)
                {
                    if (heard.Count == Orders * Each)
                        return;
                }
                if (await bus.ReceiveAsync("payments", Moment) is not { } delivery)
                    continue;
                lock (heard)
                    heard.Add((delivery.Message.OrderId, delivery.Message.Id));
                await SettleAsync(delivery);
            }
        }, Cancellation)));
        await publishing;

        Assert.Equal(Orders * Each, heard.Distinct().Count());
        foreach (var order in heard.GroupBy(message => message.Order))
            Assert.Equal(Enumerable.Range(0, Each).Select(number => $"{order.Key}/sender/{number}"), order.Select(message => message.Id));
    }

    [Fact]
    public async Task What_was_published_and_not_completed_is_there_after_a_restart_and_its_deliveries_are_counted_on()
    {
        Assert.SkipUnless(bus.IsDurable, "Nothing outlives the process.");
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2), Samples.Message("o-1", 3));
        await SettleAsync(await ReceiveAsync("payments"));
        var abandoned = await ReceiveAsync("payments");
        await abandoned.AbandonAsync(Cancellation);
        await abandoned.ReleaseSessionAsync(Cancellation);
        Assert.Equal(2, (await ReceiveAsync("payments")).Message.DeliveryCount);

        await bus.RestartAsync();

        var again = await ReceiveAsync("payments");
        Assert.Equal(("o-1/sender/2", 3), (again.Message.Id, again.Message.DeliveryCount));
        Assert.Equal((Samples.Trace, "o-1/cause/2"), (again.Message.TraceParent, again.Message.CausationId));
        await SettleAsync(again);
        var last = await ReceiveAsync("payments");

        // A bus need not know for certain that a message was never delivered before the restart.
        Assert.Equal("o-1/sender/3", last.Message.Id);
        Assert.InRange(last.Message.DeliveryCount, 1, 2);
    }

    [Fact]
    public async Task Dead_letters_scheduled_messages_and_the_window_are_there_after_a_restart()
    {
        Assert.SkipUnless(bus.IsDurable, "Nothing outlives the process.");
        await PublishAsync(Samples.Message("dead", 1));
        await DeadLetterAsync("payments");
        await PublishAsync(Samples.Message("later", 1, new ShipmentDue(Samples.Noon), await NowAsync() + TimeSpan.FromMinutes(5)));
        await PublishAsync(Samples.Message("done", 1));
        await SettleAsync(await ReceiveAsync("payments"));

        await bus.RestartAsync();

        await PublishAsync(Samples.Message("done", 1));
        Assert.Null(await bus.ReceiveAsync("payments", Moment));
        Assert.Equal("dead", Assert.Single(await bus.DeadLetters("payments").ReceiveAsync(10, Cancellation)).OrderId);
        Assert.Null(await bus.ReceiveAsync("shipping", Moment));
        await bus.AdvanceAsync(TimeSpan.FromMinutes(6));
        Assert.Equal("later", (await ReceiveAsync("shipping")).Message.OrderId);
    }

    [Fact]
    public async Task A_message_that_was_due_before_another_was_published_is_before_it_after_a_restart_too()
    {
        Assert.SkipUnless(bus.IsDurable, "Nothing outlives the process.");
        await PublishAsync(Samples.Message("o-1", 1, new ShipmentDue(Samples.Noon), await NowAsync() + TimeSpan.FromMinutes(5)));
        await PublishAsync(Samples.Message("o-1", 2, new ShipmentDue(Samples.Noon)));
        await bus.AdvanceAsync(TimeSpan.FromMinutes(6));
        await PublishAsync(Samples.Message("o-1", 3, new ShipmentDue(Samples.Noon)));

        await bus.RestartAsync();

        foreach (var number in (int[])[2, 1, 3])
        {
            var delivery = await ReceiveAsync("shipping");
            Assert.Equal($"o-1/sender/{number}", delivery.Message.Id);
            await SettleAsync(delivery);
        }
    }

    Task PublishAsync(params IReadOnlyList<OutboundMessage> messages) => bus.Topic.PublishAsync(messages, Cancellation);

    async Task<IDelivery> ReceiveAsync(string subscription)
    {
        var delivery = await bus.ReceiveAsync(subscription, Soon);
        Assert.NotNull(delivery);
        return delivery;
    }

    static async Task SettleAsync(IDelivery delivery)
    {
        await delivery.CompleteAsync(Cancellation);
        await delivery.ReleaseSessionAsync(Cancellation);
    }

    /// <summary>Also what the other subscriptions have of it, so that it does not stand in the next one's way.</summary>
    async Task SettleAllAsync(IDelivery delivery)
    {
        await SettleAsync(delivery);
        foreach (var other in Topology.Current.Subscriptions.Where(s => s.Hears.Contains(delivery.Message.Type)).Skip(1))
            await SettleAsync(await ReceiveAsync(other.Name));
    }

    async Task DeadLetterAsync(string subscription)
    {
        var delivery = await ReceiveAsync(subscription);
        await delivery.DeadLetterAsync("HandlerFailed", "a bug", Cancellation);
        await delivery.ReleaseSessionAsync(Cancellation);
    }

    /// <summary>The bus tells its time by when it accepted a message.</summary>
    async Task<DateTimeOffset> NowAsync()
    {
        await PublishAsync(Samples.Message($"clock-{Guid.NewGuid()}", 1, new OrderCompleted("17850", "trk-1")));
        var delivery = await ReceiveAsync("notifications");
        await SettleAsync(delivery);
        return delivery.Message.EnqueuedAt;
    }
}
