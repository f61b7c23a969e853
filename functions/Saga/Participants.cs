using OrderFunctions.Saga.Inventory;
using OrderFunctions.Saga.Notifications;
using OrderFunctions.Saga.Orders;
using OrderFunctions.Saga.Payments;
using OrderFunctions.Saga.Shipping;

namespace OrderFunctions.Saga;

/// <summary>
/// The participants of the saga, named as their subscriptions. The only list in the code; topology.json states who hears what.
/// </summary>
public static class Participants
{
    public const string Orders = "orders";
    public const string Inventory = "inventory";
    public const string Payments = "payments";
    public const string Shipping = "shipping";
    public const string Notifications = "notifications";

    /// <summary>Each participant's rules.</summary>
    public static IReadOnlyDictionary<string, IDecider> Deciders { get; } = new Dictionary<string, IDecider>(StringComparer.Ordinal)
    {
        [Orders] = Order.Decider,
        [Inventory] = Reservation.Decider,
        [Payments] = Payment.Decider,
        [Shipping] = Shipment.Decider,
        [Notifications] = Notice.Decider,
    };
}
