using Microsoft.Extensions.Time.Testing;
using OrderFunctions.Local.Bus;

namespace OrderFunctions.Runtime.Tests.Local;

public sealed class AcceptedIdsTests
{
    static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    [Fact]
    public void A_flood_is_remembered_as_far_as_memory_has_room()
    {
        var accepted = new AcceptedIds(Window, new FakeTimeProvider(), []);
        const int Transactions = 60;
        for (var transaction = 0; transaction < Transactions; transaction++)
            Accept(accepted, transaction, Enumerable.Range(0, AcceptedIds.IdsMax / 50).Select(number => $"{transaction}/{number}"));

        Assert.False(accepted.TryAccept($"{Transactions - 1}/0"));
        Assert.False(accepted.TryAccept($"{Transactions - 49}/0"));
        Assert.True(accepted.TryAccept("0/0"));
    }

    [Fact]
    public void One_transaction_that_is_larger_than_that_is_remembered_whole()
    {
        var accepted = new AcceptedIds(Window, new FakeTimeProvider(), []);
        Accept(accepted, 0, Enumerable.Range(0, AcceptedIds.IdsMax + 10).Select(number => $"0/{number}"));
        Assert.False(accepted.TryAccept("0/0"));
    }

    [Fact]
    public void What_is_older_than_the_window_is_forgotten()
    {
        var clock = new FakeTimeProvider();
        var accepted = new AcceptedIds(Window, clock, []);
        Accept(accepted, 0, ["a"]);
        clock.Advance(Window - TimeSpan.FromTicks(1));
        Assert.False(accepted.TryAccept("a"));
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.True(accepted.TryAccept("a"));
    }

    static void Accept(AcceptedIds accepted, long transaction, IEnumerable<string> messageIds)
    {
        foreach (var id in messageIds)
            Assert.True(accepted.TryAccept(id));
        accepted.Keep(transaction);
    }
}
