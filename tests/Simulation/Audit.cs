using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>
/// What must be true once everything has settled, judged by what the outside saw and not by what the participants recorded.
/// </summary>
static class Audit
{
    /// <summary>Nothing fails any more, but bugs are not fixed yet: Orders must know which orders are parked, and where.</summary>
    public static void Parking(World world)
    {
        foreach (var store in world.Stores)
        {
            foreach (var stream in store.Streams)
            {
                // What cannot be read cannot be published either.
                var orders = world.Store(Participants.Orders)[stream.OrderId];
                var summary = world.Store(Participants.Orders).Summary(stream.OrderId);
                if (orders is null || summary is null || !store.IsReadable(stream.OrderId) || orders.Parked.Exists(parked => world.Bus.Published(parked.Id) is OrderParked or OrderResumed))
                    continue;
                var known = summary.Parked.TryGetValue(store.Participant, out var report) && report.IsParked;
                if (known == stream.Parked.IsEmpty)
                    world.Invariants.Broken(
                        "Orders knows which orders are parked where", stream.OrderId, $"{store.Participant} parks {stream.Parked.Count}");
                if (known && stream.Parked is [{ Attempts: > 0, Failed: var failed } tried, ..] && (report!.MessageId, report.Failed) != (tried.Id, failed))
                    world.Invariants.Broken("Orders knows why the last replay failed", stream.OrderId, $"{tried.Id} at {store.Participant}");
                if (stream.Parked is [var head, ..] && !store.WasTooLarge(stream.OrderId)
                    && !world.Bugs.EverHit(store.Participant, stream.OrderId) && !world.Cards.HasFailedRefund(stream.OrderId))
                {
                    world.Invariants.Broken(
                        "Only what is broken waits for an operator", stream.OrderId, $"{head.Id} at {store.Participant}: {head.Reason}");
                }
                var letters = world.Bus[store.Participant].DeadLetters.Letters;
                if (stream.Parked.Find(parked => !letters.Any(letter => letter.Copy.Id == parked.Id)) is { } lost)
                    world.Invariants.Broken(
                        "What is parked is kept in the dead-letter queue", stream.OrderId, $"{lost.Id} at {store.Participant}");
            }
        }
    }

    public static void Everything(World world)
    {
        foreach (var order in world.Orders)
            Order(world, order);
        foreach (var store in world.Stores)
        {
            foreach (var stream in store.Streams)
            {
                Published(world, stream);
                Repeats(world, store.Participant, stream);
            }
        }
    }

    static bool IsOrderDiscarded(World world, string orderId) => IsDiscarded<OrderCreated>(world, Participants.Inventory, orderId);

    /// <summary>An operator decided that the customer's request is not carried out.</summary>
    static bool IsCancellationDiscarded(World world, string orderId) =>
        IsDiscarded<OrderCancellationRequested>(world, Participants.Shipping, orderId);

    /// <summary>By what was published: a host that did not know the type has parked it under another.</summary>
    static bool IsDiscarded<T>(World world, string participant, string orderId) => world.Store(participant)[orderId]
        ?.Entries.Exists(entry => entry.Via is Via.Discard && world.Bus.Published(entry.On) is T) ?? false;

