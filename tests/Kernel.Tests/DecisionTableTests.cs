using System.Text;

namespace OrderFunctions.Kernel.Tests;

/// <summary>
/// The complete message rules: every lane × place × due time × delivery × content. Cells with the same step are merged into one row, so
/// that the approved file shows what each step depends on.
/// </summary>
public class DecisionTableTests
{
    static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    static readonly TurnOptions Limits = new();

    const string NotInLineAtProvider = "not in the line, whose head waits for its provider";
    const string BehindAtProvider = "behind a head that waits for its provider";

    static readonly string[] Places =
    [
        "handled before", "not in the line, which is empty", "not in the line", "head of the line", "behind the head",
        NotInLineAtProvider, BehindAtProvider,
    ];
    static readonly string[] Dues = ["waits for an operator", "due later", "due now"];
    static readonly string[] Deliveries = ["first delivery", "repeated", "last allowed", "too often"];
    static readonly string[] Contents = ["event", "what calls the order off", "what comes from outside", "control message", "unreadable", "unknown type", "not heard", "stream too large"];

    [Fact]
    public void Every_message_at_every_place()
    {
        var table = new StringBuilder("Lane\n  place; head of the line; delivery; content -> step\n    what follows where the step is Run and fails so\n");
        foreach (var lane in Enum.GetValues<Lane>())
        {
            table.Append(null, $"\n{lane}\n");
            foreach (var row in Merged(lane))
                table.Append(null, $"  {row}\n");
        }
        table.Append("\nA step that an operator settles by hand\n  its message -> step for the operator's request; for the message itself, replayed and due\n\n");
        foreach (var (place, settling, itself) in Settling())
            table.Append(null, $"  {place} -> {Text(settling)}; {Text(itself)}\n");
        Approved.Verify("Decisions.Kernel", table.ToString());
    }

    static IEnumerable<(string Place, Step Settling, Step Itself)> Settling()
    {
        var message = new ReceivedMessage("o-1/payments/2", "o-1", nameof(RestockInventory), new RestockInventory("declined"), null, null, Now, 1);
        var parked = new ParkedMessage(message.Id, message.Type, ParkingReasons.Failed, "a bug", Now, Now);
        var other = parked with { Id = "o-1/orders/1", Type = nameof(OrderCreated) };
        var empty = OrderStream.Empty("o-1");
        (string, OrderStream)[] places =
        [
            ("head of the line", empty with { Parked = [parked] }),
            ("head of the line, held", empty with { Parked = [parked with { HeldSince = Now }, other] }),
            ("behind the head", empty with { Parked = [other, parked] }),
            ("discarded", empty.With(new(message.Id, message.Type, Via.Discard, Now, []))),
            ("discarded, while others are parked", empty.With(new(message.Id, message.Type, Via.Discard, Now, [])) with { Parked = [other] }),
            ("handled", empty.With(new(message.Id, message.Type, Via.Bus, Now, []))),
            ("head of the line, but it undoes nothing", empty with { Parked = [parked with { Type = nameof(OrderCreated) }] }),
            ("discarded, but it undoes nothing", empty.With(new(message.Id, nameof(OrderCreated), Via.Discard, Now, []))),
            ("unknown", empty),
        ];
        foreach (var (place, stream) in places)
            yield return (place, Next(stream, "inventory"), Line.Next(stream, message, Lane.DeadLetters, "inventory", Limits, Now));
        yield return ("at another participant", Next(places[0].Item2, "payments"), Run.Again);

        Step Next(OrderStream stream, string participant)
        {
            var request = new SettleRequested("inventory", message.Id, "17850", "declined", "ada", "put back");
            var asked = new ReceivedMessage("o-1/orders/9", "o-1", nameof(SettleRequested), request, null, null, Now, 1);
            return Line.Next(stream, asked, Lane.Subscription, participant, Limits, Now);
        }
    }

