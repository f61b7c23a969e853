using System.Diagnostics;
using System.Diagnostics.Metrics;
using OrderFunctions.Kernel;
using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

/// <summary>
/// Everything that the saga measures, named in this one place: the alerts and the workbook are tested against these names.
/// </summary>
public static class Telemetry
{
    /// <summary>The name of the one activity source and of the one meter.</summary>
    public const string Name = "OrderFunctions";

    public static readonly ActivitySource Activities = new(Name);
    static readonly Meter Meter = new(Name);
    static readonly TimeSpan LateAfter = TimeSpan.FromMinutes(1);

    /// <summary>Orders taken in.</summary>
    public static readonly Counter<long> OrdersPlaced = Meter.CreateCounter<long>("orders.placed", "{order}");

    /// <summary>
    /// Orders that became final, by <c>outcome</c>: OrderCompleted, OrderRejected, OrderCancelled; a rejection also by <c>failed_at</c>.
    /// </summary>
    public static readonly Counter<long> OrdersFinished = Meter.CreateCounter<long>("orders.finished", "{order}");

    /// <summary>From placed to final, by <c>outcome</c>.</summary>
    public static readonly Histogram<double> TimeToFinal = Meter.CreateHistogram<double>("orders.time_to_final", "s");

    /// <summary>Messages handled, by <c>participant</c> and <c>result</c>: see <see cref="TurnOutcome"/>, or GivenBack.</summary>
    public static readonly Counter<long> Turns = Meter.CreateCounter<long>("turns", "{turn}");

    /// <summary>From loading to published, by <c>participant</c>.</summary>
    public static readonly Histogram<double> TurnDuration = Meter.CreateHistogram<double>("turn.duration", "s");

    /// <summary>Messages that the bus accepted for delivery at once, by the <c>participant</c> that hears them.</summary>
    public static readonly Counter<long> MessagesSent = Meter.CreateCounter<long>("message.sent", "{message}");

    /// <summary>From accepted by the bus to handled, by <c>participant</c>.</summary>
    public static readonly Histogram<double> MessageLag = Meter.CreateHistogram<double>("message.lag", "s");

    /// <summary>
    /// Messages that waited for more than a minute before they were handled, by <c>participant</c>; replays are not counted.
    /// </summary>
    public static readonly Counter<long> MessagesLate = Meter.CreateCounter<long>("message.late", "{message}");

    /// <summary>Messages that had been handled before, by <c>participant</c>.</summary>
    public static readonly Counter<long> Duplicates = Meter.CreateCounter<long>("message.duplicates", "{message}");

    /// <summary>Writes refused because another writer saved first (ETag), by <c>participant</c>.</summary>
    public static readonly Counter<long> Conflicts = Meter.CreateCounter<long>("stream.conflicts", "{write}");

    /// <summary>Calls retried within a turn after a transient failure, by <c>participant</c>.</summary>
    public static readonly Counter<long> Retries = Meter.CreateCounter<long>("call.retries", "{call}");

    /// <summary>Compensating messages published, by <c>kind</c>: RefundPayment, RestockInventory.</summary>
    public static readonly Counter<long> Compensations = Meter.CreateCounter<long>("compensations", "{message}");

    /// <summary>Shipments not picked up by the promised time.</summary>
    public static readonly Counter<long> ShippingDelays = Meter.CreateCounter<long>("shipping.delays", "{order}");

    /// <summary>Pick-ups that the carrier reported of a parcel that was not booked for the order.</summary>
    public static readonly Counter<long> WrongPickUps = Meter.CreateCounter<long>("shipping.wrong_pick_ups", "{parcel}");

    /// <summary>Parcels that the carrier picked up although their order was called off: the money is given back.</summary>
    public static readonly Counter<long> PickUpsAfterCallOff = Meter.CreateCounter<long>("shipping.pick_ups_after_call_off", "{order}");

    /// <summary>Charges asked for and answered, by <c>result</c>: succeeded, failed.</summary>
    public static readonly Counter<long> Payments = Meter.CreateCounter<long>("payments", "{payment}");

