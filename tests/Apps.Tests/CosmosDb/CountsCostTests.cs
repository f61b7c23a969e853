using Microsoft.Extensions.Time.Testing;
using OrderFunctions.CosmosDb.Gateway;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

/// <summary>Counting costs dozens of queries, and pages poll the counts.</summary>
public class CountsCostTests
{
    readonly CosmosGateway gateway = new();
    readonly FakeTimeProvider time = new();
    readonly CosmosOrderQueries orders;
    int queries;

    public CountsCostTests()
    {
        orders = new(gateway.Client().GetContainer(CosmosGateway.Database, Participants.Orders), time);
        gateway.Before = (call, _) =>
        {
            if (call.Operation == "query")
                Interlocked.Increment(ref queries);
            return Task.CompletedTask;
        };
    }

    [Fact]
    public async Task All_who_ask_within_a_second_share_one_read()
    {
        await ReadAsync();
        var once = queries;
        time.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => ReadAsync()));
        time.Advance(TimeSpan.FromMilliseconds(999));
        await ReadAsync();
        Assert.InRange(queries, once + 1, 2 * once);
    }

    [Fact]
    public async Task A_failure_is_not_kept()
    {
        gateway.Faults = call => call.Operation == "query" ? new(403) : null;
        await Assert.ThrowsAsync<TransientException>(ReadAsync);

        gateway.Faults = _ => null;
        await ReadAsync();
    }

    async Task ReadAsync()
    {
        await orders.CountAsync(TestContext.Current.CancellationToken);
        await orders.CountFactsAsync(TestContext.Current.CancellationToken);
    }
}
