namespace OrderFunctions.Kernel.Tests;

/// <summary>How each step changes a stream.</summary>
public class StreamTests
{
    static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    static readonly Stamp Stamp = new("payments", Now, null);
    static readonly OrderStream Empty = OrderStream.Empty("o-1");
    static readonly Park Poison = new(ParkingReasons.Failed, "a bug", Due: null);

    static ReceivedMessage Message(int number, OrderEvent? @event = null) => new(
        MessageId.Of("o-1", "orders", number), "o-1", "RefundPayment", @event ?? new RefundPayment("refused"), null, null, Now.AddSeconds(number), 1);

    static OrderStream Parked(params int[] numbers) =>
        numbers.Aggregate(Empty, (stream, number) => stream.Ready(Poison, Message(number), [], Stamp).Stream);

    [Fact]
    public void Only_the_first_message_that_is_parked_is_announced()
    {
        var first = Empty.Ready(Poison, Message(1), [], Stamp);
        Assert.Equal(
            new OrderParked("payments", 1, "o-1/orders/1", ParkingReasons.Failed, "a bug", new(1, Now)), Assert.Single(first.Messages).Event);
        Assert.Equal(TurnOutcome.Parked, first.Result.Outcome);

        var second = first.Stream.Republished(Now).Ready(Poison, Message(2), [], Stamp);
        Assert.Empty(second.Messages);
        Assert.Equal(["o-1/orders/1", "o-1/orders/2"], second.Stream.Parked.Select(parked => parked.Id));
    }

    /// <summary>A bus limits the length of what it keeps with a dead letter.</summary>
    [Fact]
    public void What_a_message_failed_with_is_shortened()
    {
        var parked = Empty.Ready(new Park(ParkingReasons.Failed, new('x', 5_000), Due: null), Message(1), [], Stamp);
        Assert.Equal(500, parked.Stream.Parked[0].Description.Length);
        Assert.Equal(500, parked.Result.Description.Length);
    }

    /// <summary>The timer takes the oldest first.</summary>
    [Fact]
    public void A_stream_is_pending_since_the_first_event_that_may_be_unpublished()
    {
        var once = Empty.Requested("o-1/http/1", new PlaceOrder("c", "GBP", [], "tok", null!, "main"), [new OrderCompleted("c", "t")], Stamp);
        var twice = once.Requested("o-1/http/2", new CancelOrder("why"), [new OrderCompleted("c", "t")], Stamp with { At = Now.AddHours(1) });
        Assert.Equal(Now, twice.PendingSince);
        Assert.Null(twice.Republished(Now).PendingSince);
    }

    [Fact]
    public void The_order_is_resumed_when_the_last_message_leaves_the_line()
    {
        var one = Parked(1, 2).Ready(Run.Again, Message(1), [new PaymentFailed("declined")], Stamp);
        Assert.DoesNotContain(one.Messages, message => message.Event is OrderResumed);

        var both = one.Stream.Ready(Run.Again, Message(2), [], Stamp);
        Assert.Equal(new OrderResumed("payments", both.Stream.Sequence), Assert.Single(both.Messages).Event);
        Assert.Empty(both.Stream.Parked);
    }

    [Fact]
    public void A_message_that_fails_again_stays_the_head()
    {
        var failed = Parked(1, 2).Ready(new FailAgain(0, ParkingReasons.Transient, "busy", Now.AddMinutes(2)), Message(1), [], Stamp);
        var head = failed.Stream.Parked[0];
        Assert.Equal(("o-1/orders/1", ParkingReasons.Transient, "busy", 1), (head.Id, head.Reason, head.Description, head.Attempts));
        Assert.Equal(TurnResult.Waiting, failed.Result);
    }

    [Fact]
    public void Each_replay_that_fails_is_reported_with_its_attempt_time_and_status()
    {
        var stream = Parked(1, 2);
        for (var replay = 1; replay <= 2; replay++)
        {
            var again = new FailAgain(0, ParkingReasons.Transient, new('x', 501), Now.AddHours(1), 503);
            var failed = stream.Ready(again, Message(1), [], Stamp with { At = Now.AddMinutes(replay) });
            var attempt = new FailedAttempt(1 + replay, Now.AddMinutes(replay), 503);
            Assert.Equal(attempt, failed.Stream.Parked[0].Failed);
            Assert.Equal(
                new OrderParked("payments", 1 + replay, "o-1/orders/1", ParkingReasons.Transient, new('x', 500), attempt),
                failed.Messages[^1].Event);
            stream = failed.Stream;
        }
        Assert.Equal(-1, stream.IndexOf("o-1/orders/1"));
        Assert.Equal(Now, stream.Parked[0].Since);
    }

    [Fact]
    public void A_message_that_a_later_version_knows_and_does_not_hear_leaves_the_line()
    {
        var unheard = Message(1) with { Hearing = Hearing.NotHeard };
        var ignored = Parked(1, 2).Ready(Ignore.It, unheard, [], Stamp);
        Assert.Equal((TurnResult.NotHeard, "o-1/orders/2"), (ignored.Result, Assert.Single(ignored.Stream.Parked).Id));

        var last = Parked(1).Ready(Ignore.It, unheard, [], Stamp);
        Assert.IsType<OrderResumed>(last.Messages[^1].Event);

        var recorded = Empty.Ready(Ignore.It, unheard, [], Stamp);
        Assert.Equal(unheard.Id, Assert.Single(recorded.Stream.Entries).On);
        Assert.Empty(recorded.Messages);
    }