    static void Order(World world, PlacedOrder placed)
    {
        var id = placed.Id;
        void Must(bool holds, string law)
        {
            if (!holds)
                world.Invariants.Broken(law, id, "");
        }

        var stream = world.Store(Participants.Orders)[id];
        var finals = stream?.Entries.SelectMany(e => e.Events).Where(e => e.Event is OrderCompleted or OrderRejected or OrderCancelled).ToList() ?? [];
        var (charge, refund, booking, stock) = (world.Cards.ChargeOf(id), world.Cards.RefundOf(id), world.Carrier.Of(id), world.Stock.Of(id));
        if (stream is null || world.Store(Participants.Orders).Summary(id) is not { } summary)
        {
            Must(!placed.IsPlaced, "Who was told that an order is placed finds it");
            Must(charge is null && booking is null && stock is null, "What was never placed costs nothing");
            return;
        }
        Must(finals.Count == 1, "An order has one final status");
        Must(summary.Total == placed.Total, "An order's total is the sum of its lines, each rounded to the currency's minor unit");

        var cancelled = stream.Entries.SelectMany(e => e.Events).Any(e => e.Event is OrderCancellationRequested);
        switch (finals[0].Event)
        {
            case OrderCompleted:
                Must(booking is { PickedUp: true } or { TakenAllTheSame: true }, "Only what was picked up is completed");
                Must(placed.Total.Amount == 0 ? charge is null : charge is CardCharged && refund is null, "What is completed is paid for");
                Must(stock == (placed.NeedsStock ? SimulatedStock.Status.Consumed : null), "What is completed is taken off the shelf");
                Must(!cancelled || IsCancellationDiscarded(world, id) || world.Notifier.HasTold(id, nameof(CancellationRefused)), "A customer whose cancellation came too late is told so");
                break;
            case OrderRejected rejected:
                Undone();
                Must(rejected.FailedAt switch
                {
                    FailedStep.Stock => stock is SimulatedStock.Status.Refused,
                    FailedStep.Payment => charge is CardDeclined or ChargeReturned || refund is not null,
                    _ => booking is { Answer: CarrierRefused },
                }, "A rejection states the step that failed");
                Must(!cancelled, "A cancellation that was accepted is not answered with a rejection");
                break;
            default:
                Undone();
                Must(cancelled, "Only what a customer cancelled is cancelled");
                break;
        }
        foreach (var notice in world.Stores.SelectMany(store => store[id]?.Entries ?? []).SelectMany(entry => entry.Events).Select(e => e.Event))
        {
            if (notice is OrderCompleted or OrderRejected or OrderCancelled or CancellationRefused or ShippingDelayed)
                Must(world.Notifier.HasTold(id, notice.GetType().Name), $"A customer is told of {notice.GetType().Name}");
        }
        Heard.Check(stream, summary, inOrder: !world.Invariants.HasGivenUp(id), Must);
        if (world.Store(Participants.Inventory)[id] is { } inventory)
            Must(Said<InventoryRestocked>(inventory) == Heards(inventory, nameof(RestockInventory)), "Inventory answers the call to restock, once");
        if (world.Store(Participants.Shipping)[id] is { } shipping)
            Must(Said<ShippingDelayed>(shipping) == (WasDueWhileBooked(shipping) ? 1 : 0), "A shipment that is due and still booked is said to be late, once");

        void Undone()
        {
            Must(booking is not { PickedUp: true }, "What is cancelled or rejected never ships");
            Must(booking is { IsMistaken: true } || booking is { TakenAllTheSame: true } == summary.Facts.HasFlag(OrderFacts.PickedUpAfterCallOff),
                "A parcel that left although its order was called off is on record");
            Must(
                (booking is { TakenAllTheSame: true } ? 1 : 0) == Said<PickUpNoted>(stream) || booking is { IsMistaken: true },
                "A parcel that left although its order was called off is on record");
            Must(booking is not { IsOn: true }, "What is cancelled or rejected has no booking");

            // A settlement that found nothing to give back is no refund: a charge that arrives after it is refunded by the provider.
            var isSettled = world.Store(Participants.Payments)[id] is { } payments
                && payments.Entries.Exists(entry => entry.Events.Any(e => e.Event is StepSettled) && entry.Events.Any(e => e.Event is RefundCard));
            Must(world.Cards.Taken(id) is null || isSettled, "What is cancelled or rejected costs nothing");
            Must(refund is null || !isSettled, "What is refunded by hand is not refunded by the provider too");

            // What a discarded message had reserved stays reserved: only that message knew the warehouse.
            Must(stock is not (SimulatedStock.Status.Reserved or SimulatedStock.Status.Consumed) || IsOrderDiscarded(world, id),
                "What is cancelled or rejected takes nothing off the shelf");
        }
    }

