using System.Text;
using OrderFunctions.Runtime;

namespace OrderFunctions.Saga.Tests;

/// <summary>
/// Given what was recorded, when this is heard, then that is recorded. Every <see cref="When"/> is heard a second time at the end, as the
/// bus may deliver it: nothing more may be decided.
/// </summary>
public sealed class Spec(IDecider decider, params OrderEvent[] given)
{
    readonly List<OrderEvent> history = [.. given];
    OrderEvent? when;
    OrderEvent? input;

    public Spec When(OrderEvent heard)
    {
        (when, input) = (heard, heard);
        return this;
    }

    /// <summary>The decision is this one intent; its answer follows by <see cref="Answered"/>.</summary>
    public Spec ThenAsks(Intent intent)
    {
        Decided(intent);
        return this;
    }

    public Spec Answered(Answer answer)
    {
        input = answer;
        return this;
    }

    public Spec Then(params OrderEvent[] expected)
    {
        Decided(expected);
        Assert.Empty(decider.Decide(history, when!));
        return this;
    }

    public Spec ThenNothingHappens() => Then();

    void Decided(params OrderEvent[] expected)
    {
        var decided = decider.Decide(history, input!);
        Assert.Equal(expected.Select(Text), decided.Select(Text));
        history.AddRange(decided);
    }

    static string Text(OrderEvent @event) => $"{@event.GetType().Name} {Encoding.UTF8.GetString(EventJson.Encode(@event))}";
}
