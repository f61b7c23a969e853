using System.Text;
using OrderFunctions.Runtime;
using static OrderFunctions.Saga.Tests.Samples;

namespace OrderFunctions.Saga.Tests;

/// <summary>All deciders together, routed by topology.json: the choreography of each scenario as one approved text.</summary>
public class FlowTests
{
    readonly Dictionary<string, List<OrderEvent>> histories = Participants.Deciders.Keys.ToDictionary(name => name, _ => new List<OrderEvent>());

    readonly Queue<(string Participant, OrderEvent Event)> messages = [];
    readonly List<ShipmentDue> scheduled = [];
    readonly Dictionary<Type, Answer> answers = [];

    /// <summary>What is parked instead of being handled.</summary>
    Type? parks;
    bool isByHand;
    readonly StringBuilder text = new();

    [Fact]
    public void Completed() => Flow(() =>
    {
        Request(Participants.Orders, Place);
        ReportPickUp();
        PassTime();
    });

    [Fact]
    public void Completed_without_stock_or_charge() => Flow(() =>
    {
        Request(Participants.Orders, PlaceServices);
        ReportPickUp();
    });

    [Fact]
    public void Cancelled_without_stock_or_charge() => Flow(() =>
    {
        Request(Participants.Orders, PlaceServices);
        Request(Participants.Orders, Cancel);
    });

    [Fact]
    public void Rejected_for_stock() => Flow(() => Request(Participants.Orders, Place), new StockShort(["71053"]));

    [Fact]
    public void Rejected_for_payment() => Flow(() => Request(Participants.Orders, Place), new CardDeclined("card declined"));

    [Fact]
    public void Rejected_for_shipping() => Flow(() => Request(Participants.Orders, Place), new CarrierRefused("carrier refused"));

    [Fact]
    public void Delayed_then_completed() => Flow(() =>
    {
        Request(Participants.Orders, Place);
        PassTime();
        ReportPickUp();
    });

    [Fact]
    public void Cancelled_before_anything_was_done() => Flow(() =>
    {
        Request(Participants.Orders, Place, deliver: false);
        Request(Participants.Orders, Cancel);
    });

    [Fact]
    public void Cancelled_after_the_booking() => Flow(() =>
    {
        Request(Participants.Orders, Place);
        Request(Participants.Orders, Cancel);
    });

    [Fact]
    public void Cancellation_refused() => Flow(() =>
    {
        Request(Participants.Orders, Place);
        Request(Participants.Orders, Cancel);
        ReportPickUp();
    }, new CarrierTooLate());

    [Fact]
    public void Delayed_then_found_picked_up() => Flow(() =>
    {
        Request(Participants.Orders, Place);
        PassTime();
        answers[typeof(FindParcel)] = new ParcelPickedUp();
        PassTime();
    });

    [Fact]
    public void Picked_up_after_the_cancellation() => Flow(() =>
    {
        Request(Participants.Orders, Place);
        Request(Participants.Orders, Cancel);
        ReportPickUp();
    });

    [Fact]
    public void Charged_another_amount() => Flow(() => Request(Participants.Orders, Place), ChargedLess);

    /// <summary>The card provider gives no money back; a person does, and says so.</summary>
    [Fact]
    public void Settled_by_hand() => Flow(() =>
    {
        parks = typeof(RefundPayment);
        Request(Participants.Orders, Place);
        Settle(Participants.Payments);
    }, new CarrierRefused("carrier refused"));

    void Flow(Action scenario, Answer? unlike = null, [System.Runtime.CompilerServices.CallerMemberName] string name = "")
    {
        foreach (var intent in Recordable.OfType<Intent>())
            answers[intent.GetType()] = AnswersTo(intent).FirstOrDefault(a => a.GetType() == unlike?.GetType()) is null ? AnswersTo(intent)[0] : unlike!;
        scenario();
        Approved.Verify($"Flow.{name}", text.ToString());
    }

    /// <summary>Something comes in over HTTP, and everything that follows is delivered, first said, first heard.</summary>
    void Request(string participant, Request request, bool deliver = true)
    {
        Hear(participant, request, "is asked to");
        if (deliver)
            Deliver();
    }

    void ReportPickUp()
    {
        var pickUp = new CarrierPickedUp("tr-1");
        text.Append(null, $"{"carrier",-13} {"says",-11} {pickUp.GetType().Name}\n");
        Publish(pickUp);
        Deliver();
    }

    void PassTime()
    {
        var overdue = scheduled.ToList();
        scheduled.Clear();
        foreach (var due in overdue)
            Hear(Participants.Shipping, due, "hears");
        Deliver();
    }

    /// <summary>The step that the parked message asks for goes on with what a person has done.</summary>
    void Settle(string participant)
    {
        text.Append(null, $"{"an operator",-13} {"settles",-11} {parks!.Name}\n");
        var settled = new SettleRequested(participant, "m-1", Place.CustomerId, "carrier refused", "ivo", "bank transfer");
        (parks, isByHand) = (null, true);
        Hear(participant, settled.Step()!, "goes on");
        isByHand = false;
        Deliver();
    }

    void Deliver()
    {
        while (messages.TryDequeue(out var message))
        {
            if (message.Event.GetType() == parks)
                text.Append(null, $"{message.Participant,-13} {"parks",-11} {parks.Name}\n");
            else
                Hear(message.Participant, message.Event, "hears");
        }
    }

    void Hear(string participant, OrderEvent input, string verb)
    {
        text.Append(null, $"{participant,-13} {verb,-11} {input.GetType().Name}\n");
        var (decider, history) = (Participants.Deciders[participant], histories[participant]);
        var inputs = new Queue<OrderEvent>([input]);
        while (inputs.TryDequeue(out var next))
        {
            foreach (var @event in decider.Decide(history, next))
            {
                history.Add(@event);
                var verbs = @event switch { Intent => "asks", Note => "notes", ShipmentDue => "says later", _ => "says" };
                var byHand = isByHand ? (@event as Intent)?.ByHand() : null;
                var answer = byHand ?? (@event is Intent intent ? answers[intent.GetType()] : null);
                var answered = answer is null ? "" : $" -> {answer.GetType().Name}{(byHand is null ? "" : ", by hand")}";
                text.Append(null, $"{"",-13}   {verbs,-11} {@event.GetType().Name}{answered}\n");
                if (answer is not null)
                    inputs.Enqueue(answer);
                else if (@event is ShipmentDue due)
                    scheduled.Add(due);
                else if (@event is PublicEvent)
                    Publish(@event);
            }
        }
    }

    void Publish(OrderEvent @event)
    {
        foreach (var subscription in Topology.Current.Subscriptions.Where(s => s.Hears.Contains(@event.GetType().Name)))
            messages.Enqueue((subscription.Name, @event));
    }
}
