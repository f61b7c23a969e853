using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>One message that one participant cannot handle until somebody fixes the cause.</summary>
sealed record Bug(string Participant, OutboundMessage Message, Fault Kind)
{
    /// <summary>An operator has decided to discard the message. Nobody fixes the bug before that is recorded.</summary>
    public bool Discarding { get; set; }
}

/// <summary>
/// Makes messages poisonous: bodies that cannot be read, and rules and ports that throw exceptions that are not transient.
/// </summary>
sealed class Bugs(World world)
{
    readonly List<Bug> active = [];
    readonly HashSet<(string Participant, string MessageId)> bred = [];
    readonly HashSet<(string Participant, string OrderId)> hit = [];

    public IReadOnlyList<Bug> Active => active;

    /// <summary>
    /// Whether the order ever had a poison message there. Even after the fix it waits until an operator requests the replay.
    /// </summary>
    public bool EverHit(string participant, string orderId) => hit.Contains((participant, orderId));

    /// <summary>Whether a message is poisonous is decided when it first arrives.</summary>
    public void Breed(string participant, OutboundMessage message)
    {
        if (!world.Faults.On || !bred.Add((participant, message.Id)))
            return;
        Fault[] kinds = message.Event is IKernelEvent ? [Fault.BodyUnreadable] : [Fault.BodyUnreadable, Fault.TypeUnknown, Fault.BugInRules, Fault.BugInAnswer];
        foreach (var kind in kinds)
        {
            var often = (message.Event is ICallsOff && world.Chance.OneIn(2)) || (kind is Fault.TypeUnknown && world.Versions.Exist && world.Chance.OneIn(4));
            if (!world.Faults.Strike(kind, participant, often))
                continue;
            var bug = new Bug(participant, message, kind);
            active.Add(bug);
            if (kind is Fault.TypeUnknown)
            {
                // Where there is a next version, its hosts know the type.
                if (!world.Versions.Exist)
                    world.Scheduler.After(world.Chance.OfAnyScale(TimeSpan.FromDays(1)), () => Mend(bug));
                return;
            }
            world.Bred(bug);
            hit.Add((participant, message.OrderId));
            return;
        }
    }

    public bool CanRead(string participant, string messageId) =>
        !active.Exists(bug => bug.Kind is Fault.BodyUnreadable && bug.Participant == participant && bug.Message.Id == messageId);

    public bool KnowsType(string participant, string messageId) =>
        !active.Exists(bug => bug.Kind is Fault.TypeUnknown && bug.Participant == participant && bug.Message.Id == messageId);

    public void ThrowInRules(string participant, OrderEvent input)
    {
        if (active.Count > 0 && active.Exists(bug => bug.Kind is Fault.BugInRules && bug.Participant == participant && ReferenceEquals(bug.Message.Event, input)))
            throw new InvalidOperationException("A bug in the rules.");
    }

    /// <summary>The port has done what was asked, but its answer cannot be parsed.</summary>
    public Perform InAnswers(string participant, Perform perform) => async (call, cancellation) =>
    {
        var answer = await perform(call, cancellation);
        if (active.Exists(bug => bug.Kind is Fault.BugInAnswer && bug.Participant == participant && bug.Message.OrderId == call.OrderId))
            throw new FormatException("The answer has an unknown form.");
        return answer;
    };

    public void Mend(Bug bug)
    {
        // An update does not wait for an operator, whose request may itself be unreadable.
        if (bug is { Discarding: true, Kind: not Fault.TypeUnknown })
            return;
        world.History.Add("developer", "mends " + bug.Kind, bug.Message.Id, bug.Participant);
        active.Remove(bug);
    }

    /// <summary>It was handled before anybody could discard it. So nothing will be discarded, and the bug is mended like any other.</summary>
    public void Handled(string participant, string messageId)
    {
        if (active.Find(bug => bug.Discarding && bug.Participant == participant && bug.Message.Id == messageId) is not { } bug)
            return;
        bug.Discarding = false;
        Mend(bug);
    }

    public void Discarded(string participant, string messageId) =>
        active.RemoveAll(bug => bug.Participant == participant && bug.Message.Id == messageId);
}
