using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using static OrderFunctions.Turns.World;

namespace OrderFunctions.Turns;

/// <summary>
/// A message that cannot be handled is parked together with all later messages of its order, and is replayed in its place.
/// </summary>
public class ParkingLaws
{
    static readonly RefundPayment Refund = new("carrier refused");

    readonly World world = new();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A rule with a bug, until it is fixed.</summary>
    sealed class Broken(IDecider mended) : IDecider
    {
        public IReadOnlyList<OrderEvent> Decide(IEnumerable<OrderEvent> history, OrderEvent input) =>
            input is InventoryReserved ? throw new InvalidOperationException("a bug") : mended.Decide(history, input);
    }

    async Task ParkAsync()
    {
        var mended = world.Decider;
        world.Decider = new Broken(mended);
        await world.DeliverAsync(Message("inventory/2", Reserved));
        world.Decider = mended;
        world.Log.Clear();
    }

    Task RequestReplayAsync() => world.DeliverAsync(Message("orders/7", new ReplayRequested("payments")));

    [Fact]
    public async Task A_rule_that_throws_parks_the_order_and_says_so()
    {
        world.Decider = new Broken(world.Decider);
        var result = await world.DeliverAsync(Message("inventory/2", Reserved));
        Assert.Equal((TurnOutcome.Parked, ParkingReasons.Failed, "InvalidOperationException: a bug"), (result!.Value.Outcome, result.Value.Reason, result.Value.Description));
        Assert.Equal(["load", "save", "publish OrderParked", "dead-letter HandlerFailed", "release"], world.Log);
        Assert.Equal(
            new OrderParked("payments", 1, "o-1/inventory/2", "HandlerFailed", "InvalidOperationException: a bug", new(1, world.Time.GetUtcNow())),
            Assert.Single(world.Published).Event);
        Assert.Null(Assert.Single(world.Stream.Parked).Due);
    }

    [Fact]
    public async Task A_message_that_cannot_be_read_is_parked()
    {
        await world.DeliverAsync(Message("inventory/2", null, type: "InventoryReserved"));
        Assert.Equal("dead-letter Unreadable", world.Log[^2]);
    }