    [Fact]
    public void A_message_that_was_never_tried_here_has_no_attempt()
    {
        var behind = new Park(ParkingReasons.Behind, "o-1/orders/1 is parked before it.", Now);
        Assert.Null(Parked(1).Ready(behind, Message(2), [], Stamp).Stream.Parked[1].Failed);
    }

    [Fact]
    public void Events_of_requests_go_out_with_the_next_message_unless_they_were_republished()
    {
        var requested = Empty.Requested("o-1/http/CancelOrder", new CancelOrder("changed my mind"), [new OrderCancelled("c", "r")], Stamp);
        var handled = requested.Ready(Run.First, Message(1), [new PaymentFailed("declined")], Stamp);
        Assert.Equal(["o-1/payments/1", "o-1/payments/2"], handled.Messages.Select(message => message.Id));

        var republished = requested.Republished(Now).Ready(Run.First, Message(1), [new PaymentFailed("declined")], Stamp);
        Assert.Equal(["o-1/payments/2"], republished.Messages.Select(message => message.Id));
    }

    [Theory]
    [InlineData("o-1/payments/1", new[] { "o-1/payments/2" })]
    [InlineData("o-1/shipping/1", new[] { "o-1/payments/1", "o-1/payments/2" })]
    [InlineData(null, new[] { "o-1/payments/1", "o-1/payments/2" })]
    public void The_event_of_a_request_does_not_go_out_again_with_a_message_that_it_caused(string? cause, string[] published)
    {
        var requested = Empty.Requested("o-1/http/CancelOrder", new CancelOrder("r"), [new OrderCancelled("c", "r")], Stamp);
        var message = Message(1) with { CausationId = cause };
        var handled = requested.Ready(Run.First, message, [new PaymentFailed("declined")], Stamp);
        Assert.Equal(published, handled.Messages.Select(m => m.Id));
        Assert.Equal(published, handled.Stream.Ready(new PublishAgain(1), message, [], Stamp).Messages.Select(m => m.Id));
    }

    public static TheoryData<OrderStream> NotProved() =>
    [
        // Two events, two requests, an operator's request, a mark of parking.
        Empty.Requested("o-1/http/a", new CancelOrder("r"), [new OrderCancelled("c", "r"), new RestockInventory("r")], Stamp),
        Empty.Requested("o-1/http/a", new CancelOrder("r"), [new OrderCancelled("c", "r")], Stamp)
            .Requested("o-1/http/b", new CancelOrder("r"), [new RestockInventory("r")], Stamp),
        Empty.Requested("o-1/http/a", new ReplayRequested("shipping"), [new ReplayRequested("shipping")], Stamp),
        Empty.Ready(Poison, Message(9), [], Stamp).Stream,
    ];

    [Theory, MemberData(nameof(NotProved))]
    public void Nothing_else_that_is_pending_is_proved_by_a_message(OrderStream stream)
    {
        var pending = stream.Pending.Select(m => m.Id).ToList();
        foreach (var cause in pending)
        {
            var handled = stream.Ready(Run.First, Message(1) with { CausationId = cause }, [], Stamp);
            Assert.Equal(pending, handled.Messages.Select(m => m.Id));
        }
    }

    [Fact]
    public void A_duplicate_publishes_only_up_to_its_own_entry()
    {
        var stream = Empty.Ready(Run.First, Message(1), [new PaymentFailed("declined")], Stamp).Stream;
        stream = stream.Ready(Run.First, Message(2), [new RestockInventory("declined")], Stamp).Stream;
        var again = stream.Ready(new PublishAgain(0), Message(1), [], Stamp);
        Assert.Equal(["o-1/payments/1"], again.Messages.Select(message => message.Id));
        Assert.Same(stream, again.Stream);
    }

    [Fact]
    public void A_control_message_for_another_participant_is_recorded_and_changes_nothing_else()
    {
        var stream = Parked(1);
        var obeyed = stream.Ready(Obey.It, Message(2, new ReplayRequested("shipping")), [], Stamp).Stream;
        Assert.Equal(stream.Parked, obeyed.Parked);
        Assert.Equal(1, obeyed.IndexOf("o-1/orders/2"));
    }

    [Fact]
    public void A_discarded_message_counts_as_handled_and_names_who_discarded_it()
    {
        var discarded = Parked(1).Ready(
            Obey.It, Message(2, new DiscardRequested("payments", "o-1/orders/1", "olivia", "never valid")), [], Stamp).Stream;
        Assert.True(discarded.IndexOf("o-1/orders/1") >= 0);
        Assert.Empty(discarded.Parked);
        Assert.Contains(discarded.Entries, entry => entry.Via is Via.Discard && entry.Events[0].Event is MessageDiscarded { By: "olivia" });
    }
}
