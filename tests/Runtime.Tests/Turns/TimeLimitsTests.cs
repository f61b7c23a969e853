using Microsoft.Extensions.Time.Testing;

namespace OrderFunctions.Runtime.Tests.Turns;

public sealed class TimeLimitsTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_limit_that_is_used_again_starts_anew_and_ends_as_the_first_did()
    {
        var limits = new TimeLimits(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        var first = limits.Start();
        var token = first.Token;
        first.Dispose();
        using var again = limits.Start();
        Assert.Equal(token, again.Token);
        Assert.False(again.Token.IsCancellationRequested);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Delay(TimeSpan.FromSeconds(30), again.Token));
        Assert.False(Cancellation.IsCancellationRequested);
    }

    [Fact]
    public async Task A_limit_that_was_reached_is_not_used_again()
    {
        var limits = new TimeLimits(TimeSpan.FromHours(1), TimeProvider.System);
        using var host = new CancellationTokenSource();
        var reached = limits.Start();
        await using (reached.EndsWith(host.Token))
            await host.CancelAsync();
        Assert.True(reached.Token.IsCancellationRequested);
        reached.Dispose();

        using var next = limits.Start();
        Assert.False(next.Token.IsCancellationRequested);
    }

    [Fact]
    public void Another_clock_decides_when_a_limit_is_reached()
    {
        var clock = new FakeTimeProvider();
        var limits = new TimeLimits(TimeSpan.FromMinutes(4), clock);
        for (var use = 0; use < 2; use++)
        {
            using var limit = limits.Start();
            clock.Advance(TimeSpan.FromMinutes(3));
            Assert.False(limit.Token.IsCancellationRequested);
            clock.Advance(TimeSpan.FromMinutes(1));
            Assert.True(limit.Token.IsCancellationRequested);
        }
    }
}
