using OrderFunctions.Runtime;

namespace OrderFunctions.Saga.Tests;

/// <summary>topology.json says what the deciders do: no more, no less.</summary>
public class TopologyTests
{
    [Fact]
    public void Topology_and_code_name_the_same_participants()
    {
        var subscriptions = Topology.Current.Subscriptions.Select(s => s.Name).ToList();
        Assert.Empty(Participants.Deciders.Keys.Except(subscriptions).Select(name => $"{name} has no subscription in topology.json"));
        Assert.Empty(subscriptions.Except(Participants.Deciders.Keys).Select(name => $"{name} has no decider in Participants.cs"));
    }

    [Theory, MemberData(nameof(Deciders.Names), MemberType = typeof(Deciders))]
    public void A_participant_hears_what_its_decider_decides_on_and_says_what_it_decides(string participant)
    {
        var (hears, says) = Explore(Participants.Deciders[participant]);
        var subscription = Topology.Current[participant];
        string[] kernel = participant is Participants.Orders
            ? [nameof(OrderParked), nameof(OrderResumed), nameof(ReplayRequested), nameof(DiscardRequested)]
            : [nameof(ReplayRequested), nameof(DiscardRequested)];
        string[] operators = participant is Participants.Orders ? [nameof(ReplayRequested), nameof(DiscardRequested)] : [];
        Assert.Equal(hears.Union(kernel).Order(StringComparer.Ordinal), subscription.Hears.Order(StringComparer.Ordinal));
        Assert.Equal(says.Union(operators).Order(StringComparer.Ordinal), subscription.Says.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_public_event_has_one_sender_and_at_least_one_hearer()
    {
        var said = Topology.Current.Subscriptions.SelectMany(s => s.Says).Concat([nameof(OrderParked), nameof(OrderResumed)]).ToHashSet();
        var heard = Topology.Current.Subscriptions.SelectMany(s => s.Hears).ToHashSet();
        var published = Samples.Recordable.OfType<PublicEvent>().Select(e => e.GetType().Name).ToHashSet();
        Assert.Equal(published.Order(StringComparer.Ordinal), said.Order(StringComparer.Ordinal));
        Assert.Equal(published.Order(StringComparer.Ordinal), heard.Order(StringComparer.Ordinal));
    }

    /// <summary>Follows every input from every state, as histories, to the end.</summary>
    static (HashSet<string> Hears, HashSet<string> Says) Explore(IDecider decider)
    {
        var (hears, says) = (new HashSet<string>(), new HashSet<string>());
        var seen = new HashSet<string>();
        var histories = new Queue<OrderEvent[]>([[]]);
        while (histories.TryDequeue(out var history))
        {
            foreach (var input in history is [.., Intent intent] ? Samples.AnswersTo(intent).Concat(Samples.Inputs) : Samples.Inputs)
            {
                var decided = decider.Decide(history, input);
                if (decided.Count == 0)
                    continue;
                Assert.True(history.Length < 20, $"{input.GetType().Name} decides again and again after {string.Join(", ", history.Select(e => e.GetType().Name))}");
                if (input is PublicEvent)
                    hears.Add(input.GetType().Name);
                says.UnionWith(decided.OfType<PublicEvent>().Select(e => e.GetType().Name));
                OrderEvent[] next = [.. history, .. decided];
                if (seen.Add(string.Join(',', next.Select(e => e is Notify notice ? notice.Notice : e.GetType().Name))))
                    histories.Enqueue(next);
            }
        }
        return (hears, says);
    }
}