    /// <summary>Messages parked, by <c>participant</c> and <c>reason</c>.</summary>
    public static readonly Counter<long> MessagesParked = Meter.CreateCounter<long>("message.parked", "{message}");

    /// <summary>Orders parked now.</summary>
    public static readonly Gauge<long> OrdersParked = Meter.CreateGauge<long>("orders.parked", "{order}");

    /// <summary>Age of the order that is parked longest.</summary>
    public static readonly Gauge<double> OldestParkedAge = Meter.CreateGauge<double>("orders.parked.oldest_age", "s");

    /// <summary>Age of the oldest order that is not final.</summary>
    public static readonly Gauge<double> OldestOpenAge = Meter.CreateGauge<double>("orders.open.oldest_age", "s");

    /// <summary>Runs of the timer that publishes what a crash left unpublished, by <c>participant</c>.</summary>
    public static readonly Counter<long> RepublishRuns = Meter.CreateCounter<long>("republish.runs", "{run}");

    /// <summary>Messages that this timer published.</summary>
    public static readonly Counter<long> Republished = Meter.CreateCounter<long>("republish.messages", "{message}");

    /// <summary>Requests refused for who sent them, by <c>route</c> and <c>status</c>: 401, also for a wrong signature, or 403.</summary>
    public static readonly Counter<long> RequestsRefused = Meter.CreateCounter<long>("requests.refused", "{request}");

    /// <summary>Events of the carrier whose type is not known: acknowledged, and not published.</summary>
    public static readonly Counter<long> CarrierEventsIgnored = Meter.CreateCounter<long>("carrier.events.ignored", "{event}");

    /// <summary>Orders that a timer could not handle, by <c>participant</c> and <c>duty</c>: republish, replay.</summary>
    public static readonly Counter<long> UpkeepFailures = Meter.CreateCounter<long>("upkeep.failures", "{order}");

    /// <summary>Request units charged by Cosmos DB, by <c>participant</c> and <c>operation</c>.</summary>
    public static readonly Counter<double> RequestCharge = Meter.CreateCounter<double>("cosmos.request_charge", "{RU}");

    /// <summary>Requests that Cosmos DB throttled (429), by <c>participant</c>.</summary>
    public static readonly Counter<long> Throttled = Meter.CreateCounter<long>("cosmos.throttled", "{request}");

    /// <summary>Calls of functions that threw or answered 5xx, by <c>function</c>.</summary>
    public static readonly Counter<long> FunctionsFailed = Meter.CreateCounter<long>("functions.failed", "{call}");

    /// <summary>
    /// A span for one turn, in the trace of the message's sender: a redelivery and a replay belong to the same one. Where the Functions
    /// host has called, its own span is the consumer (a request in Application Insights), and a second one would count each message twice.
    /// </summary>
    internal static Activity? StartTurn(string participant, ReceivedMessage message)
    {
        if (!Activities.HasListeners())
            return null;
        var sender = ActivityContext.TryParse(message.TraceParent, null, out var parsed) ? parsed : default;
        var kind = Activity.Current is null ? ActivityKind.Consumer : ActivityKind.Internal;
        return Activities.StartActivity($"process {message.Type}", kind, sender, tags:
        [
            new("messaging.system", "servicebus"),
            new("messaging.operation.name", "process"),
            new("messaging.operation.type", "process"),
            new("messaging.destination.name", Topology.Current.Topic),
            new("messaging.destination.subscription.name", participant),
            new("messaging.message.id", message.Id),
            new("messaging.message.conversation_id", message.OrderId),
            new("messaging.servicebus.message.delivery_count", message.DeliveryCount),
            new("messaging.servicebus.message.enqueued_time", message.EnqueuedAt.ToUnixTimeSeconds()),
        ]);
    }