    [Fact]
    public async Task A_message_delivered_too_often_is_parked_undecided_and_becomes_due_by_itself()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved, delivery: 4));
        Assert.Empty(world.Asked);
        Assert.Equal("dead-letter DeliveredTooOften", world.Log[^2]);
        Assert.Equal(world.Time.GetUtcNow() + TimeSpan.FromMinutes(1), Assert.Single(world.Stream.Parked).Due);
    }

    [Fact]
    public async Task A_type_that_this_version_does_not_know_comes_due_by_itself_so_that_an_update_mends_it()
    {
        var later = Message("inventory/2", null, type: "InventoryTeleported");
        await world.DeliverAsync(later);
        await world.DeliverAsync(Message("shipping/2", Refund));
        Assert.Equal((ParkingReasons.UnknownType, world.Time.GetUtcNow() + TimeSpan.FromMinutes(1)), (Head().Reason, Head().Due));

        world.Time.Advance(TimeSpan.FromMinutes(1));
        await world.Replayer.RunAsync(default);
        Assert.Equal((ParkingReasons.UnknownType, world.Time.GetUtcNow() + TimeSpan.FromMinutes(5)), (Head().Reason, Head().Due));

        // The update: now the type is known.
        world.DeadLetters[0] = Message("inventory/2", Reserved);
        world.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(2, await world.Replayer.RunAsync(default));
        Assert.Equal(["InventoryReserved", "RefundPayment"], world.Stream.Entries.Where(e => e.Via is Via.Bus).Select(e => e.Type));
        Assert.Empty(world.Stream.Parked);

        ParkedMessage Head() => world.Stream.Parked[0];
    }

    [Fact]
    public async Task A_type_that_is_known_and_not_heard_is_completed_also_where_an_earlier_version_parked_it()
    {
        Assert.Equal(TurnResult.NotHeard, await world.DeliverAsync(Message("orders/2", new OrderCompleted("17850", "trk-1"))));
        Assert.Equal(["complete", "release"], world.Log);

        await world.DeliverAsync(Message("orders/3", null, type: "OrderTeleported"));
        world.DeadLetters[0] = Message("orders/3", new OrderCompleted("17850", "trk-1"));
        world.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await world.Replayer.RunAsync(default));
        Assert.Empty(world.Stream.Parked);
        Assert.IsType<OrderResumed>(world.Published[^1].Event);
    }

    [Fact]
    public async Task What_a_later_version_has_completed_unheard_is_not_parked_by_a_slow_host_that_does_not_know_it()
    {
        world.AfterLoad = () =>
            world.Participant.HandleAsync(Message("orders/2", new OrderCompleted("17850", "trk-1"), delivery: 2), default).AsTask();
        await world.DeliverAsync(Message("orders/2", null, type: "OrderTeleported"));
        Assert.Empty(world.Stream.Parked);
        Assert.Equal("orders/2", Assert.Single(world.Stream.Entries).On.Split('/', 2)[1]);
    }

    [Fact]
    public async Task The_last_delivery_allowed_parks_with_its_own_error_in_its_turn()
    {
        for (var delivery = 1; delivery <= 3; delivery++)
        {
            world.Log.Clear();
            for (var i = 0; i <= world.Options.RetriesMax; i++)
                world.Fail("charge", new TransientException("The card provider answered 503.") { Status = 503 });
            await world.DeliverAsync(Message("inventory/2", Reserved, delivery));
            if (delivery < 3)
                Assert.Equal(["abandon", "release"], world.Log[^2..]);
        }
        Assert.Equal(
            ["load", "find charge", "charge fails", "find charge", "charge fails", "find charge", "charge fails",
                "save", "publish OrderParked", "dead-letter Transient", "release"],
            world.Log);
        var parked = Assert.Single(world.Stream.Parked);
        Assert.Equal((ParkingReasons.Transient, "The card provider answered 503."), (parked.Reason, parked.Description));
        Assert.Equal(new FailedAttempt(3, world.Time.GetUtcNow(), 503), parked.Failed);
        Assert.Equal(world.Time.GetUtcNow() + TimeSpan.FromMinutes(1), parked.Due);
    }

    [Fact]
    public async Task The_last_delivery_allowed_parks_nothing_that_was_saved()
    {
        for (var i = 0; i <= world.Options.RetriesMax; i++)
            world.Fail("publish");
        await world.DeliverAsync(Message("inventory/2", Reserved, delivery: 3));
        Assert.Empty(world.Stream.Parked);
        Assert.Single(world.Stream.Entries);
        Assert.Equal(["publish PaymentSucceeded", "complete", "release"], world.Log[^3..]);
    }

    [Fact]
    public async Task A_message_delivered_too_often_that_was_handled_is_completed_and_not_parked()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved));
        await world.DeliverAsync(Message("inventory/2", Reserved, delivery: 4));
        Assert.Equal(["complete", "release"], world.Log[^2..]);
        Assert.Empty(world.Stream.Parked);
    }

    [Fact]
    public async Task A_stream_that_has_grown_too_large_parks_its_order()
    {
        world.StoredSize = OrderStream.SizeMax + 1;
        await world.DeliverAsync(Message("shipping/1", Refund));
        await world.DeliverAsync(Message("shipping/2", Refund));
        Assert.Equal("dead-letter StreamTooLarge", world.Log[^2]);
    }

    [Fact]
    public async Task What_a_provider_has_not_decided_is_parked_and_asked_again_at_growing_intervals()
    {
        world.Fail("charge", new ProviderException(Failure.Pending, "The charge is pending."));
        await world.DeliverAsync(Message("inventory/2", Reserved));
        Assert.Equal("dead-letter PendingAtProvider", world.Log[^2]);
        Assert.Equal(world.Time.GetUtcNow() + TimeSpan.FromMinutes(1), Assert.Single(world.Stream.Parked).Due);

        world.Time.Advance(TimeSpan.FromMinutes(1));
        world.Fail("find charge", new ProviderException(Failure.Pending, "The charge is pending."));
        await world.Replayer.RunAsync(Cancellation);
        Assert.Equal(world.Time.GetUtcNow() + TimeSpan.FromMinutes(5), Assert.Single(world.Stream.Parked).Due);

        world.KnownCharge = new CardCharged("ch-1", Total);
        world.Time.Advance(TimeSpan.FromMinutes(5));
        await world.Replayer.RunAsync(Cancellation);
        Assert.Empty(world.Asked);
        Assert.Equal(["OrderParked", "PaymentSucceeded", "OrderResumed"], world.Published.Select(m => m.Event.GetType().Name).Distinct());
    }

    [Fact]
    public async Task A_request_that_the_provider_refuses_goes_on_by_itself_once_that_is_mended()
    {
        world.Fail("charge", new ProviderException(Failure.Unusable, "The card provider answered 401."));
        await world.DeliverAsync(Message("inventory/2", Reserved));
        var parked = Assert.Single(world.Stream.Parked);
        Assert.Equal((ParkingReasons.Unusable, world.Time.GetUtcNow() + world.Options.ReplayPause(0)), (parked.Reason, parked.Due));

        world.Time.Advance(world.Options.ReplayPause(0));
        await world.Replayer.RunAsync(Cancellation);
        Assert.Empty(world.Stream.Parked);
    }

    [Fact]
    public async Task A_refund_passes_a_charge_that_the_provider_has_not_decided()
    {
        world.Fail("charge", new ProviderException(Failure.Pending, "The charge is pending."));
        await world.DeliverAsync(Message("inventory/2", Reserved));
        world.Fail("find charge", new ProviderException(Failure.Pending, "The charge is pending."));
        await world.DeliverAsync(Message("shipping/2", Refund));
        Assert.Equal([ParkingReasons.Pending, ParkingReasons.Pending], world.Stream.Parked.Select(p => p.Reason));

        // Due before the head is, which still waits: the refund alone is handled.
        world.Time.Advance(TimeSpan.FromMinutes(1));
        world.Fail("find charge", new ProviderException(Failure.Pending, "The charge is pending."));
        await world.Replayer.RunAsync(Cancellation);
        Assert.Equal("o-1/inventory/2", Assert.Single(world.Stream.Parked).Id);
        Assert.Equal(["OrderParked", "RestockInventory"], world.Published.Select(m => m.Event.GetType().Name).Distinct());

        world.Time.Advance(TimeSpan.FromMinutes(5));
        await world.Replayer.RunAsync(Cancellation);
        Assert.Empty(world.Stream.Parked);
        Assert.DoesNotContain(world.Asked, asked => asked.Call == "charge");
    }

    [Fact]
    public async Task Later_messages_are_parked_behind_it_and_the_order_is_announced_as_parked_only_once()
    {
        await ParkAsync();
        await world.DeliverAsync(Message("shipping/2", Refund));
        Assert.Equal(["load", "save", "publish OrderParked", "dead-letter ParkedBehind", "release"], world.Log);
        Assert.Equal(["o-1/inventory/2", "o-1/shipping/2"], world.Stream.Parked.Select(p => p.Id));
        Assert.Single(world.Published.Select(m => m.Id).Distinct());
    }

    [Fact]
    public async Task Parking_is_finished_by_the_redelivery_when_the_process_dies_in_between()
    {
        world.Decider = new Broken(world.Decider);
        for (var i = 0; i <= world.Options.RetriesMax; i++)
            world.Fail("publish");
        await world.DeliverAsync(Message("inventory/2", Reserved));
        Assert.Equal("abandon", world.Log[^2]);
        await world.DeliverAsync(Message("inventory/2", Reserved, delivery: 2));
        Assert.Equal(["load", "publish OrderParked", "dead-letter HandlerFailed", "release"], world.Log[^4..]);
        Assert.Single(world.Stream.Parked);
        Assert.Single(world.Stream.Entries);
    }

    [Fact]
    public async Task A_parked_head_that_the_subscription_delivers_again_runs_directly()
    {
        await ParkAsync();
        world.DeadLetters.Clear();
        await world.DeliverAsync(Message("inventory/2", Reserved, delivery: 2));
        Assert.Equal(["OrderParked", "PaymentSucceeded", "OrderResumed"], world.Published.Select(m => m.Event.GetType().Name).Distinct());
        Assert.Empty(world.Stream.Parked);
    }

    [Fact]
    public async Task A_second_copy_of_a_parked_head_first_asks_the_provider_what_was_done()
    {
        await ParkAsync();
        world.KnownCharge = new CardCharged("ch-before", World.Total);
        await world.DeliverAsync(Message("inventory/2", Reserved));
        Assert.Empty(world.Asked);
        Assert.Empty(world.Stream.Parked);
    }

    [Fact]
    public async Task A_message_parked_behind_that_the_subscription_delivers_again_goes_back_to_the_dead_letter_queue()
    {
        await ParkAsync();
        await world.DeliverAsync(Message("shipping/2", Refund));
        await world.DeliverAsync(Message("shipping/2", Refund, delivery: 2));
        Assert.Equal("dead-letter ParkedBehind", world.Log[^2]);
        Assert.Equal(2, world.Stream.Parked.Count);
    }

    [Fact]
    public async Task What_waits_for_an_operator_is_not_replayed()
    {
        await ParkAsync();
        world.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, await world.Replayer.RunAsync(default));
        Assert.Single(world.DeadLetters);
    }

    [Fact]
    public async Task An_operators_replay_request_takes_effect_while_the_order_is_parked_and_replays_all_in_order()
    {
        await ParkAsync();
        await world.DeliverAsync(Message("shipping/2", Refund));
        await RequestReplayAsync();
        Assert.Equal(2, await world.Replayer.RunAsync(default));
        Assert.Equal(
            ["o-1/inventory/2", "o-1/orders/7", "o-1/inventory/2", "o-1/shipping/2"], world.Stream.Entries.Select(e => e.On));
        Assert.Equal(
            ["PaymentSucceeded", "PaymentRefunded", "RestockInventory", "OrderResumed"],
            world.Published.Select(m => m.Event.GetType().Name).Where(name => name is not "OrderParked"));
        Assert.Empty(world.DeadLetters);
        Assert.Empty(world.Stream.Parked);
    }

    [Fact]
    public async Task The_dead_letter_queues_order_does_not_matter()
    {
        await ParkAsync();
        await world.DeliverAsync(Message("shipping/2", Refund));
        await RequestReplayAsync();
        world.DeadLetters.Reverse();
        Assert.Equal(2, await world.Replayer.RunAsync(default));
        Assert.Equal(["o-1/inventory/2", "o-1/shipping/2"], world.Stream.Entries.TakeLast(2).Select(e => e.On));
    }

    [Fact]
    public async Task A_head_that_is_not_in_the_dead_letter_queue_yet_is_waited_for()
    {
        await ParkAsync();
        await world.DeliverAsync(Message("shipping/2", Refund));
        await RequestReplayAsync();
        world.DeadLetters.RemoveAt(0);
        Assert.Equal(0, await world.Replayer.RunAsync(default));
        Assert.Equal(2, world.Stream.Parked.Count);
    }

    [Fact]
    public async Task A_message_parked_for_a_transient_reason_becomes_due_by_itself_with_growing_pauses()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved, delivery: 4));
        Assert.Equal(0, await world.Replayer.RunAsync(default));

        world.Time.Advance(TimeSpan.FromMinutes(1));
        for (var i = 0; i <= world.Options.RetriesMax; i++)
            world.Fail("charge");
        Assert.Equal(0, await world.Replayer.RunAsync(default));
        Assert.Equal((ParkingReasons.Transient, 1, world.Time.GetUtcNow() + TimeSpan.FromMinutes(5)), Head());
        Assert.Equal(new FailedAttempt(5, world.Time.GetUtcNow()), world.Stream.Parked[0].Failed);
        Assert.Equal(("charge is away", 5), Reports().Select(report => (report.Description, report.Failed!.Attempt)).Last());

        world.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(1, await world.Replayer.RunAsync(default));
        Assert.Empty(world.Stream.Parked);

        IEnumerable<OrderParked> Reports() => world.Published.Select(m => m.Event).OfType<OrderParked>();
        (string, int, DateTimeOffset?) Head() => (world.Stream.Parked[0].Reason, world.Stream.Parked[0].Attempts, world.Stream.Parked[0].Due);
    }

    [Fact]
    public async Task A_replay_first_asks_the_provider_what_it_has_done()
    {
        await ParkAsync();
        await RequestReplayAsync();
        world.KnownCharge = new CardCharged("ch-before", World.Total);
        await world.Replayer.RunAsync(default);
        Assert.Empty(world.Asked);
    }

    [Fact]
    public async Task A_replay_that_fails_as_before_waits_for_an_operator_again()
    {
        await ParkAsync();
        await RequestReplayAsync();
        world.Decider = new Broken(world.Decider);
        Assert.Equal(0, await world.Replayer.RunAsync(default));
        Assert.Null(world.Stream.Parked[0].Due);
        Assert.Single(world.DeadLetters);
    }

    [Fact]
    public async Task A_replay_that_died_after_saving_is_finished_by_the_next_one()
    {
        await ParkAsync();
        await RequestReplayAsync();
        world.Fail("publish", new OperationCanceledException("the process died"));
        await Assert.ThrowsAsync<OperationCanceledException>(() => world.Replayer.RunAsync(default));
        Assert.Equal(1, await world.Replayer.RunAsync(default));
        Assert.Equal(["PaymentSucceeded", "OrderResumed"], world.Published.Select(m => m.Event.GetType().Name).TakeLast(2));
        Assert.Single(world.Asked);
    }

    [Fact]
    public async Task What_the_broker_dead_lettered_is_adopted_ahead_of_later_parked_messages_and_handled_in_the_next_run()
    {
        world.DeadLetters.AddRange([Message("inventory/2", Reserved), Message("shipping/2", Refund)]);
        Assert.Equal(0, await world.Replayer.RunAsync(default));
        Assert.Equal(["o-1/inventory/2", "o-1/shipping/2"], world.Stream.Parked.Select(p => p.Id));
        Assert.Equal(2, await world.Replayer.RunAsync(default));
        Assert.Equal(["OrderParked", "PaymentSucceeded", "PaymentRefunded", "RestockInventory", "OrderResumed"], world.Published.Select(m => m.Event.GetType().Name).Distinct());
    }

    [Fact]
    public async Task Simultaneous_messages_of_one_sender_are_parked_by_sequence_and_others_by_arrival()
    {
        world.DeadLetters.AddRange([Message("shipping/3", Refund), Message("inventory/2", Reserved), Message("shipping/2", Refund)]);
        Assert.Equal(0, await world.Replayer.RunAsync(default));
        Assert.Equal(["o-1/shipping/2", "o-1/shipping/3", "o-1/inventory/2"], world.Stream.Parked.Select(p => p.Id));
    }

    [Fact]
    public async Task What_was_handled_before_the_broker_dead_lettered_it_is_not_adopted()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved));
        world.DeadLetters.Add(Message("inventory/2", Reserved, delivery: 20));
        Assert.Equal(1, await world.Replayer.RunAsync(default));
        Assert.Empty(world.Stream.Parked);
        Assert.Single(world.Asked);
    }

    [Fact]
    public async Task A_discarded_message_is_recorded_with_who_and_why_and_never_handled()
    {
        await ParkAsync();
        await world.DeliverAsync(Message("orders/7", new DiscardRequested("payments", "o-1/inventory/2", "ada", "a test order")));
        Assert.Empty(world.Stream.Parked);
        Assert.Equal(new MessageDiscarded("o-1/inventory/2", "ada", "a test order"), world.Stream.Entries[1].Events[0].Event);
        Assert.Equal(1, await world.Replayer.RunAsync(default));
        await world.DeliverAsync(Message("inventory/2", Reserved, delivery: 2));
        Assert.Empty(world.Asked);
        Assert.Equal(["OrderParked", "OrderResumed"], world.Published.Select(m => m.Event.GetType().Name).Distinct());
    }

    [Fact]
    public async Task A_control_message_for_another_participant_is_recorded_so_that_an_unreadable_copy_parks_nothing()
    {
        var control = Message("orders/7", new ReplayRequested("shipping"));
        Assert.Equal(TurnOutcome.Handled, (await world.DeliverAsync(control))!.Value.Outcome);
        var zombie = await world.DeliverAsync(control with { Event = null, Unreadable = "a property is missing" });
        Assert.Equal(TurnOutcome.Duplicate, zombie!.Value.Outcome);
        Assert.Empty(world.Stream.Parked);
        Assert.Empty(world.Published);
    }

    [Fact]
    public async Task The_message_behind_a_discarded_one_becomes_due()
    {
        await ParkAsync();
        await world.DeliverAsync(Message("shipping/2", Refund));
        await world.DeliverAsync(Message("orders/7", new DiscardRequested("payments", "o-1/inventory/2", "ada", "a test order")));
        Assert.Equal(2, await world.Replayer.RunAsync(default));
        Assert.Contains(world.Published, m => m.Event is RestockInventory);
    }

    [Fact]
    public async Task A_replayer_that_lost_its_lock_leaves_the_message_to_whoever_has_it()
    {
        await ParkAsync();
        await RequestReplayAsync();
        world.Fail("renew", new LockLostException("gone"));
        await world.Replayer.RunAsync(default);
        Assert.Single(world.Stream.Parked);
        Assert.Single(world.DeadLetters);
    }

    [Fact]
    public async Task Each_report_of_parking_is_published_once_even_if_every_process_crashed_before_publishing_it()
    {
        world.DeadLetters.Add(Message("inventory/2", Reserved));
        world.Decider = new Broken(world.Decider);
        for (var death = 0; death < 2; death++)
        {
            world.Fail("publish", new OperationCanceledException("the process died"));
            await Assert.ThrowsAsync<OperationCanceledException>(() => world.Replayer.RunAsync(default));
            }
        Assert.Empty(world.Published);

        world.Time.Advance(Republisher.MinimumAge + TimeSpan.FromSeconds(1));
        await world.Replayer.RunAsync(default);
        await world.Replayer.RunAsync(default);
        Assert.Equal(
            [ParkingReasons.DeadLettered, ParkingReasons.Failed], world.Published.Select(m => Assert.IsType<OrderParked>(m.Event).Reason));
    }
}
