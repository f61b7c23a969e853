using System.Text;
using OrderFunctions.Runtime;
using OrderFunctions.Saga.Orders;
using OrderFunctions.Saga.Shipping;

namespace OrderFunctions.Saga.Tests;

/// <summary>
/// Every state that can be reached × every input that the participant can meet: the approved files are where the rules can be seen whole.
/// How far an open order has come, and which notices were given, only keeps things from being noted twice (see the specs): one row stands
/// for all of these.
/// </summary>
public class DecisionTableTests
{
    [Theory, MemberData(nameof(Deciders.Names), MemberType = typeof(Deciders))]
    public void Every_cell_of_the_table_is_approved(string participant) =>
        Approved.Verify($"Decisions.{Deciders.FolderOf(participant)}", Table(Deciders.Of(participant), participant));

    static string Table(Decider<object> decider, string participant)
    {
        var table = new StringBuilder("State\n  input -> what is decided; an intent's answers are indented under it => next state\n");
        var seen = new HashSet<string> { Name(decider.Initial) };
        var states = new Queue<object>([decider.Initial]);
        while (states.TryDequeue(out var state))
        {
            table.Append(null, $"\n{Name(state)}\n");
            var silent = new List<string>();
            foreach (var input in Samples.Inputs)
            {
                var decided = decider.Decide(state, input);
                if (Samples.Variants.Contains(input) && IsNoNews(decider, state, input, decided))
                    continue;
                if (decided.Count > 0)
                    Row(state, input, decided, "  ");
                else if (CanMeet(participant, input))
                    silent.Add(InputName(input));
            }
            if (silent.Count > 0)
                table.Append(null, $"  nothing on {string.Join(", ", silent)}\n");
        }
        return table.ToString();

        void Row(object state, OrderEvent input, IReadOnlyList<OrderEvent> decided, string indent)
        {
            var next = decided.Aggregate(state, decider.Evolve);
            var intent = decided.OfType<Intent>().SingleOrDefault();
            var says = decided.Count == 0 ? "nothing" : string.Join(", ", decided.Select(e => e.GetType().Name));
            table.Append(null, $"{indent}{InputName(input)} -> {says}{(intent is null ? $" => {Name(next)}" : "")}\n");
            if (intent is null)
            {
                if (seen.Add(Name(next)))
                    states.Enqueue(next);
                return;
            }
            foreach (var answer in Samples.AnswersTo(intent))
                Row(next, answer, decider.Decide(next, answer), indent + "    ");
        }
    }

    static bool CanMeet(string participant, OrderEvent input) => input switch
    {
        Request => participant is Participants.Orders,
        _ => Topology.Current[participant].Hears.Contains(input.GetType().Name),
    };

    /// <summary>The table has its other sample too, which leads to the same.</summary>
    static bool IsNoNews(Decider<object> decider, object state, OrderEvent variant, IReadOnlyList<OrderEvent> decided) =>
        Samples.Inputs.First(input => input.GetType() == variant.GetType()) is var usual
        && decider.Decide(state, usual).Select(e => e.GetType()).SequenceEqual(decided.Select(e => e.GetType()));

    static string InputName(OrderEvent input) => input switch
    {
        OrderCreated order when Samples.Variants.Contains(order) => "OrderCreated (needs no stock)",
        InventoryReserved order when Samples.Variants.Contains(order) => "InventoryReserved (costs nothing)",
        ShipmentDue when input == Samples.DueAgain => "ShipmentDue (again)",
        CardCharged when input == Samples.ChargedLess => "CardCharged (another amount)",
        _ => input.GetType().Name,
    };

    /// <summary>The state's type, and what of its content decides.</summary>
    static string Name(object state) => state switch
    {
        Completed { CancellationRefused: true } => "Completed (cancellation refused)",
        Shipped { CancellationRefused: true } => "Shipped (cancellation refused)",
        Booked { Delayed: true } => "Booked (delayed)",
        Cancelled { PickedUp: true } => "Cancelled (picked up all the same)",
        Rejected { PickedUp: true } => "Rejected (picked up all the same)",
        CalledOff { PickedUp: true } => "CalledOff (picked up all the same)",
        Refused { PickedUp: true } => "Refused (picked up all the same)",
        _ => state.GetType().Name,
    };
}
