using System.Reflection;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Inventory;
using OrderFunctions.Saga.Notifications;
using OrderFunctions.Saga.Orders;
using OrderFunctions.Saga.Payments;
using OrderFunctions.Saga.Shipping;
using OrderFunctions.Saga.Tests;

namespace OrderFunctions.Simulation;

/// <summary>One cell of a decision table: a state, by its name and flags, and an input.</summary>
readonly record struct Cell(string Participant, string State, string Input)
{
    public override string ToString() => $"{Participant}: {State} × {Input}";
}

/// <summary>The shipped deciders, watched: which cells of their tables the simulation visits, and what becomes of it when one is left out.</summary>
sealed class Rules
{
    readonly Dictionary<string, IDecider> deciders;

    public Rules(World world, Cell? dropped)
    {
        deciders = new()
        {
            [Participants.Orders] = new Watched<OrderState>(Participants.Orders, Order.Decider, world, dropped),
            [Participants.Inventory] = new Watched<ReservationState>(Participants.Inventory, Reservation.Decider, world, dropped),
            [Participants.Payments] = new Watched<PaymentState>(Participants.Payments, Payment.Decider, world, dropped),
            [Participants.Shipping] = new Watched<ShipmentState>(Participants.Shipping, Shipment.Decider, world, dropped),
            [Participants.Notifications] = new Watched<NoticeState>(Participants.Notifications, Notice.Decider, world, dropped),
        };
    }

    public IDecider this[string participant] => deciders[participant];

    // The carrier has picked up what it booked, and its first answer is its answer for ever: only a carrier that contradicts itself leads here.
    static readonly Cell Contradiction = new(Participants.Shipping, "Booking +PickedUp", nameof(CarrierRefused));

    /// <summary>All cells that are not empty, found by going from the initial state wherever any input leads.</summary>
    public static IReadOnlyList<Cell> Table { get; } = ((IEnumerable<Cell>)
    [
        .. Explore(Participants.Orders, Order.Decider),
        .. Explore(Participants.Inventory, Reservation.Decider),
        .. Explore(Participants.Payments, Payment.Decider),
        .. Explore(Participants.Shipping, Shipment.Decider),
        .. Explore(Participants.Notifications, Notice.Decider),
    ]).Where(cell => cell != Contradiction).ToList();

    static IEnumerable<OrderEvent> Inputs => Samples.Inputs.Concat(Samples.Recordable.OfType<Intent>().SelectMany(Samples.AnswersTo));

    static List<Cell> Explore<TState>(string participant, Decider<TState> decider)
        where TState : notnull
    {
        var cells = new List<Cell>();
        var known = new HashSet<string> { StateName<TState>.Of(decider.Initial) };
        var frontier = new Queue<TState>([decider.Initial]);
        while (frontier.TryDequeue(out var state))
        {
            foreach (var input in Inputs)
            {
                var next = state;
                var events = decider.Decide(state, input);
                if (events.Count > 0 && !cells.Exists(cell => cell.State == StateName<TState>.Of(state) && cell.Input == input.GetType().Name))
                    cells.Add(new(participant, StateName<TState>.Of(state), input.GetType().Name));
                foreach (var @event in events)
                {
                    next = decider.Evolve(next, @event);
                    if (known.Add(StateName<TState>.Of(next)))
                        frontier.Enqueue(next);
                }
            }
        }
        return cells;
    }

    sealed class Watched<TState>(string participant, Decider<TState> decider, World world, Cell? dropped) : IDecider
        where TState : notnull
    {
        public IReadOnlyList<OrderEvent> Decide(IEnumerable<OrderEvent> history, OrderEvent input)
        {
            world.Bugs.ThrowInRules(participant, input);
            var state = decider.Fold(history);
            var events = decider.Decide(state, input);
            if (events.Count == 0)
                return events;
            var cell = new Cell(participant, StateName<TState>.Of(state), input.GetType().Name);
            world.Reach.Saw(cell);
            return cell == dropped ? [] : events;
        }
    }

    /// <summary>A state's type and its flags, which rules look at too.</summary>
    static class StateName<TState>
        where TState : notnull
    {
        static readonly Dictionary<Type, PropertyInfo[]> Flags = typeof(TState).Assembly.GetTypes()
            .Where(type => type.IsAssignableTo(typeof(TState)))
            .ToDictionary(type => type, type => type.GetProperties().Where(property => property.PropertyType == typeof(bool)).ToArray());

        public static string Of(TState state)
        {
            var type = state.GetType();
            var flags = Flags[type];
            return flags.Length == 0 ? type.Name : type.Name + string.Concat(flags.Select(flag => true.Equals(flag.GetValue(state)) ? $" +{flag.Name}" : $" -{flag.Name}"));
        }
    }
}
