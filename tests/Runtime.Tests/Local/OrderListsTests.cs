using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Contracts;
using OrderFunctions.Local.Storage;
using OrderFunctions.Local.Streams;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Tests;

public sealed class OrderListsTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_search_looks_at_twenty_thousand_orders_at_a_time_and_says_how_far_it_came()
    {
        await using var database = Database.Open(Database.InMemory, NullLogger.Instance);
        var streams = new SqliteStreams(database).Of(Participants.Orders);
        var orders = new OrderLists(database);

        // All of one minute, so that the time alone does not tell where the search ended. The oldest are saved one by one, because those that
        // are saved at once are numbered in no particular sequence.
        for (var number = 0; number < 10; number++)
            await SaveAsync(number);
        await Task.WhenAll(Enumerable.Range(10, 20_000).Select(SaveAsync));

        var first = await orders.ListAsync(new(Contains: "ante"), Cancellation);
        Assert.Equal(["o-20005"], first.Orders.Select(order => order.OrderId));
        Assert.Equal(Samples.Noon.AddMinutes(1), first.SearchedTo);
        var second = await orders.ListAsync(new(Contains: "ante", After: first.Next), Cancellation);
        Assert.Equal(["o-00005"], second.Orders.Select(order => order.OrderId));
        Assert.Equal((null, null), (second.Next, second.SearchedTo));

        Task SaveAsync(int number) => streams.SaveAsync(
            Samples.Summary($"o-{number:00000}", 1, customer: number % 20_000 == 5 ? "wanted" : "other"), Cancellation);
    }
}
