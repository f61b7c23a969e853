using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http;

/// <summary>topology.json as the operations page draws it, with the order and kind of each event, which it does not contain.</summary>
sealed class Choreography(bool isLocal)
{
    /// <summary>The events in the order of the story. An event that is missing here is drawn at the end.</summary>
    static readonly (string Name, string Kind)[] Story =
    [
        (nameof(OrderCreated), Forward),
        (nameof(InventoryReserved), Forward),
        (nameof(PaymentSucceeded), Forward),
        (nameof(ShipmentBooked), Forward),
        (nameof(ShipmentDue), Forward),
        (nameof(CarrierPickedUp), Forward),
        (nameof(OrderShipped), Forward),
        (nameof(OrderCompleted), Forward),
        (nameof(InventoryReservationFailed), Failure),
        (nameof(PaymentFailed), Failure),
        (nameof(ShippingFailed), Failure),
        (nameof(ShippingDelayed), Failure),
        (nameof(OrderCancellationRequested), Undoing),
        (nameof(CancellationRefused), Undoing),
        (nameof(PickedUpAfterCallOff), Undoing),
        (nameof(RefundPayment), Undoing),
        (nameof(PaymentRefunded), Undoing),
        (nameof(RestockInventory), Undoing),
        (nameof(InventoryRestocked), Undoing),
        (nameof(OrderRejected), Undoing),
        (nameof(OrderCancelled), Undoing),
    ];

    /// <summary>Said by every participant: the picture marks parked participants instead.</summary>
    static readonly string[] Kernel = [nameof(OrderParked), nameof(OrderResumed), nameof(ReplayRequested), nameof(DiscardRequested),
        nameof(SettleRequested), nameof(SettlementRefused)];

    const string Forward = "forward";
    const string Failure = "failure";
    const string Undoing = "undoing";

    public TopologyBody Body { get; } =
        new(
            Topology.Current.Topic, [.. Topology.Current.Subscriptions.Select(s => s.Name)],
            [.. Topology.Current.Outside.Select(speaker => speaker.Name)], [.. Events()], isLocal);

    static readonly (string Name, IReadOnlyCollection<string> Says)[] Speakers =
    [
        .. Topology.Current.Subscriptions.Select(s => (s.Name, (IReadOnlyCollection<string>)s.Says)),
        .. Topology.Current.Outside.Select(s => (s.Name, (IReadOnlyCollection<string>)s.Says)),
    ];

    static IEnumerable<EventBody> Events() =>
        from name in Story.Select(e => e.Name).Union(Speakers.SelectMany(s => s.Says))
        where !Kernel.Contains(name)
        let saidBy = Speakers.Where(s => s.Says.Contains(name)).Select(s => s.Name).ToList()
        where saidBy.Count > 0
        let heardBy = Topology.Current.Subscriptions.Where(s => s.Hears.Contains(name)).Select(s => s.Name).ToList()
        let kind = Story.FirstOrDefault(e => e.Name == name).Kind ?? Forward
        select new EventBody(name, kind, saidBy, heardBy);
}