    static int Said<T>(OrderStream stream) => stream.Entries.Sum(entry => entry.Events.Count(e => e.Event is T));

    static int Heards(OrderStream stream, string type) =>
        stream.Entries.Any(entry => entry.Via is Via.Bus && (entry.Type == type || entry.Events.Any(e => e.Event is StepSettled))) ? 1 : 0;

    static bool WasDueWhileBooked(OrderStream shipping)
    {
        var booked = false;
        foreach (var entry in shipping.Entries)
        {
            if (booked && entry is { Via: Via.Bus, Type: nameof(ShipmentDue) } && !entry.Events.Any(e => e.Event is OrderShipped))
                return true;
            foreach (var (_, said) in entry.Events)
                booked = said is ShipmentBooked || (booked && said is not (OrderShipped or CancelCarrier));
        }
        return false;
    }

    static void Published(World world, OrderStream stream)
    {
        foreach (var unsaid in world.Bus.Unpublished(stream.Entries))
            world.Invariants.Broken("What is saved is published in the end", stream.OrderId, unsaid.Id);
    }

    /// <summary>
    /// Decides everything in the stream again, with the answers that the outside would give now. The result must be the same, because a
    /// first answer is final and the stream holds everything that was known. Only what a look-up did not find may have arrived since.
    /// </summary>
    static void Repeats(World world, string participant, OrderStream stream)
    {
        var decider = world.Rules[participant];
        var history = new List<OrderEvent>();
        foreach (var entry in stream.Entries)
        {
            var recorded = entry.Events.Select(e => e.Event).Where(e => e is not IKernelEvent).ToList();
            var input = entry.Via switch
            {
                Via.Bus => world.Bus.Published(entry.On),
                Via.Http => world.Requests[(participant, stream.OrderId, entry.On)],
                _ => null,
            };
            if (input is not null and not IKernelEvent)
            {
                if (!ComesOf(inVain: false) && !ComesOf(inVain: true))
                    world.Invariants.Broken("A stream can be decided again to the same", stream.OrderId, $"{entry.On} at {participant}");
            }
            history.AddRange(recorded);

            bool ComesOf(bool inVain) =>
                DecidedAgain(world, decider, history, stream.OrderId, input!, inVain).Select(e => e.GetType()).SequenceEqual(recorded.Select(e => e.GetType()));
        }
    }

    /// <param name="inVain">Whether look-ups find nothing, because the thing was not there yet.</param>
    static List<OrderEvent> DecidedAgain(World world, IDecider decider, List<OrderEvent> before, string orderId, OrderEvent input, bool inVain)
    {
        var history = before.ToList();
        var inputs = new Queue<OrderEvent>([input]);
        while (inputs.TryDequeue(out var next))
        {
            foreach (var @event in decider.Decide(history, next))
            {
                history.Add(@event);
                if (@event is Intent intent)
                    inputs.Enqueue(AnswerTo(world, orderId, intent, inVain));
            }
        }
        return history[before.Count..];
    }

    static Answer AnswerTo(World world, string orderId, Intent intent, bool inVain) => intent switch
    {
        FindCharge when inVain => new NothingCharged(),
        FindBooking when inVain => new NothingBooked(),
        ReserveStock => world.Stock.Of(orderId) is SimulatedStock.Status.Refused ? new StockShort([]) : new StockReserved(),
        ReleaseStock => new StockReleased(),
        ConsumeStock => new StockConsumed(),
        ChargeCard => world.Cards.ChargeOf(orderId) ?? new CardDeclined("never asked"),
        FindCharge => (Answer?)world.Cards.ChargeOf(orderId) ?? new NothingCharged(),
        RefundCard => world.Cards.RefundOf(orderId) ?? new CardRefunded("never asked"),
        BookCarrier => world.Carrier.Of(orderId)?.Answer ?? new CarrierRefused("never asked"),
        FindBooking => world.Carrier.Of(orderId)?.Answer ?? new NothingBooked(),
        FindParcel => !inVain && world.Carrier.Of(orderId) is { PickedUp: true } ? new ParcelPickedUp() : new ParcelNotPickedUp(),
        CancelCarrier => world.Carrier.Of(orderId) is { PickedUp: true } ? new CarrierTooLate() : new CarrierCancelled(),
        _ => new Notified(),
    };
}

