using System.Collections.Concurrent;
using System.Reflection;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Tests;

namespace OrderFunctions.Simulation;

/// <summary>One cell of a decision table: a state, by its name and flags, and an input.</summary>
readonly record struct Cell(string Participant, string State, string Input)
{
    public override string ToString() => $"{Participant}: {State} × {Input}";
}

/// <summary>The shipped deciders, watched: records which cells of their tables the simulation visits, and can leave one cell out.</summary>
sealed class Rules
{
    static readonly Dictionary<string, Decider<object>> Shipped = Participants.Deciders.Keys.ToDictionary(name => name, Deciders.Of);

    readonly Dictionary<string, IDecider> deciders;

    public Rules(World world, Cell? dropped)
    {
        deciders = Participants.Deciders.Keys.ToDictionary(name => name, IDecider (name) => new Watched(name, world, dropped));
    }

    public IDecider this[string participant] => deciders[participant];

    // The carrier has picked up what it booked, and its first answer is final. Only a carrier that contradicts itself leads here.
    static readonly Cell Contradiction = new(Participants.Shipping, "Booking +PickedUp", nameof(CarrierRefused));

    /// <summary>All cells that are not empty, found by following every input from the initial state.</summary>
    public static IReadOnlyList<Cell> Table { get; } = Participants.Deciders.Keys.SelectMany(Explore).Where(cell => cell != Contradiction).ToList();

    static IEnumerable<OrderEvent> Inputs => Samples.Inputs.Concat(Samples.Recordable.OfType<Intent>().SelectMany(Samples.AnswersTo));

    static List<Cell> Explore(string participant)
    {
        var decider = Shipped[participant];
        var cells = new List<Cell>();
        var known = new HashSet<string> { StateName.Of(decider.Initial) };
        var frontier = new Queue<object>([decider.Initial]);
        while (frontier.TryDequeue(out var state))
        {
            foreach (var input in Inputs)
            {
                var next = state;
                var events = decider.Decide(state, input);
                if (events.Count > 0 && !cells.Exists(cell => cell.State == StateName.Of(state) && cell.Input == input.GetType().Name))
                    cells.Add(new(participant, StateName.Of(state), input.GetType().Name));
                foreach (var @event in events)
                {
                    next = decider.Evolve(next, @event);
                    if (known.Add(StateName.Of(next)))
                        frontier.Enqueue(next);
                }
            }
        }
        return cells;
    }

    sealed class Watched(string participant, World world, Cell? dropped) : IDecider
    {
        readonly Decider<object> decider = Shipped[participant];

        public IReadOnlyList<OrderEvent> Decide(IEnumerable<OrderEvent> history, OrderEvent input)
        {
            world.Bugs.ThrowInRules(participant, input);
            var state = decider.Fold(history);
            var events = decider.Decide(state, input);
            if (events.Count == 0)
                return events;
            var cell = new Cell(participant, StateName.Of(state), input.GetType().Name);
            world.Reach.Saw(cell);
            return cell == dropped ? [] : events;
        }
    }

    /// <summary>A state's type and its flags, because rules look at the flags too.</summary>
    static class StateName
    {
        static readonly ConcurrentDictionary<Type, PropertyInfo[]> Flags = new();

        public static string Of(object state)
        {
            var type = state.GetType();
            var flags = Flags.GetOrAdd(type, t => [.. t.GetProperties().Where(property => property.PropertyType == typeof(bool))]);
            return flags.Length == 0 ? type.Name : type.Name + string.Concat(flags.Select(flag => true.Equals(flag.GetValue(state)) ? $" +{flag.Name}" : $" -{flag.Name}"));
        }
    }
}
