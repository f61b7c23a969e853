namespace OrderFunctions.Saga;

/// <summary>
/// One participant's rules. Both functions are pure and total: <see cref="Decide"/> answers every input in every state, an input that
/// changes nothing with an empty list; <see cref="Evolve"/> throws on an event that cannot follow, because it was never decided.
/// </summary>
/// <param name="Initial">The state of an order of which nothing is recorded.</param>
/// <param name="Decide">What the participant records when an input meets a state.</param>
/// <param name="Evolve">The state after one recorded event.</param>
public sealed record Decider<TState>(
    TState Initial,
    Func<TState, OrderEvent, IReadOnlyList<OrderEvent>> Decide,
    Func<TState, OrderEvent, TState> Evolve) : IDecider
    where TState : notnull
{
    /// <summary>The state after all of <paramref name="history"/>.</summary>
    public TState Fold(IEnumerable<OrderEvent> history) => history.Aggregate(Initial, Evolve);

    IReadOnlyList<OrderEvent> IDecider.Decide(IEnumerable<OrderEvent> history, OrderEvent input) => Decide(Fold(history), input);
}

/// <summary>A participant's rules without the type of its state: all that the kernel needs.</summary>
public interface IDecider
{
    /// <summary>Folds <paramref name="history"/> and decides on <paramref name="input"/>.</summary>
    IReadOnlyList<OrderEvent> Decide(IEnumerable<OrderEvent> history, OrderEvent input);
}

/// <summary>A stream holds an event that its decider cannot have decided in that state: the stream or the rules are broken.</summary>
public sealed class ImpossibleEventException(object state, OrderEvent @event)
    : InvalidOperationException($"{@event.GetType().Name} cannot follow in state {state.GetType().Name}.");
