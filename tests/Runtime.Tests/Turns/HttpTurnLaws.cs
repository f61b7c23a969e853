using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using static OrderFunctions.Turns.World;

namespace OrderFunctions.Turns;

/// <summary>HTTP requests are not delivered again, so after a crash their events must be published some other way.</summary>
public class HttpTurnLaws
{
    /// <summary>Payments has no HTTP endpoint of its own. Its refund rule stands in for whatever a request may decide.</summary>
    static readonly RefundPayment Request = new("over HTTP");

    readonly World world = new();

    Task<OrderStream> RequestAsync(string id = "request-1") => world.Participant.RequestAsync(Order, id, Request, default);

    async Task CrashBeforePublishingAsync(string id = "request-1")
    {
        world.Fail("publish", new OperationCanceledException("the process died"));
        await Assert.ThrowsAsync<OperationCanceledException>(() => RequestAsync(id));
        Assert.Empty(world.Published);
    }

    [Fact]
    public async Task A_request_is_saved_then_published()
    {
        var stream = await RequestAsync();
        Assert.Equal(["load", "find charge", "save", "publish RestockInventory"], world.Log);
        Assert.Equal(Via.Http, Assert.Single(stream.Entries).Via);
    }

    [Fact]
    public async Task The_same_request_again_records_nothing_and_publishes_the_same()
    {
        await RequestAsync();
        await RequestAsync();
        Assert.Single(world.Stream.Entries);
        Assert.Equal(world.Published[0], world.Published[1]);
    }

    [Fact]
    public async Task What_a_crash_left_unpublished_is_published_before_the_next_messages_events()
    {
        await CrashBeforePublishingAsync();
        await world.DeliverAsync(Message("shipping/2", new RefundPayment("b")));
        Assert.Equal(["o-1/payments/3"], world.Published.Select(m => m.Id));
    }

    [Fact]
    public async Task What_several_crashes_left_unpublished_is_published_in_order_with_the_next_request()
    {
        await CrashBeforePublishingAsync();
        await world.Participant.RequestAsync(Order, "request-2", new ReplayRequested("shipping"), default);
        Assert.Equal(["o-1/payments/3", "o-1/payments/4"], world.Published.Select(m => m.Id));
        Assert.Contains("publish RestockInventory ReplayRequested", world.Log);
    }

    [Fact]
    public async Task The_timer_finds_what_a_crash_left_and_publishes_it()
    {
        await CrashBeforePublishingAsync();
        var republisher = new Republisher(world.Participant, world, world.Time);
        Assert.Equal(0, await republisher.RunAsync(default));
        world.Time.Advance(Republisher.MinimumAge + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await republisher.RunAsync(default));
        Assert.Equal(["RestockInventory"], world.Published.Select(m => m.Event.GetType().Name));
    }

    [Fact]
    public async Task The_timer_does_not_republish_what_a_later_message_has_published()
    {
        await RequestAsync();
        await world.DeliverAsync(Message("shipping/2", new RefundPayment("b")));
        world.Published.Clear();
        world.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, await new Republisher(world.Participant, world, world.Time).RunAsync(default));
    }

    [Fact]
    public async Task Requests_go_on_while_the_order_is_parked()
    {
        await world.DeliverAsync(Message("inventory/2", null, type: "InventoryReserved"));
        await RequestAsync();
        Assert.Equal(Via.Http, world.Stream.Entries[^1].Via);
        Assert.Single(world.Stream.Parked);
    }
}
