using System.Text;
using OrderFunctions.Runtime;

namespace OrderFunctions.Saga.Tests;

/// <summary>topology.json says what the deciders do: no more, no less.</summary>
public class TopologyTests
{
    [Theory]
    [InlineData("\"OrderCreated\"", "\"OrderTeleported\"", "OrderTeleported")]
    [InlineData("\"name\": \"payments\"", "\"name\": \"loyalty\"", "loyalty of topology.json has no decider")]
    [InlineData("\"name\": \"payments\"", "\"name\": \"loyalty\"", "payments of Participants.cs has no subscription")]
    public void A_topology_that_does_not_agree_with_the_code_is_refused_by_name(string before, string after, string named)
    {
        using var embedded = new StreamReader(typeof(Topology).Assembly.GetManifestResourceStream("topology.json")!);
        var json = embedded.ReadToEnd().Replace(before, after, StringComparison.Ordinal);
        var e = Assert.Throws<InvalidDataException>(() => Topology.Parse(new MemoryStream(Encoding.UTF8.GetBytes(json))));
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Deciders.Names), MemberType = typeof(Deciders))]
    public void A_participant_hears_what_its_decider_decides_on_and_says_what_it_decides(string participant)
    {
        var (hears, says) = Explore(Participants.Deciders[participant]);
        var subscription = Topology.Current[participant];
        string[] requests = [nameof(ReplayRequested), nameof(DiscardRequested), nameof(SettleRequested)];
        string[] reports = [nameof(OrderParked), nameof(OrderResumed), nameof(SettlementRefused)];
        string[] kernel = participant is Participants.Orders ? [.. reports, .. requests] : requests;
        string[] operators = participant is Participants.Orders ? requests : [];
        Assert.Equal(hears.Union(kernel).Order(StringComparer.Ordinal), subscription.Hears.Order(StringComparer.Ordinal));
        Assert.Equal(says.Union(operators).Order(StringComparer.Ordinal), subscription.Says.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_public_event_has_one_sender_and_at_least_one_hearer()
    {
        var said = Topology.Current.Subscriptions.SelectMany(s => s.Says).Concat([nameof(OrderParked), nameof(OrderResumed), nameof(SettlementRefused)])
            .Concat(Topology.Current.Outside.SelectMany(s => s.Says)).ToHashSet();
        var heard = Topology.Current.Subscriptions.SelectMany(s => s.Hears).ToHashSet();
        var published = Samples.Recordable.OfType<PublicEvent>().Select(e => e.GetType().Name).ToHashSet();
        Assert.Equal(published.Order(StringComparer.Ordinal), said.Order(StringComparer.Ordinal));
        Assert.Equal(published.Order(StringComparer.Ordinal), heard.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_speakers_from_outside_say_passes_a_parked_line_and_nothing_else_does()
    {
        Assert.Equal(
            Samples.Recordable.OfType<IFromOutside>().Select(e => e.GetType().Name), Topology.Current.Outside.SelectMany(s => s.Says));
        Assert.Empty(Topology.Current.Outside.Select(s => s.Name).Intersect(Participants.Deciders.Keys));
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