/// <summary>
/// What a customer must be able to read, derived from the messages that Orders heard. An independent check of its notes and its summary.
/// </summary>
static class Heard
{
    /// <param name="inOrder">
    /// True if the broker dead-lettered none of the messages. Otherwise a late message changes nothing, except for the refund, which always
    /// counts.
    /// </param>
    public static void Check(OrderStream orders, OrderSummary summary, bool inOrder, Action<bool, string> must)
    {
        var (open, status) = (true, OrderStatus.Placed);
        var (charged, refunded, delayed, refused, booked) = (false, false, false, false, false);
        foreach (var entry in orders.Entries)
        {
            if (entry.Via is not (Via.Bus or Via.Http))
                continue;
            var undoing = status is OrderStatus.Cancelling or OrderStatus.Rejecting;
            refused |= entry.Type is nameof(CancellationRefused) && (status is OrderStatus.Cancelling || !open);
            if (!open || (refused && status is OrderStatus.Cancelling && entry.Type is not nameof(OrderShipped) and not nameof(CancellationRefused)))
                continue;

            // A message that was decided before the refund, but published after it by a slow turn, is too late to matter.
            var matters = status is not OrderStatus.Rejecting && !refunded;
            charged |= entry.Type is nameof(PaymentSucceeded) && matters;
            booked |= entry.Type is nameof(ShipmentBooked) && matters;
            delayed |= entry.Type is nameof(ShippingDelayed) && matters;
            refunded |= entry.Type is nameof(PaymentRefunded) && undoing;
            status = entry.Type switch
            {
                nameof(InventoryReserved) or nameof(PaymentSucceeded) or nameof(ShipmentBooked) or nameof(ShippingDelayed) when undoing => status,
                nameof(InventoryReserved) => OrderStatus.Reserved,
                nameof(PaymentSucceeded) => OrderStatus.Paid,
                nameof(ShipmentBooked) => OrderStatus.Booked,
                nameof(ShippingDelayed) => OrderStatus.Delayed,
                nameof(PaymentFailed) or nameof(ShippingFailed) or nameof(InventoryRestocked) when !undoing => OrderStatus.Rejecting,
                nameof(CancelOrder) when !undoing => OrderStatus.Cancelling,
                _ => status,
            };
            open = !entry.Events.Any(e => e.Event is OrderCompleted or OrderRejected or OrderCancelled);
            if (!inOrder)
                continue;
            var seen = OrderSummary.Of(orders with { Entries = orders.Entries.GetRange(0, orders.Entries.IndexOf(entry) + 1) })!.Status;
            must(!open || entry.Type is not nameof(InventoryReservationFailed), "An order whose stock was refused is final at once");
            must(!open || refused || seen == status, $"A customer sees {status} after {entry.Type}, not {seen}");
        }
        must((summary.Refunded is not null) == refunded, "The summary tells whether the order was refunded");
        if (!inOrder)
            return;
        must((summary.Charged is not null) == charged, "The summary tells whether the order was paid for");
        must((summary.PromisedBy is not null) == booked, "The summary tells when the order was promised");
        must(summary.Delayed == delayed, "The summary tells that the order was late");
        must(summary.CancellationRefused == refused, "The summary tells that it was too late to cancel");
    }
}
