namespace OrderFunctions.Runtime;

/// <summary>What Orders itself can see to be wrong with an order. Whether a provider did what it said only its own books show.</summary>
public static class OrderAudit
{
    /// <summary>An order that moves is final, waits for the carrier, or is parked within this time.</summary>
    static readonly TimeSpan OpenMax = TimeSpan.FromHours(1);

    /// <summary>One sentence for each thing that is wrong; none where all is well.</summary>
    public static IEnumerable<string> FindingsOf(OrderSummary order, DateTimeOffset now)
    {
        if (order is { Status: OrderStatus.Completed })
        {
            var isFree = order.Total.Rounded().Amount == 0;
            if (order.Charged?.Rounded() != order.Total.Rounded() && !(isFree && order.Charged is null))
                yield return $"Completed for {order.Total}, but charged {order.Charged?.ToString() ?? "nothing"}.";
            if (order.Refunded is { } refunded)
                yield return $"Completed, but {refunded} were refunded.";
        }
        if (order.IsFinal && order.Owed is { } owed)
            yield return $"{order.Status}, but {owed} were not given back.";
        if (order.PickedUpAfterCallOff)
            yield return "The parcel left although the order was called off.";
        if (order.ParkedNow.Any())
            yield return $"Parked at {string.Join(", ", order.ParkedNow.Select(place => place.Key))}.";
        else if (!order.IsFinal && order.Status is not (OrderStatus.Booked or OrderStatus.Delayed) && now - order.UpdatedAt > OpenMax)
            yield return $"{order.Status} for more than an hour, and parked nowhere.";
    }
}