    static IEnumerable<string> Merged(Lane lane)
    {
        string[][] dimensions = [Places, Dues, Deliveries, Contents];
        var rows = (
            from place in Places
            from due in Dues
            from delivery in Deliveries
            from content in Contents
            select (Sets: new[] { [place], [due], [delivery], new[] { content } }, Step: StepOf(lane, place, due, delivery, content))).ToList();
        for (var dimension = 0; dimension < dimensions.Length; dimension++)
        {
            // The table is grouped by place, so places are not merged.
            if (dimension == 0)
                continue;
            rows = [.. rows
                .GroupBy(row => string.Join('|', row.Sets.Where((_, index) => index != dimension).Select(set => string.Join(',', set))) + row.Step)
                .Select(group => (
                    Sets: group.First().Sets.Select((set, index) => index == dimension ? [.. group.SelectMany(row => row.Sets[dimension])] : set).ToArray(),
                    group.First().Step))];
        }
        return rows.Select(row => string.Join("; ", row.Sets.Select((set, index) => set.Length == dimensions[index].Length ? "any" : string.Join(" or ", set)))
            + " -> " + row.Step);
    }

    static string StepOf(Lane lane, string place, string due, string delivery, string content)
    {
        var message = new ReceivedMessage(
            "o-1/payments/2", "o-1", "Any",
            content switch
            {
                "unreadable" or "unknown type" => null,
                "control message" => new OrderResumed("payments", 3),
                "what calls the order off" => new RestockInventory("declined"),
                "what comes from outside" => new CarrierPickedUp("tr-1"),
                _ => new PaymentFailed("declined"),
            },
            null, null, Now.AddSeconds(-1),
            delivery switch { "first delivery" => 1, "repeated" => 2, "last allowed" => Limits.DeliveriesMax, _ => Limits.DeliveriesMax + 1 },
            content is "unreadable" ? "The body could not be read." : null)
        {
            Hearing = content switch { "unknown type" => Hearing.Unknown, "not heard" => Hearing.NotHeard, _ => Hearing.Heard },
        };
        var stream = OrderStream.Empty("o-1") with { Size = content is "stream too large" ? OrderStream.SizeMax + 1 : 0 };
        if (place is "handled before")
            stream = stream.With(new(message.Id, message.Type, Via.Bus, Now, []));
        DateTimeOffset? dueAt = due switch { "waits for an operator" => null, "due later" => Now.AddSeconds(1), _ => Now };
        if (place is "not in the line" or "behind the head")
            stream = stream with { Parked = [Parked("o-1/orders/1")] };
        if (place is NotInLineAtProvider or BehindAtProvider)
            stream = stream with { Parked = [Parked("o-1/orders/1") with { Reason = ParkingReasons.Pending }] };
        if (place is "head of the line" or "behind the head" or BehindAtProvider)
            stream = stream with { Parked = stream.Parked.Add(Parked(message.Id)) };

        var step = Line.Next(stream, message, lane, "inventory", Limits, Now);
        return step is not Run ? Text(step) : Text(step)
            + string.Concat(Enum.GetValues<Failure>().Select(failure =>
                $"\n    {failure} -> {Text(Line.AfterFailure(stream, message, lane, failure, "why", null, Limits, Now))}"));

        ParkedMessage Parked(string id) => new(id, "OrderCreated", ParkingReasons.Failed, "a bug", Now, dueAt, Sent: Now.AddMinutes(-1));
    }

    static string Text(Step? step) => step switch
    {
        null => "given back",
        Run run => run.Repeated ? "Run, asking the outside first what was done" : "Run",
        Park park => $"Park as {park.Reason}, {Due(park.Due)}",
        FailAgain fail => $"FailAgain at {fail.Place} as {fail.Reason}, {Due(fail.Due)}",
        StayParked stay => $"StayParked at {stay.Place}",
        Adopt adopt => $"Adopt at {adopt.Place}",
        Wait wait => wait.IsHead ? "Wait, publishing what is pending" : "Wait",
        RefuseToSettle refusal => $"RefuseToSettle: {refusal.Reason}",
        _ => step.GetType().Name,
    };

    static string Due(DateTimeOffset? due) => due is { } at ? at == Now ? "due at once" : $"due in {at - Now}" : "for an operator";
}
