using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Contracts;

/// <summary>The contract for delivery: which subscription gets which message, and in which order.</summary>
public abstract class BusDeliveryContract<TBus> : EventBusContract<TBus>
    where TBus : IBusFactory
{
    [Fact]
    public async Task A_message_reaches_every_subscription_that_hears_its_type_and_no_other()
    {
        await PublishAsync(Samples.Message("o-1", 1, new PaymentSucceeded("ch-1", Samples.Total, "17850", Samples.Address)));
        foreach (var subscription in Topology.Current.Subscriptions)
        {
            var delivery = await Bus.ReceiveAsync(subscription.Name, subscription.Hears.Contains("PaymentSucceeded") ? Soon : Moment);
            Assert.Equal(subscription.Hears.Contains("PaymentSucceeded"), delivery is not null);
        }
    }

    [Fact]
    public async Task A_message_arrives_with_all_that_was_sent()
    {
        var said = new InventoryReserved("17850", Samples.Total, "tok_visa", Samples.Address);
        await PublishAsync(Samples.Message("o-1", 1, said) with { RecordedAt = Samples.Noon });

        var message = (await ReceiveAsync("payments")).Message;

        Assert.Equal("o-1/sender/1", message.Id);
        Assert.Equal("o-1", message.OrderId);
        Assert.Equal("InventoryReserved", message.Type);
        Assert.Equal(said, message.Event);
        Assert.Equal("o-1/cause/1", message.CausationId);
        Assert.Equal(Samples.Trace, message.TraceParent);
        Assert.Equal(Samples.Noon, message.RecordedAt);
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
            if (Bus.IsDurable)
                await Bus.RestartAsync();
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
            Assert.Null(await Bus.ReceiveAsync("payments", TimeSpan.Zero));
            await SettleAsync(delivery);
        }
        Assert.Null(await Bus.ReceiveAsync("payments", Moment));
    }

    [Fact]
    public async Task A_session_is_locked_until_it_is_released_even_after_its_message_is_completed()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        var first = await ReceiveAsync("payments");
        await first.CompleteAsync(Cancellation);
        Assert.Null(await Bus.ReceiveAsync("payments", Moment));

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
    public async Task A_released_session_queues_behind_those_that_were_waiting()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        await PublishAsync(Samples.Message("o-2", 1));
        await SettleAsync(await ReceiveAsync("payments"));
        Assert.Equal("o-2/sender/1", (await ReceiveAsync("payments")).Message.Id);
        Assert.Equal("o-1/sender/2", (await ReceiveAsync("payments")).Message.Id);
    }

    [Fact]
    public async Task A_waiting_receiver_gets_a_new_message()
    {
        var waiting = Bus.ReceiveAsync("payments", Soon);
        await Task.Delay(20, Cancellation);
        Assert.False(waiting.IsCompleted);
        await PublishAsync(Samples.Message("o-1", 1));
        Assert.Equal("o-1/sender/1", (await waiting)!.Message.Id);
    }

    [Fact]
    public async Task A_waiting_receiver_gets_a_released_session()
    {
        await PublishAsync(Samples.Message("o-1", 1), Samples.Message("o-1", 2));
        var first = await ReceiveAsync("payments");
        var waiting = Bus.ReceiveAsync("payments", Soon);
        await SettleAsync(first);
        Assert.Equal("o-1/sender/2", (await waiting)!.Message.Id);
    }

    [Fact]
    public async Task An_abandoned_message_is_delivered_again_before_later_ones_and_its_deliveries_are_counted()
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
    public async Task A_batch_that_cannot_be_written_leaves_nothing_behind()
    {
        var tooLong = Samples.Message("o-1", 2) with { Id = new string('x', 129) };
        await Assert.ThrowsAnyAsync<Exception>(() => PublishAsync(Samples.Message("o-1", 1), tooLong));
        Assert.Null(await Bus.ReceiveAsync("payments", Moment));

        // It does not block the same message in another batch either.
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
                if (await Bus.ReceiveAsync("payments", Moment) is not { } delivery)
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
}
