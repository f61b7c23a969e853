using System.Collections.Concurrent;
using OrderFunctions.Contracts;
using OrderFunctions.Kernel;
using OrderFunctions.Local.Bus;
using OrderFunctions.Local.Streams;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Tests;

/// <summary>What need not wait for the disk, and what must; and memory always agrees with the file.</summary>
public sealed class SqliteStreamsTests : IAsyncDisposable
{
    static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);

    readonly DataFile file = new(inMemory: false);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync() => await file.DisposeAsync();

    [Fact]
    public async Task Only_a_save_that_ends_an_HTTP_request_waits_for_the_disk()
    {
        var database = file.Open();
        var store = new SqliteStreams(database).Of(Participants.Shipping);
        foreach (var order in (string[])["by bus", "published after", "silent"])
            await store.LoadAsync(order, Cancellation);
        using var disk = new Pause();
        database.Enqueue(disk);

        var byBus = store.SaveAsync(Samples.Stream("by bus", Samples.Entry("by bus", 1, Via.Bus, new OrderShipped("trk-1"))), Cancellation);
        var publishedAfter = store.SaveAsync(
            Samples.Stream("published after", Samples.Entry("published after", 1, Via.Http, new OrderShipped("trk-1"))), Cancellation);
        var silent = store.SaveAsync(
            Samples.Stream("silent", Samples.Entry("silent", 1, Via.Http, new EarlyPickUpNoted("trk-1"))), Cancellation);

        Assert.True(byBus.IsCompletedSuccessfully);
        Assert.True(publishedAfter.IsCompletedSuccessfully);
        await Task.WhenAny(silent, Task.Delay(Moment, Cancellation));
        Assert.False(silent.IsCompleted);
        disk.Set();
        await silent;
    }

    [Fact]
    public async Task A_publication_is_delivered_at_once_and_confirmed_once_it_is_on_disk()
    {
        var database = file.Open();
        using var bus = new SqliteBus(database, new(), TimeProvider.System);
        using var disk = new Pause();
        database.Enqueue(disk);

        var first = bus.PublishAsync([Samples.Message("o-1", 1)], Cancellation);
        var again = bus.PublishAsync([Samples.Message("o-1", 1)], Cancellation);

        await Task.WhenAny(first, again, Task.Delay(Moment, Cancellation));
        Assert.False(first.IsCompleted || again.IsCompleted);
        Assert.NotNull(bus.TryReceive(Participants.Payments));
        disk.Set();
        await Task.WhenAll(first, again);
    }

    [Fact]
    public async Task A_turn_on_a_message_does_not_wait_for_the_disk()
    {
        var database = file.Open();
        using var bus = new SqliteBus(database, new(), TimeProvider.System);
        using var disk = new Pause();
        database.Enqueue(disk);
        Assert.True(bus.Unawaited.PublishAsync([Samples.Message("o-1", 1)], Cancellation).IsCompletedSuccessfully);
        disk.Set();
        await database.CommittedAsync();
    }

    [Fact]
    public async Task A_message_is_written_only_if_it_is_not_completed_when_its_transaction_ends()
    {
        var database = file.Open();
        var path = file.Path;
        using var bus = new SqliteBus(database, new(), TimeProvider.System);
        using (var disk = new Pause())
        {
            database.Enqueue(disk);
            await bus.Unawaited.PublishAsync([Samples.Message("o-1", 1), Samples.Message("o-2", 1)], Cancellation);
            var first = bus.TryReceive(Participants.Payments)!;
            await bus.Unawaited.PublishAsync([Samples.Message("o-1", 2)], Cancellation);
            await first.CompleteAsync(Cancellation);
            disk.Set();
            await database.CommittedAsync();
        }
        file.Crash();
        Assert.Equal(["o-1/sender/2", "o-2/sender/1"], await WaitingAsync());

        await bus.TryReceive(Participants.Payments)!.CompleteAsync(Cancellation);
        await database.CommittedAsync();
        file.Crash(path);
        Assert.Equal(["o-1/sender/2"], await WaitingAsync());

        async Task<IEnumerable<string>> WaitingAsync() => await file.Open().RunAsync(connection => connection
            .Sql("SELECT id FROM message WHERE subscription = 'payments' ORDER BY id").Rows(row => row.Text(0)));
    }

    [Fact]
    public async Task Lists_show_the_last_of_several_saves_in_one_transaction()
    {
        var database = file.Open();
        var store = new SqliteStreams(database).Of(Participants.Orders);
        Assert.Null(await store.LoadAsync("o-1", Cancellation));
        OrderStatus[][] transactions =
            [[OrderStatus.Placed, OrderStatus.Reserved, OrderStatus.Paid], [OrderStatus.Booked, OrderStatus.Completed]];
        foreach (var statuses in transactions)
        {
            using var disk = new Pause();
            database.Enqueue(disk);
            foreach (var status in statuses)
            {
                var stream = await store.LoadAsync("o-1", Cancellation) ?? OrderStream.Empty("o-1");
                await store.SaveAsync(stream, Samples.Summary("o-1", 1, status), Cancellation);
            }
            disk.Set();
            await database.CommittedAsync();
            var last = statuses[^1];
            Assert.Equal(last, Assert.Single((await new OrderLists(database).ListAsync(new(), Cancellation)).Orders).Status);
            Assert.Equal(1, (await new OrderLists(database).CountAsync(Cancellation)).ByStatus[last]);
        }
        Assert.Equal(1, await database.RunAsync(connection =>
            connection.Sql("SELECT sum(orders) FROM final_count").First(row => row.Long(0))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20_000)]
    public async Task However_few_orders_fit_in_memory_no_save_is_lost_or_overwritten(int ordersMax)
    {
        const int Orders = 3, Writers = 4, Each = 40;
        var database = file.Open(ordersMax);
        var store = new SqliteStreams(database).Of(Participants.Orders);
        var saved = new ConcurrentBag<(string Order, string On)>();

        await Task.WhenAll(Enumerable.Range(0, Orders * Writers).Select(writer => Task.Run(async () =>
        {
            var order = $"o-{writer % Orders}";
            for (var number = 0; number < Each;)
            {
                var stream = await store.LoadAsync(order, Cancellation) ?? OrderStream.Empty(order);

                // Large, so that other writers interfere.
                var entry = Samples.Entry(order, writer * Each + number, Via.Bus, Samples.EveryEvent);
                try
                {
                    await store.SaveAsync(stream.With(entry), Cancellation);
                }
                catch (StreamConflictException)
                {
                    continue;
                }
                saved.Add((order, entry.On));
                number++;
            }
        }, Cancellation)));

        Assert.False(database.Broken.IsCompleted);
        await database.CommittedAsync();
        file.Crash();
        foreach (var from in (IStreamStore[])[store, new SqliteStreams(file.Open()).Of(Participants.Orders)])
        {
            foreach (var order in saved.GroupBy(entry => entry.Order, entry => entry.On))
            {
                var stored = (await from.LoadAsync(order.Key, Cancellation))!.Entries.Select(e => e.On);
                Assert.Equal(order.Order(StringComparer.Ordinal), stored.Order(StringComparer.Ordinal));
            }
        }
    }
}
