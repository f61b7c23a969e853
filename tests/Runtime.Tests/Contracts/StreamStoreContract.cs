using System.Text.Json;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Contracts;

/// <summary>What the kernel requires of a stream store.</summary>
public abstract class StreamStoreContract
{
    /// <summary>Returns an empty store. It holds Orders' streams because those have a summary.</summary>
    protected abstract ValueTask<IStreamStore> StoreAsync();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_unknown_order_has_no_stream()
    {
        var store = await StoreAsync();
        Assert.Null(await store.LoadAsync("nobody", Cancellation));
    }

    [Fact]
    public async Task What_is_saved_is_loaded_with_an_ETag()
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1, Via.Http, new OrderCancelled("c", "r"))), Cancellation);

        var loaded = await LoadAsync(store, "o-1");

        Assert.NotNull(loaded.ETag);
        Assert.Equal("o-1", loaded.OrderId);
        AssertSame(Samples.Entry("o-1", 1, Via.Http, new OrderCancelled("c", "r")), Assert.Single(loaded.Entries));
    }

    [Fact]
    public async Task Loading_does_not_change_the_ETag()
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation);
        Assert.Equal((await LoadAsync(store, "o-1")).ETag, (await LoadAsync(store, "o-1")).ETag);
    }

    [Fact]
    public async Task Creating_what_is_there_conflicts_and_changes_nothing()
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation);
        var before = await LoadAsync(store, "o-1");

        await Assert.ThrowsAsync<StreamConflictException>(() => store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 2)), Cancellation));

        await AssertUnchangedAsync(store, before);
    }

    [Fact]
    public async Task What_could_not_be_read_again_is_refused_and_changes_nothing()
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation);
        var before = await LoadAsync(store, "o-1");
        var broken = before with { Entries = before.Entries.Add(Samples.Entry("o-1", 2, Via.Bus, new PaymentFailed(null!))) };

        await Assert.ThrowsAsync<JsonException>(() => store.SaveAsync(broken, Cancellation));

        await AssertUnchangedAsync(store, before);
    }

    [Fact]
    public async Task Replacing_with_a_stale_ETag_conflicts_and_changes_nothing()
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation);
        var stale = await LoadAsync(store, "o-1");
        await store.SaveAsync(stale.With(Samples.Entry("o-1", 2)), Cancellation);
        var before = await LoadAsync(store, "o-1");

        await Assert.ThrowsAsync<StreamConflictException>(() => store.SaveAsync(stale.With(Samples.Entry("o-1", 3)), Cancellation));

        Assert.Equal(2, before.Entries.Count);
        await AssertUnchangedAsync(store, before);
    }

    [Fact]
    public async Task Saving_the_same_twice_conflicts_the_second_time()
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation);
        var next = (await LoadAsync(store, "o-1")).With(Samples.Entry("o-1", 2));
        await store.SaveAsync(next, Cancellation);
        await Assert.ThrowsAsync<StreamConflictException>(() => store.SaveAsync(next, Cancellation));
    }

    [Fact]
    public async Task Replacing_what_is_not_there_conflicts()
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation);
        var other = (await LoadAsync(store, "o-1")) with { OrderId = "o-2" };

        await Assert.ThrowsAsync<StreamConflictException>(() => store.SaveAsync(other, Cancellation));

        Assert.Null(await store.LoadAsync("o-2", Cancellation));
    }

    [Fact]
    public async Task Every_kind_of_event_comes_back_as_it_was()
    {
        var store = await StoreAsync();
        var entry = Samples.Entry("o-1", 1, Via.Bus, Samples.EveryEvent) with
        {
            Cause = "o-1/orders/1",
            Sent = Samples.Noon.AddTicks(7),
            Trace = Samples.Trace,
            Deliveries = 3,
        };
        await store.SaveAsync(Samples.Stream("o-1", entry), Cancellation);
        AssertSame(entry, (await LoadAsync(store, "o-1")).Entries[0]);
    }

    [Fact]
    public async Task There_is_a_sample_of_every_kind_of_event() =>
        Assert.Equal(
            EventJson.Names.Order(StringComparer.Ordinal),
            await Task.FromResult(Samples.EveryEvent.Select(e => e.GetType().Name).Distinct().Order(StringComparer.Ordinal)));

    [Theory]
    [InlineData(Via.Bus)]
    [InlineData(Via.Http)]
    [InlineData(Via.Parking)]
    [InlineData(Via.Discard)]
    [InlineData(Via.Republished)]
    public async Task Via_is_kept(Via via)
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1, via)), Cancellation);
        Assert.Equal(via, (await LoadAsync(store, "o-1")).Entries[0].Via);
    }

    [Fact]
    public async Task Parked_messages_are_kept_in_their_order_changed_and_removed()
    {
        var store = await StoreAsync();
        var first = new ParkedMessage("o-1/a/1", "InventoryReserved", ParkingReasons.Failed, "a bug 🐛", Samples.Noon, null, 2, Sent: Samples.Noon);
        var second = new ParkedMessage("o-1/a/2", "RefundPayment", ParkingReasons.Behind, "behind", Samples.Noon, Samples.Noon.AddHours(1));
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1, Via.Parking)) with { Parked = [first] }, Cancellation);

        var loaded = await LoadAsync(store, "o-1");
        await store.SaveAsync(loaded with { Parked = loaded.Parked.Add(second) }, Cancellation);
        loaded = await LoadAsync(store, "o-1");
        Assert.Equal([first, second], loaded.Parked);

        await store.SaveAsync(loaded with { Parked = [second with { Attempts = 1 }] }, Cancellation);
        loaded = await LoadAsync(store, "o-1");
        Assert.Equal([second with { Attempts = 1 }], loaded.Parked);

        await store.SaveAsync(loaded.With(Samples.Entry("o-1", 2)) with { Parked = [] }, Cancellation);
        loaded = await LoadAsync(store, "o-1");
        Assert.Empty(loaded.Parked);
        Assert.Equal(2, loaded.Entries.Count);
    }

    [Fact]
    public async Task A_save_that_only_changes_what_is_parked_changes_the_ETag()
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation);
        var stale = await LoadAsync(store, "o-1");
        await store.SaveAsync(stale with { Parked = [new("o-1/a/1", "T", "R", "D", Samples.Noon, null)] }, Cancellation);

        await Assert.ThrowsAsync<StreamConflictException>(() => store.SaveAsync(stale.With(Samples.Entry("o-1", 2)), Cancellation));

        Assert.Single((await LoadAsync(store, "o-1")).Parked);
    }

    [Fact]
    public async Task The_size_grows_by_about_what_is_added()
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation);
        var small = await LoadAsync(store, "o-1");

        // Not ASCII, so that the numbers of characters and bytes differ: each character has 3 bytes.
        await store.SaveAsync(small.With(Samples.Entry("o-1", 2, Via.Bus, new PaymentFailed(new string('张', 100_000)))), Cancellation);
        var large = await LoadAsync(store, "o-1");

        Assert.InRange(small.Size, 50, 2_000);
        Assert.InRange(large.Size - small.Size, 300_000, 302_000);
    }

    [Fact]
    public async Task Streams_of_different_orders_do_not_touch_each_other()
    {
        var store = await StoreAsync();
        foreach (var order in (string[])["o-1", "o-11", "O-1", "o-1 ", "ö/1"])
            await store.SaveAsync(Samples.Stream(order, Samples.Entry(order, 1)), Cancellation);
        foreach (var order in (string[])["o-1", "o-11", "O-1", "o-1 ", "ö/1"])
            Assert.Equal($"{order}/sender/1", Assert.Single((await LoadAsync(store, order)).Entries).On);
    }

    [Fact]
    public async Task Exactly_one_of_many_concurrent_creations_succeeds()
    {
        var store = await StoreAsync();
        var won = await WinnersAsync(20, number => store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", number)), Cancellation));
        Assert.Equal($"o-1/sender/{Assert.Single(won)}", Assert.Single((await LoadAsync(store, "o-1")).Entries).On);
    }

    [Fact]
    public async Task Exactly_one_of_many_concurrent_replacements_succeeds()
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 100)), Cancellation);
        for (var round = 1; round <= 10; round++)
        {
            var loaded = await LoadAsync(store, "o-1");
            var won = await WinnersAsync(20, number => store.SaveAsync(loaded.With(Samples.Entry("o-1", number)), Cancellation));
            var after = await LoadAsync(store, "o-1");
            Assert.Equal(round + 1, after.Entries.Count);
            Assert.Equal($"o-1/sender/{Assert.Single(won)}", after.Entries[^1].On);
        }
    }

    [Fact]
    public async Task Streams_that_end_in_unpublished_HTTP_entries_are_found_oldest_first()
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("second", Samples.Entry("second", 20, Via.Http, new OrderCancelled("c", "r"))), Cancellation);
        await store.SaveAsync(Samples.Stream("first", Samples.Entry("first", 10, Via.Http, new OrderCancelled("c", "r"))), Cancellation);
        await store.SaveAsync(Samples.Stream("later", Samples.Entry("later", 40, Via.Http, new OrderCancelled("c", "r"))), Cancellation);
        await store.SaveAsync(Samples.Stream("by bus", Samples.Entry("by bus", 1, Via.Bus, new OrderCancelled("c", "r"))), Cancellation);
        await store.SaveAsync(Samples.Stream("silent", Samples.Entry("silent", 1, Via.Http, new ReservationNoted())), Cancellation);

        Assert.Equal(["first", "second"], await store.PendingAsync(Samples.Noon.AddSeconds(30), 10, Cancellation));
        Assert.Equal(["first"], await store.PendingAsync(Samples.Noon.AddSeconds(30), 1, Cancellation));
        Assert.Empty(await store.PendingAsync(Samples.Noon.AddSeconds(10), 10, Cancellation));
    }

    [Fact]
    public async Task A_stream_is_no_longer_found_once_a_message_has_been_handled_on_it()
    {
        var store = await StoreAsync();
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1, Via.Http, new OrderCancelled("c", "r"))), Cancellation);
        await store.SaveAsync((await LoadAsync(store, "o-1")).With(Samples.Entry("o-1", 2, Via.Http, new OrderCancelled("c", "r"))), Cancellation);
        Assert.Equal(["o-1"], await store.PendingAsync(Samples.Noon.AddHours(1), 10, Cancellation));

        await store.SaveAsync((await LoadAsync(store, "o-1")).With(Samples.Entry("o-1", 3)), Cancellation);

        Assert.Empty(await store.PendingAsync(Samples.Noon.AddHours(1), 10, Cancellation));
    }

    static async Task<OrderStream> LoadAsync(IStreamStore store, string orderId)
    {
        var stream = await store.LoadAsync(orderId, Cancellation);
        Assert.NotNull(stream);
        return stream;
    }

    static async Task AssertUnchangedAsync(IStreamStore store, OrderStream before)
    {
        var after = await LoadAsync(store, before.OrderId);
        Assert.Equal(before.ETag, after.ETag);
        Assert.Equal(before.Entries.Select(entry => entry.On), after.Entries.Select(entry => entry.On));
    }

    /// <summary>Returns the writers that succeeded. All the others must have met a conflict.</summary>
    static async Task<List<int>> WinnersAsync(int writers, Func<int, Task> save)
    {
        using var start = new ManualResetEventSlim();
        var outcomes = Enumerable.Range(1, writers).Select(number => Task.Run(async () =>
        {
            start.Wait(Cancellation);
            try
            {
                await save(number);
                return number;
            }
            catch (StreamConflictException)
            {
                return 0;
            }
        }, Cancellation)).ToList();
        start.Set();
        return [.. (await Task.WhenAll(outcomes)).Where(number => number > 0)];
    }

    /// <summary>Compares as text, because records that hold lists do not compare as equal.</summary>
    static void AssertSame<T>(T expected, T actual) =>
        Assert.Equal(JsonSerializer.Serialize(expected, EventJson.Options), JsonSerializer.Serialize(actual, EventJson.Options));
}
