using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using static OrderFunctions.Turns.World;

namespace OrderFunctions.Turns;

/// <summary>What holds for every turn, whatever it decides.</summary>
public class TurnLaws
{
    readonly World world = new();

    [Fact]
    public async Task A_turn_reads_once_writes_once_sends_once_and_settles_once_in_that_order()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved));
        Assert.Equal(["load", "charge", "save", "publish PaymentSucceeded", "complete", "release"], world.Log);
    }

    [Fact]
    public async Task Several_events_go_out_in_one_batch()
    {
        world.ChargeAnswer = new CardDeclined("declined");
        await world.DeliverAsync(Message("inventory/2", Reserved));
        Assert.Contains("publish PaymentFailed RestockInventory", world.Log);
    }

    [Fact]
    public async Task Event_ids_are_derived_from_order_participant_and_sequence()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved));
        await world.DeliverAsync(Message("shipping/2", new RefundPayment("no")));
        Assert.Equal(
            ["ChargeCard o-1/payments/1", "PaymentSucceeded o-1/payments/2", "RefundCard o-1/payments/3", "PaymentRefunded o-1/payments/4", "RestockInventory o-1/payments/5"],
            world.Stream.Entries.SelectMany(e => e.Events).Select(e => $"{e.Event.GetType().Name} {e.Id}"));
        Assert.Equal(["o-1/payments/2", "o-1/payments/4", "o-1/payments/5"], world.Published.Select(m => m.Id));
    }

    [Fact]
    public async Task A_message_states_its_cause_its_session_and_the_trace_of_its_turn()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved));
        var message = Assert.Single(world.Published);
        Assert.Equal(("o-1", "o-1/inventory/2"), (message.OrderId, message.CausationId));
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", message.TraceParent!.Split('-')[1]);
    }

    [Fact]
    public async Task The_entry_records_what_an_audit_asks_for()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved, delivery: 2));
        var entry = Assert.Single(world.Stream.Entries);
        Assert.Equal(("o-1/inventory/2", "InventoryReserved", Via.Bus, "cause-1", 2), (entry.On, entry.Type, entry.Via, entry.Cause, entry.Deliveries));
        Assert.Equal(world.Time.GetUtcNow(), entry.At);
        Assert.Equal(TimeSpan.FromSeconds(2), entry.At - entry.Sent);
    }

    [Fact]
    public async Task A_message_that_decides_nothing_is_recorded_all_the_same()
    {
        await world.DeliverAsync(Message("shipping/9", new RefundPayment("first")));
        world.Log.Clear();
        await world.DeliverAsync(Message("shipping/10", new RefundPayment("second")));
        Assert.Equal(["load", "save", "complete", "release"], world.Log);
        Assert.Equal(2, world.Stream.Entries.Count);
    }

    [Fact]
    public async Task A_redelivery_publishes_again_and_decides_nothing()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved));
        world.Log.Clear();
        var result = await world.DeliverAsync(Message("inventory/2", Reserved, delivery: 2));
        Assert.Equal(TurnOutcome.Duplicate, result!.Value.Outcome);
        Assert.Equal(["load", "publish PaymentSucceeded", "complete", "release"], world.Log);
        Assert.Equal(world.Published[0], world.Published[1]);
    }

    [Fact]
    public async Task An_answer_that_cannot_be_recorded_parks_the_message_and_leaves_the_stream_readable()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved));
        world.RefundAnswer = new CardRefunded(null!);
        var result = await world.DeliverAsync(Message("shipping/2", new RefundPayment("no")));
        Assert.Equal((TurnOutcome.Parked, ParkingReasons.Failed), (result!.Value.Outcome, result.Value.Reason));
        Assert.DoesNotContain(world.Stream.History, e => e is PaymentRefunded);

        world.RefundAnswer = new CardRefunded("re-1");
        await world.DeliverAsync(Message("orders/7", new ReplayRequested("payments")));
        await world.Replayer.RunAsync(TestContext.Current.CancellationToken);
        Assert.Contains(world.Stream.History, e => e is PaymentRefunded { RefundId: "re-1" });
    }

    [Fact]
    public async Task Nothing_is_published_that_could_not_be_saved()
    {
        for (var i = 0; i <= world.Options.RetriesMax; i++)
            world.Fail("save");
        Assert.Null(await world.DeliverAsync(Message("inventory/2", Reserved)));
        Assert.Empty(world.Published);
        Assert.Equal(["load", "charge", "save fails", "save fails", "save fails", "abandon", "release"], world.Log);
    }

    [Fact]
    public async Task Nothing_is_completed_that_could_not_be_published()
    {
        for (var i = 0; i <= world.Options.RetriesMax; i++)
            world.Fail("publish");
        Assert.Null(await world.DeliverAsync(Message("inventory/2", Reserved)));
        Assert.Equal(["load", "charge", "save", "publish fails", "publish fails", "publish fails", "abandon", "release"], world.Log);
    }

    [Fact]
    public async Task What_was_saved_and_not_published_is_published_by_the_redelivery()
    {
        for (var i = 0; i <= world.Options.RetriesMax; i++)
            world.Fail("publish");
        await world.DeliverAsync(Message("inventory/2", Reserved));
        await world.DeliverAsync(Message("inventory/2", Reserved, delivery: 2));
        Assert.Equal("o-1/payments/2", Assert.Single(world.Published).Id);
        Assert.Single(world.Asked);
    }

    [Fact]
    public async Task A_call_that_failed_for_a_transient_reason_is_repeated_within_the_turn_after_asking_what_it_did()
    {
        world.Fail("charge");
        await world.DeliverAsync(Message("inventory/2", Reserved));
        Assert.Equal(["load", "charge fails", "find charge", "charge", "save", "publish PaymentSucceeded", "complete", "release"], world.Log);
    }

    [Fact]
    public async Task The_outcome_of_a_save_whose_answer_was_lost_is_found_by_loading()
    {
        world.Fail("save", applied: true);
        await world.DeliverAsync(Message("inventory/2", Reserved));
        Assert.Equal(["load", "charge", "save fails", "conflict", "load", "publish PaymentSucceeded", "complete", "release"], world.Log);
        Assert.Single(world.Stream.Entries);
    }

    [Fact]
    public async Task A_turn_that_lost_a_race_starts_again_with_what_the_winner_saved()
    {
        world.AfterLoad = () => world.Participant.HandleAsync(Message("shipping/2", new RefundPayment("too late")), default).AsTask();
        await world.DeliverAsync(Message("inventory/2", Reserved));
        Assert.Contains("conflict", world.Log);
        Assert.Equal(["o-1/shipping/2", "o-1/inventory/2"], world.Stream.Entries.Select(e => e.On));
        Assert.Equal(["RestockInventory"], world.Published.Select(m => m.Event.GetType().Name));
    }

    [Fact]
    public async Task A_message_handled_twice_at_once_is_recorded_once_and_its_port_asked_under_one_key()
    {
        world.AfterLoad = () => world.Participant.HandleAsync(Message("inventory/2", Reserved), default).AsTask();
        await world.DeliverAsync(Message("inventory/2", Reserved));
        Assert.Single(world.Stream.Entries);
        Assert.Equal([("charge", "o-1/ChargeCard"), ("charge", "o-1/ChargeCard")], world.Asked);
        Assert.Single(world.Published.Select(m => m.Id).Distinct());
    }

    /// <summary>Its first attempt has charged, and nobody has recorded that.</summary>
    [Fact]
    public async Task A_turn_that_lost_a_race_first_asks_the_provider_what_was_done()
    {
        world.AfterLoad = () => world.Participant.HandleAsync(Message("orders/2", new ReplayRequested("payments")), default).AsTask();
        await world.DeliverAsync(Message("inventory/2", Reserved));
        Assert.Equal(["conflict", "load", "find charge"], world.Log.SkipWhile(call => call is not "conflict").Take(3));
    }

    [Fact]
    public async Task A_turn_that_loses_every_race_gives_the_message_back()
    {
        for (var i = 0; i <= world.Options.ConflictsMax; i++)
            world.Fail("save", new StreamConflictException(Order));
        Assert.Null(await world.DeliverAsync(Message("inventory/2", Reserved)));
        Assert.Equal(world.Options.ConflictsMax + 1, world.Log.Count(call => call is "load"));
        Assert.Equal(["abandon", "release"], world.Log[^2..]);
    }

    [Fact]
    public async Task A_later_delivery_first_asks_the_provider_what_it_has_done()
    {
        world.KnownCharge = new CardCharged("ch-before", World.Total);
        await world.DeliverAsync(Message("inventory/2", Reserved, delivery: 2));
        Assert.Equal(["load", "find charge", "save", "publish PaymentSucceeded", "complete", "release"], world.Log);
        Assert.Equal("ch-before", Assert.IsType<PaymentSucceeded>(world.Published[0].Event).ChargeId);
    }

    [Fact]
    public async Task A_copy_published_long_after_it_was_recorded_first_asks_the_provider_what_was_done()
    {
        var message = Message("inventory/2", Reserved);
        world.KnownCharge = new CardCharged("ch-before", World.Total);
        await world.DeliverAsync(message with { RecordedAt = message.EnqueuedAt.AddDays(-3) });
        Assert.Empty(world.Asked);
        Assert.Contains(world.Published, m => m.Event is PaymentSucceeded && m.RecordedAt == world.Stream.Entries[0].At);
    }

    [Fact]
    public async Task A_process_suspended_for_longer_than_a_turn_first_asks_the_provider_what_was_done()
    {
        world.KnownCharge = new CardCharged("ch-of-another", World.Total);
        world.AfterLoad = () =>
        {
            world.Time.Advance(world.Options.TurnMax + TimeSpan.FromSeconds(1));
            return Task.CompletedTask;
        };
        await world.Participant.HandleAsync(Message("inventory/2", Reserved), default);
        Assert.Empty(world.Asked);
        Assert.Equal("ch-of-another", Assert.IsType<PaymentSucceeded>(world.Published[0].Event).ChargeId);
    }

    [Fact]
    public async Task The_last_delivery_allowed_is_parked_with_its_own_error_when_it_runs_out_of_time()
    {
        world.Hang("charge");
        var turn = world.DeliverAsync(Message("inventory/2", Reserved, delivery: world.Options.DeliveriesMax));
        world.Time.Advance(world.Options.TurnMax);
        var result = await turn.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal((ParkingReasons.Transient, "The turn was not done after 00:02:00."), (result?.Reason, result?.Description));
        Assert.Equal(["load", "find charge", "save", "publish OrderParked", "dead-letter Transient", "release"], world.Log);
    }

    [Theory]
    [InlineData(1, 1), InlineData(7, 7), InlineData(25, 10)]
    public async Task The_pause_before_a_message_is_given_back_grows_with_its_deliveries(int delivery, int seconds)
    {
        var options = world.Options with { DeliveriesMax = 100, AbandonPause = TimeSpan.FromSeconds(1) };
        world.Fail("load", new InvalidDataException("not JSON"));
        var turn = new MessageHandler(world.Participant, options, world.Time, NullLogger<MessageHandler>.Instance)
            .HandleAsync(Message("inventory/2", Reserved, delivery), world, TestContext.Current.CancellationToken).AsTask();
        world.Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
        Assert.Equal(["load fails"], world.Log);
        world.Time.Advance(TimeSpan.FromTicks(1));
        await turn.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(["load fails", "abandon", "release"], world.Log);
    }

    [Fact]
    public async Task An_earlier_delivery_is_given_back_when_it_runs_out_of_time()
    {
        world.Hang("charge");
        var turn = world.DeliverAsync(Message("inventory/2", Reserved));
        world.Time.Advance(world.Options.TurnMax);
        Assert.Null(await turn.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.Equal(["load", "abandon", "release"], world.Log);
    }

    [Fact]
    public async Task A_later_delivery_charges_where_the_provider_has_done_nothing()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved, delivery: 2));
        Assert.Equal([("charge", "o-1/ChargeCard")], world.Asked);
    }

    [Fact]
    public async Task An_unknown_outcome_saves_nothing_and_gives_the_message_back()
    {
        for (var i = 0; i <= world.Options.RetriesMax; i++)
            world.Fail("charge", applied: true);
        Assert.Null(await world.DeliverAsync(Message("inventory/2", Reserved)));
        Assert.Empty(world.Stream.Entries);
        Assert.Equal(["abandon", "release"], world.Log[^2..]);
        Assert.Single(world.Asked.Distinct());
    }

    [Fact]
    public async Task A_message_that_is_not_for_this_participant_is_completed_without_loading_the_stream()
    {
        await world.DeliverAsync(Message("orders/2", new OrderCompleted("17850", "tr-1")));
        Assert.Equal(["complete", "release"], world.Log);
    }

    [Theory]
    [InlineData("complete")]
    [InlineData("abandon")]
    [InlineData("dead-letter")]
    public async Task A_session_is_never_released_before_its_message_is_settled(string settlement)
    {
        world.Fail(settlement, new LockLostException("gone"));
        if (settlement is "abandon")
            for (var i = 0; i <= world.Options.RetriesMax; i++)
                world.Fail("load");
        await world.DeliverAsync(Message("inventory/2", Reserved, delivery: settlement is "dead-letter" ? 99 : 1));
        Assert.Equal($"{settlement} fails", world.Log[^1]);
    }

    [Fact]
    public async Task A_stream_that_cannot_be_read_gives_the_message_back_for_the_broker_to_count()
    {
        world.Fail("load", new InvalidDataException("not JSON"));
        Assert.Null(await world.DeliverAsync(Message("inventory/2", Reserved)));
        Assert.Equal(["load fails", "abandon", "release"], world.Log);
    }
}
