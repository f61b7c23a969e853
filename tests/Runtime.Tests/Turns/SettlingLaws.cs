using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using static OrderFunctions.Turns.World;

namespace OrderFunctions.Turns;

/// <summary>An undoing step that was done by hand: the line is held, the provider is asked what it has done, and the order goes on.</summary>
public class SettlingLaws
{
    static readonly RefundPayment Refund = new("changed my mind");
    static readonly SettleRequested Settle = new("payments", "o-1/shipping/4", "17850", "changed my mind", "ada", "refunded by bank transfer");
    static readonly StepSettled Settled = new("o-1/shipping/4", "ada", "refunded by bank transfer");

    readonly World world = new();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Charged, and the refund fails: it is parked for an operator.</summary>
    async Task ParkAsync()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved));
        world.Fail("refund", new InvalidOperationException("the provider refuses"));
        await world.DeliverAsync(Message("shipping/4", Refund));
        Assert.Equal("o-1/shipping/4", Assert.Single(world.Stream.Parked).Id);
        world.Log.Clear();
    }

    Task<TurnResult?> SettleAsync(SettleRequested? request = null) => world.DeliverAsync(Message("orders/7", request ?? Settle) with { RecordedAt = world.Time.GetUtcNow() });

    IEnumerable<OrderEvent> Last => world.Stream.Entries[^1].Events.Select(e => e.Event);

    [Fact]
    public async Task A_parked_refund_that_was_done_by_hand_goes_on_without_the_provider()
    {
        await ParkAsync();
        await SettleAsync();
        Assert.Equal(
            ["load", "save", "load", "find refund", "save", "publish OrderParked PaymentRefunded RestockInventory OrderResumed",
                "complete", "release"],
            world.Log);
        Assert.Equal(
            [Settled, new RefundCard("ch-1", Total, "changed my mind"), new PaymentRefunded("by hand", Total), new RestockInventory("changed my mind")],
            Last.Take(4));
        Assert.Empty(world.Stream.Parked);
    }

    [Fact]
    public async Task Its_message_in_the_dead_letter_queue_is_then_only_completed()
    {
        await ParkAsync();
        await SettleAsync();
        world.Log.Clear();
        Assert.Equal(1, await world.Replayer.RunAsync(Cancellation));
        Assert.DoesNotContain("refund", world.Log);
        Assert.Empty(world.DeadLetters);
    }

    [Fact]
    public async Task The_line_is_held_before_the_provider_is_asked()
    {
        await ParkAsync();
        world.Fail("find refund");
        world.Fail("find refund");
        world.Fail("find refund");
        Assert.Null(await SettleAsync());
        Assert.Equal(world.Time.GetUtcNow(), Assert.Single(world.Stream.Parked).HeldSince);

        // A replay that is requested meanwhile does nothing.
        await world.DeliverAsync(Message("orders/6", new ReplayRequested("payments")));
        Assert.Equal(0, await world.Replayer.RunAsync(Cancellation));
        Assert.DoesNotContain("refund", world.Log);

        await SettleAsync();
        Assert.Contains(Settled, Last);
    }

    [Fact]
    public async Task A_refund_that_the_provider_has_made_after_all_is_not_settled_by_hand()
    {
        await ParkAsync();
        world.KnownRefund = new CardRefunded("re-9");
        await SettleAsync();
        Assert.DoesNotContain(Settled, Last);
        Assert.Equal("o-1/shipping/4", Assert.Single(Last.OfType<SettlementRefused>()).MessageId);
        Assert.Contains(new PaymentRefunded("re-9", Total), Last);
        Assert.Empty(world.Stream.Parked);
    }

    [Fact]
    public async Task A_refund_that_was_discarded_before_can_be_settled()
    {
        await ParkAsync();
        await world.DeliverAsync(Message("orders/6", new DiscardRequested("payments", "o-1/shipping/4", "ada", "the provider refuses")));
        await SettleAsync();
        Assert.Contains(new PaymentRefunded("by hand", Total), Last);
    }

    [Fact]
    public async Task A_step_is_settled_once()
    {
        await ParkAsync();
        await SettleAsync();
        await world.DeliverAsync(Message("orders/8", Settle) with { RecordedAt = world.Time.GetUtcNow() });
        Assert.Equal(new SettlementRefused("payments", "o-1/shipping/4", "There is nothing left to undo."), Assert.Single(Last));
    }

    [Fact]
    public async Task A_provider_that_cannot_be_asked_refuses_the_settlement_and_releases_the_line()
    {
        await ParkAsync();
        world.Fail("find refund", new FormatException("an unknown form"));
        await SettleAsync();
        Assert.Equal(new SettlementRefused("payments", "o-1/shipping/4", "an unknown form"), Assert.Single(Last));
        Assert.Null(Assert.Single(world.Stream.Parked).HeldSince);
    }

    [Fact]
    public async Task A_provider_that_stays_away_refuses_it_with_the_last_delivery_allowed()
    {
        await ParkAsync();
        for (var call = 0; call <= world.Options.RetriesMax; call++)
            world.Fail("find refund");
        await world.DeliverAsync(Message("orders/7", Settle, world.Options.DeliveriesMax) with { RecordedAt = world.Time.GetUtcNow() });
        Assert.Equal(new SettlementRefused("payments", "o-1/shipping/4", "find refund is away"), Assert.Single(Last));
        Assert.Null(Assert.Single(world.Stream.Parked).HeldSince);
    }

    /// <summary>What the broker dead-lettered before is given its place before it.</summary>
    [Fact]
    public async Task A_step_that_is_refused_is_released_wherever_it_is_in_the_line()
    {
        await ParkAsync();
        world.Fail("find refund");
        world.Fail("find refund");
        world.Fail("find refund");
        Assert.Null(await SettleAsync());
        world.DeadLetters.Insert(0, Message("inventory/1", Reserved) with { EnqueuedAt = DateTimeOffset.UnixEpoch });
        await world.Participant.ReplayAsync(world.DeadLetters[0], Cancellation);
        Assert.Equal("o-1/inventory/1", world.Stream.Parked[0].Id);

        await SettleAsync();
        Assert.Equal("Other messages are parked before it.", Assert.Single(Last.OfType<SettlementRefused>()).Reason);
        Assert.All(world.Stream.Parked, parked => Assert.Null(parked.HeldSince));
    }

    /// <summary>The operator cannot have undone it.</summary>
    [Fact]
    public async Task What_was_done_outside_after_the_operator_spoke_is_not_settled()
    {
        world.Fail("find charge", new InvalidOperationException("the provider refuses"));
        await world.DeliverAsync(Message("shipping/4", Refund));
        await world.DeliverAsync(Message("orders/6", new DiscardRequested("payments", "o-1/shipping/4", "ada", "nothing was charged")));
        var request = Message("orders/7", Settle) with { RecordedAt = world.Time.GetUtcNow() };
        world.Time.Advance(TimeSpan.FromMinutes(1));
        await world.DeliverAsync(Message("inventory/2", Reserved));
        await world.DeliverAsync(request);
        Assert.StartsWith("The order went on here", Assert.IsType<SettlementRefused>(Assert.Single(Last)).Reason, StringComparison.Ordinal);

        await world.DeliverAsync(Message("orders/8", Settle) with { RecordedAt = world.Time.GetUtcNow() });
        Assert.Contains(Settled, Last);
    }

    /// <summary>Clocks differ. What Orders had heard then tells what the operator could know.</summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(3, false)]
    public async Task What_orders_had_not_heard_of_is_not_settled_whatever_the_clocks_say(int known, bool isRefused)
    {
        world.Fail("find charge", new InvalidOperationException("the provider refuses"));
        await world.DeliverAsync(Message("shipping/4", Refund));
        await world.DeliverAsync(Message("orders/6", new DiscardRequested("payments", "o-1/shipping/4", "ada", "nothing was charged")));
        await world.DeliverAsync(Message("inventory/2", Reserved));
        var paid = world.Stream.Entries[^1].Events.First(e => e.Event is PaymentSucceeded);
        Assert.EndsWith("/5", paid.Id, StringComparison.Ordinal);
        await world.DeliverAsync(Message("orders/8", Settle with { Known = known + 2 }) with { RecordedAt = world.Time.GetUtcNow().AddHours(isRefused ? 1 : -1) });
        Assert.Equal(isRefused, Last.Any(e => e is SettlementRefused));
    }

    [Fact]
    public async Task A_request_to_settle_states_what_was_heard_of_the_participant()
    {
        await world.DeliverAsync(Message("shipping/9", Refund));
        await world.DeliverAsync(Message("shipping/10", Refund));
        await world.Participant.RequestAsync("o-1", "settle/1", Settle with { Participant = "shipping" }, Cancellation);
        await world.Participant.RequestAsync("o-1", "settle/2", Settle with { Participant = "inventory" }, Cancellation);
        Assert.Equal([10, 0], world.Published.Select(message => message.Event).OfType<SettleRequested>().Select(settle => settle.Known).Distinct());
    }

    [Fact]
    public async Task A_settlement_is_refused_where_the_provider_does_not_answer_at_the_last_delivery()
    {
        await ParkAsync();
        world.Hang("find refund");
        var turn = world.DeliverAsync(Message("orders/7", Settle, world.Options.DeliveriesMax) with { RecordedAt = world.Time.GetUtcNow() });
        world.Time.Advance(world.Options.TurnMax);
        await turn.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.Equal("The turn was not done after 00:02:00.", Assert.IsType<SettlementRefused>(Assert.Single(Last)).Reason);
        Assert.Null(Assert.Single(world.Stream.Parked).HeldSince);
    }

    [Fact]
    public async Task A_step_that_is_neither_parked_nor_discarded_is_not_settled()
    {
        await world.DeliverAsync(Message("inventory/2", Reserved));
        await SettleAsync();
        Assert.IsType<SettlementRefused>(Assert.Single(Last));
        Assert.DoesNotContain(world.Stream.History, e => e is PaymentRefunded);
    }

    [Fact]
    public async Task Another_participants_step_is_only_recorded()
    {
        await ParkAsync();
        await SettleAsync(Settle with { Participant = "shipping" });
        Assert.Empty(Last);
        Assert.Null(Assert.Single(world.Stream.Parked).HeldSince);
    }

    [Theory]
    [InlineData(false, false, typeof(CarrierCancelled), true)]
    [InlineData(true, false, typeof(CarrierCancelled), false)]
    [InlineData(true, true, typeof(CarrierTooLate), true)]
    public async Task A_booking_is_cancelled_by_hand_unless_its_parcel_has_left(bool booked, bool left, Type answer, bool isTheCarriers)
    {
        var isDoneOutside = false;
        var byHand = Intents.ByHand(Intents.On(new Carrier(booked, left)), () => isDoneOutside = true);
        var call = new IntentCall("o-1", new CancelCarrier("tr-1", "17850", "changed my mind"), Repeated: true);

        Assert.IsType(answer, await byHand(call, Cancellation));
        Assert.Equal(isTheCarriers, isDoneOutside);
    }

    /// <summary>It only answers questions: what a person has done is not done again.</summary>
    sealed class Carrier(bool booked, bool left) : ICarrier
    {
        public Task<Answer?> FindBookingAsync(string orderId, CancellationToken cancellation) =>
            Task.FromResult<Answer?>(booked ? new CarrierBooked("tr-1", DateTimeOffset.UnixEpoch) : null);

        public Task<Answer> FindParcelAsync(string orderId, string trackingId, CancellationToken cancellation) =>
            Task.FromResult<Answer>(left ? new ParcelPickedUp() : new ParcelNotPickedUp());

        public Task<Answer> BookAsync(string key, string orderId, Address shipTo, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<Answer> CancelAsync(string key, string orderId, string trackingId, CancellationToken cancellation) =>
            throw new NotSupportedException();
    }
}