    /// <summary>
    /// A span for a request, or for a message from outside. For a known order it belongs to the order's own trace and links to the
    /// caller's, so that a cancellation or the carrier's webhook appears in the order's trace.
    /// </summary>
    internal static Activity? StartRequest(string participant, OrderStream stream, string request)
    {
        if (!Activities.HasListeners())
            return null;
        var earlier = ActivityContext.TryParse(stream.Entries.LastOrDefault()?.Trace, null, out var parsed) ? parsed : default;
        ActivityLink[] links = earlier != default && Activity.Current is { } caller ? [new(caller.Context)] : [];
        return Activities.StartActivity($"request {request}", ActivityKind.Internal, earlier, links: links, tags:
        [
            new("orderfunctions.participant", participant),
            new("messaging.message.conversation_id", stream.OrderId),
        ]);
    }

    /// <summary>A turn that failed: the message is given back.</summary>
    internal static void TurnFailed(string participant, Exception exception, Activity? activity, TimeSpan duration)
    {
        var who = new KeyValuePair<string, object?>("participant", participant);
        activity?.SetTag("error.type", exception.GetType().Name);
        activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
        Turns.Add(1, who, new("result", "GivenBack"));
        TurnDuration.Record(duration.TotalSeconds, who);
    }

    internal static void TurnEnded(
        string participant, ReceivedMessage message, Lane lane, TurnResult result,
        Activity? activity, TimeSpan duration, DateTimeOffset now)
    {
        var who = new KeyValuePair<string, object?>("participant", participant);
        var outcome = Enum.GetName(result.Outcome);
        activity?.SetTag("orderfunctions.result", outcome);
        Turns.Add(1, who, new("result", outcome));
        TurnDuration.Record(duration.TotalSeconds, who);
        var lag = now - message.EnqueuedAt;
        MessageLag.Record(lag.TotalSeconds, who);
        if (lag > LateAfter && lane is Lane.Subscription)
            MessagesLate.Add(1, who);
        if (result.Outcome is TurnOutcome.Duplicate)
            Duplicates.Add(1, who);
        if (result.Outcome is TurnOutcome.Parked)
            MessagesParked.Add(1, who, new("reason", result.Reason));
    }

    /// <summary>
    /// Counts what the bus has accepted, for each participant that hears it. What is scheduled is delivered later, perhaps days.
    /// </summary>
    public static void Sent(IEnumerable<OutboundMessage> messages)
    {
        foreach (var message in messages.Where(message => message.EnqueueAt is null))
        {
            foreach (var subscription in Topology.Current.Subscriptions)
            {
                if (subscription.Hears.Contains(message.Event.GetType().Name))
                    MessagesSent.Add(1, new KeyValuePair<string, object?>("participant", subscription.Name));
            }
        }
    }

    /// <summary>Counts what an entry means for the business, once it is saved.</summary>
    internal static void Recorded(string participant, OrderStream stream, Entry entry)
    {
        for (var index = 0; index < entry.Events.Count; index++)
        {
            var @event = entry.Events[index].Event;
            switch (@event)
            {
                case OrderCreated:
                    OrdersPlaced.Add(1);
                    break;
                case OrderCompleted or OrderRejected or OrderCancelled:
                    var outcome = new KeyValuePair<string, object?>("outcome", @event.GetType().Name);
                    OrdersFinished.Add(1, outcome, new("failed_at", (@event as OrderRejected)?.FailedAt.ToString() ?? ""));
                    TimeToFinal.Record((entry.At - stream.Entries[0].At).TotalSeconds, outcome);
                    break;
                case Compensation:
                    Compensations.Add(1, new("kind", @event.GetType().Name), new("participant", participant));
                    break;
                case PaymentSucceeded or PaymentFailed:
                    Payments.Add(1, new KeyValuePair<string, object?>("result", @event is PaymentSucceeded ? "succeeded" : "failed"));
                    break;
                case ShippingDelayed:
                    ShippingDelays.Add(1);
                    break;
                case WrongPickUpNoted:
                    WrongPickUps.Add(1);
                    break;
                case PickedUpAfterCallOff:
                    PickUpsAfterCallOff.Add(1);
                    break;
            }
        }
    }
}
