using System.Net;
using Microsoft.Azure.Cosmos;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

/// <summary>How a call reacts to what only the SDK itself can do.</summary>
public sealed class CosmosCallsTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_throttled_call_waits_for_as_long_as_it_is_told()
    {
        var pauses = new Pauses();
        var answers = new Queue<ResponseMessage>([Throttled("700"), Throttled("0"), new(HttpStatusCode.OK)]);
        using var answer = await new CosmosCalls(Participants.Payments, pauses)
            .SendAsync("stream.read", _ => Task.FromResult(answers.Dequeue()), Cancellation);
        Assert.Equal([TimeSpan.FromMilliseconds(700), TimeSpan.FromMilliseconds(100)], pauses.All);
    }

    [Fact]
    public async Task A_time_out_of_the_SDK_is_not_a_stop() => await Assert.ThrowsAsync<TransientException>(() =>
        new CosmosCalls(Participants.Payments, TimeProvider.System)
            .AskAsync("stream.read", _ => Task.FromException<ResponseMessage>(new TaskCanceledException()), Cancellation));

    static ResponseMessage Throttled(string milliseconds)
    {
        var response = new ResponseMessage(HttpStatusCode.TooManyRequests);
        response.Headers.Add("x-ms-retry-after-ms", milliseconds);
        return response;
    }

    /// <summary>A clock that notes every pause and ends it immediately.</summary>
    sealed class Pauses : TimeProvider
    {
        public List<TimeSpan> All { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.Zero)
                All.Add(dueTime);
            return base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? TimeSpan.Zero : dueTime, period);
        }
    }
}
