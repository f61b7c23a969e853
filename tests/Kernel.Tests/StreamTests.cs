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
        Assert.Equal(new OrderParked("payments", 1, "o-1/orders/1", ParkingReasons.Failed, "a bug"), Assert.Single(first.Messages).Event);
        Assert.Equal(TurnOutcome.Parked, first.Result.Outcome);

        var second = first.Stream.Republished(Now).Ready(Poison, Message(2), [], Stamp);
        Assert.Empty(second.Messages);
        Assert.Equal(["o-1/orders/1", "o-1/orders/2"], second.Stream.Parked.Select(parked => parked.Id));
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
    public void Events_of_requests_go_out_with_the_next_message_unless_they_were_republished()
    {
        var requested = Empty.Requested("o-1/http/CancelOrder", new CancelOrder("changed my mind"), [new OrderCancelled("c", "r")], Stamp);
        var handled = requested.Ready(Run.First, Message(1), [new PaymentFailed("declined")], Stamp);
        Assert.Equal(["o-1/payments/1", "o-1/payments/2"], handled.Messages.Select(message => message.Id));

        var republished = requested.Republished(Now).Ready(Run.First, Message(1), [new PaymentFailed("declined")], Stamp);
        Assert.Equal(["o-1/payments/2"], republished.Messages.Select(message => message.Id));
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
