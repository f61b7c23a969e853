using System.Collections.Immutable;

namespace OrderFunctions.Saga.Notifications;

/// <param name="Sent">The notices sent so far, by the name of their event.</param>
public sealed record NoticeState(ImmutableSortedSet<string> Sent);

/// <summary>Notifies the customer, once each, of what they would ask about.</summary>
public static class Notice
{
    public static readonly Decider<NoticeState> Decider = new(new([]), Decide, Evolve);

    static IReadOnlyList<OrderEvent> Decide(NoticeState state, OrderEvent input) => input switch
    {
        OrderCompleted order => Once(state, input, order.CustomerId, $"Your order is on its way: {order.TrackingId}."),
        OrderRejected order => Once(state, input, order.CustomerId, $"We could not complete your order: {order.Reason}."),
        OrderCancelled order => Once(state, input, order.CustomerId, "Your order is cancelled."),
        CancellationRefused order => Once(state, input, order.CustomerId, $"Your order can no longer be cancelled: {order.Reason}."),
        ShippingDelayed order => Once(state, input, order.CustomerId, $"Your order is late; it was promised by {order.PromisedBy:u}."),
        _ => [],
    };

    static IReadOnlyList<OrderEvent> Once(NoticeState state, OrderEvent input, string customerId, string detail) =>
        state.Sent.Contains(input.GetType().Name) ? [] : [new Notify(input.GetType().Name, customerId, detail)];

    static NoticeState Evolve(NoticeState state, OrderEvent @event) => @event switch
    {
        Notify notice => new(state.Sent.Add(notice.Notice)),
        _ => throw new ImpossibleEventException(state, @event),
    };
}
