using OrderFunctions.Kernel;
using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

/// <summary>A message to handle.</summary>
/// <param name="Cancellation">Out of time, or the host stops.</param>
/// <param name="Stopping">The host stops.</param>
readonly record struct Turn(ReceivedMessage Message, Lane Lane, CancellationToken Cancellation, CancellationToken Stopping)
{
    public bool IsOutOfTime => Cancellation.IsCancellationRequested && !Stopping.IsCancellationRequested;
}

/// <summary>One attempt at a turn.</summary>
/// <param name="IsFirst">No earlier attempt has performed any of its intents.</param>
readonly record struct Attempt(bool IsFirst, long StartedAt)
{
    public Attempt After(bool another) => this with { IsFirst = IsFirst && !another };
}

/// <summary>An intent of an attempt, tried until there is an answer. One object, in place of a closure and its delegate.</summary>
sealed class Performance(Participant participant, string orderId, Intent intent, Attempt attempt, Perform perform)
{
    bool isFirst = attempt.IsFirst;

    public Task<Answer> TryAsync(CancellationToken cancellation)
    {
        var call = new IntentCall(orderId, intent, Repeated: !isFirst || participant.IsOverdue(attempt));
        isFirst = false;
        return perform(call, cancellation);
    }
}
