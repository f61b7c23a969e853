using OrderFunctions.Kernel;
using OrderFunctions.Saga;

namespace OrderFunctions.Http;

/// <summary>
/// An order's history from Orders' own stream: what Orders was asked, what it heard, and what it said. Notes are left out, because the
/// facts that they note are listed themselves; bodies, because they contain the card token.
/// </summary>
static class Timeline
{
    /// <param name="withCallers">Tells who asked for what: not to customers.</param>
    public static TimelineBody Of(OrderStream stream, bool withCallers)
    {
        var facts = new List<FactBody>();
        var saidAt = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (var entry in stream.Entries)
        {
            // A parked message is listed once it is handled; a republishing is not part of the history.
            if (entry.Via is not (Via.Parking or Via.Republished))
            {
                var brought = entry.Events.Select(recorded => Detail(recorded.Event)).FirstOrDefault(detail => detail is not null);
                var caller = withCallers ? entry.Caller : null;
                Add(entry.On, entry.Type, entry.Sent ?? entry.At, entry.Cause, entry, brought, entry.Deliveries, caller);
            }
            foreach (var (id, said) in entry.Events)
            {
                if (said is PublicEvent)
                    Add(id, said.GetType().Name, entry.At, entry.On, entry, Detail(said), deliveries: 1);
            }
        }
        return new(stream.OrderId, facts);

        void Add(string id, string type, DateTimeOffset at, string? cause, Entry entry, string? detail, int deliveries,
            Caller? caller = null)
        {
            // Never negative: two machines' clocks may differ by more than a step takes.
            long? sinceCause = saidAt.TryGetValue(cause ?? "", out var before) ? Math.Max(0, (long)(at - before).TotalMilliseconds) : null;
            saidAt[id] = at;
            var via = entry.Via.ToString().ToLowerInvariant();
            facts.Add(new(facts.Count + 1, at, entry.At, ServiceOf(id), id, type, via, cause, sinceCause, deliveries, detail, caller));
        }
    }

    static string ServiceOf(string messageId) => MessageId.SenderOf(messageId) ?? "unknown";

    static string? Detail(OrderEvent @event) => @event switch
    {
        OrderCancellationRequested e => e.Reason,
        OrderCompleted e => e.TrackingId,
        OrderRejected e => e.Reason,
        OrderCancelled e => e.Reason,
        ChargeNoted e => e.Amount.ToString(),
        RefundNoted e => e.Amount.ToString(),
        BookingNoted e => e.TrackingId,
        FailureNoted e => e.Reason,
        RefusedCancellationNoted e => e.Reason,
        PickUpNoted e => e.TrackingId,
        ParkingNoted e => $"{e.Participant}: {e.Reason}",
        ResumptionNoted e => e.Participant,
        OrderParked e => $"{e.Participant}: {e.Reason}",
        OrderResumed e => e.Participant,
        ReplayRequested e => e.Participant,
        DiscardRequested e => $"{e.Participant}: {e.Reason}",
        MessageDiscarded e => e.Reason,
        SettleRequested e => $"{e.Participant}, by {e.By}: {e.Reason}",
        SettlementRefusalNoted e => $"{e.Participant}: {e.Reason}",
        _ => null,
    };
}
