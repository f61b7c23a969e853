using System.Globalization;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>How long providers remember keys.</summary>
static class KeyMemory
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);
}

/// <summary>What a provider remembers of the calls made to it: the answer for each key, for a day.</summary>
sealed class KeyMemory<T>(World world)
    where T : class
{
    readonly Dictionary<string, (T Answer, DateTimeOffset Until)> answers = [];

    /// <summary>Returns the earlier answer for this key, otherwise a new one.</summary>
    public T Answer(string key, Func<T> decide)
    {
        if (answers.TryGetValue(key, out var known))
        {
            if (known.Until > world.Scheduler.Now)
                return known.Answer;
            world.Faults.Happened(Fault.KeyForgotten);
        }
        var answer = decide();
        answers[key] = (answer, world.Scheduler.Now + KeyMemory.Lifetime);
        return answer;
    }
}

/// <summary>
/// An assumption about providers: once a provider has answered for the last time that it has nothing for an order that is being called off,
/// no call arrives any more from an earlier attempt, or from one that overlaps with the attempt that asked.
/// </summary>
sealed class CalledOff(World world, int answersMax)
{
    static readonly TimeSpan OverlapMax = TimeSpan.FromMinutes(5);

    readonly Dictionary<string, (int Answers, DateTimeOffset At)> orders = [];

    public void Nothing(string orderId, Strand asker)
    {
        if (asker.CallsOff)
            orders[orderId] = (orders.GetValueOrDefault(orderId).Answers + 1, world.Scheduler.Now);
    }

    /// <exception cref="TransientException">
    /// The caller is such an attempt. If the attempt that asked fails, a later attempt still gets through.
    /// </exception>
    public void Arrives(string orderId, Strand caller)
    {
        if (orders.TryGetValue(orderId, out var last) && last.Answers >= answersMax && caller.StartedAt < last.At + OverlapMax)
            throw new TransientException("The call was given up on its way.");
    }
}

/// <summary>The card provider. It charges again for every new key, as a real one would.</summary>
sealed class SimulatedCards(World world)
{
    readonly Dictionary<string, (Answer Answer, Money Amount)> charges = [];
    readonly Dictionary<string, CardRefunded> refunds = [];
    readonly KeyMemory<Answer> chargeKeys = new(world);
    readonly KeyMemory<CardRefunded> refundKeys = new(world);

    /// <summary>Two answers: one when the refund is requested, and one when the reservation arrives despite that.</summary>
    public CalledOff CalledOff { get; } = new(world, answersMax: 2);

    /// <summary>
    /// An assumption about the provider: of a refund that an operator made by hand, no call arrives any more from a turn that began before
    /// the line was held or the message was discarded, once the provider has answered that there is none.
    /// </summary>
    readonly Dictionary<string, DateTimeOffset> byHand = [];

    public void NoRefund(string orderId, Strand asker)
    {
        if (!asker.CallsOff)
            return;
        var parked = world.Store(Participants.Payments)[orderId]!.Parked;
        if ((parked is [{ Type: nameof(RefundPayment) } head, ..] ? head.HeldSince : world.Scheduler.Now) is { } since)
            byHand[orderId] = since;
    }

    /// <exception cref="TransientException">The caller is such a turn.</exception>
    public void RefundArrives(string orderId, Strand caller)
    {
        if (byHand.TryGetValue(orderId, out var since) && caller.StartedAt < since)
            throw new TransientException("The call was given up on its way.");
    }

    public Service Service { get; } = new("card provider", Fault.CardsBusy, Fault.CardsAnswerLost, Fault.CardsDown) { WayMax = KeyMemory.Lifetime };

    public Answer? ChargeOf(string orderId) => charges.TryGetValue(orderId, out var charge) ? charge.Answer : null;

    public CardRefunded? RefundOf(string orderId) => refunds.GetValueOrDefault(orderId);

    public Money? Taken(string orderId) =>
        charges.TryGetValue(orderId, out var charge) && charge.Answer is CardCharged && !refunds.ContainsKey(orderId) ? charge.Amount : null;

    public Answer Charge(string key, string orderId, Money amount) => chargeKeys.Answer(key, () =>
    {
        if (charges.ContainsKey(orderId))
            world.Invariants.Broken("A card is charged once", orderId, key);
        if (amount.Amount == 0 || amount != world.Orders.First(order => order.Id == orderId).Total)
            world.Invariants.Broken("A card is charged what the order costs, if it costs anything", orderId, amount.ToString());
        Answer answer = world.Chance.Hits(world.DeclineChance) ? new CardDeclined("declined") : new CardCharged("ch-" + orderId, amount);
        charges[orderId] = (answer, amount);
        return answer;
    });

    public CardRefunded Refund(string key, string orderId, string chargeId, Money amount) => refundKeys.Answer(key, () =>
    {
        if (refunds.ContainsKey(orderId))
            world.Invariants.Broken("A charge is refunded once", orderId, key);
        if (!charges.TryGetValue(orderId, out var charge) || charge.Answer is not CardCharged taken || taken.ChargeId != chargeId || charge.Amount != amount)
            world.Invariants.Broken("Only what was taken is refunded", orderId, $"{chargeId} {amount}");
        return refunds[orderId] = new("re-" + orderId);
    });
}

sealed class CardsPort(Host host, SimulatedCards cards) : ICardProvider
{
    public Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation)
    {
        var caller = Strand.Current!;
        return host.CallAsync(cards.Service, "charges", key, () =>
        {
            cards.CalledOff.Arrives(orderId, caller);
            return cards.Charge(key, orderId, amount);
        }, cancellation);
    }

    public Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation)
    {
        var asker = Strand.Current!;
        return host.CallAsync(cards.Service, "looks up the charge of", orderId, () =>
        {
            var answer = cards.ChargeOf(orderId);
            if (answer is null)
                cards.CalledOff.Nothing(orderId, asker);
            return answer;
        }, cancellation);
    }

    public Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation)
    {
        var caller = Strand.Current!;
        return host.CallAsync(cards.Service, "refunds", key, () =>
        {
            cards.RefundArrives(orderId, caller);
            return cards.Refund(key, orderId, chargeId, amount);
        }, cancellation);
    }

    public Task<CardRefunded?> FindRefundAsync(string orderId, CancellationToken cancellation)
    {
        var asker = Strand.Current!;
        return host.CallAsync(cards.Service, "looks up the refund of", orderId, () =>
        {
            var answer = cards.RefundOf(orderId);
            if (answer is null)
                cards.NoRefund(orderId, asker);
            return answer;
        }, cancellation);
    }
}

/// <summary>
/// The carrier. Its driver may come at any moment after the booking: before its answer has arrived, or long after the promised time.
/// </summary>
sealed class SimulatedCarrier(World world)
{
    readonly Dictionary<string, Booking> bookings = [];
    readonly KeyMemory<Answer> keys = new(world);

    public CalledOff CalledOff { get; } = new(world, answersMax: 1);

    public Service Service { get; } = new("carrier", Fault.CarrierBusy, Fault.CarrierAnswerLost, Fault.CarrierDown) { WayMax = KeyMemory.Lifetime };

    public Booking? Of(string orderId) => bookings.GetValueOrDefault(orderId);

    public Answer Book(string key, string orderId) => keys.Answer(key, () =>
    {
        if (bookings.ContainsKey(orderId))
            world.Invariants.Broken("A carrier is booked once", orderId, key);
        var promised = world.Scheduler.Now + world.Chance.OfAnyScale(TimeSpan.FromDays(1));
        var booking = new Booking(world.Chance.Hits(world.RefuseChance)
            ? new CarrierRefused("no route")
            : new CarrierBooked($"tr-{orderId}-{(bookings.Count + 1).ToString(CultureInfo.InvariantCulture)}", promised));
        bookings[orderId] = booking;
        if (booking.Answer is CarrierBooked booked)
        {
            // The driver is often as quick as the customers, so that either may be first.
            var drive = world.Chance.OfAnyScale(world.HasHastyCustomers && world.Chance.OneIn(3) ? TimeSpan.FromMinutes(1) : TimeSpan.FromDays(2));
            world.Scheduler.After(drive, () => PickUp(orderId, booking, booked));
        }
        return booking.Answer;
    });

    public Answer Cancel(string orderId)
    {
        if (!bookings.TryGetValue(orderId, out var booking) || booking.Answer is not CarrierBooked)
        {
            world.Invariants.Broken("Only a booking is cancelled", orderId, "");
            return new CarrierCancelled();
        }
        if (booking.PickedUp)
            return new CarrierTooLate();
        booking.Cancelled = true;
        return new CarrierCancelled();
    }

    /// <summary>An operator cancels it by phone. False where the parcel has left.</summary>
    public bool CancelByPhone(string orderId)
    {
        if (!bookings.TryGetValue(orderId, out var booking) || booking.Answer is not CarrierBooked)
            return true;
        booking.Cancelled |= !booking.PickedUp;
        return booking.Cancelled;
    }

    void PickUp(string orderId, Booking booking, CarrierBooked booked)
    {
        if (booking.Cancelled)
            return;
        booking.PickedUp = true;
        world.History.Add("carrier", "picks up", orderId, booked.TrackingId);
        if (world.Storm is not Participants.Shipping)
        {
            Tell();
            return;
        }
        world.OpenRequests++;
        world.Scheduler.After(world.Chance.Below(TimeSpan.FromMinutes(1)), () =>
        {
            world.OpenRequests--;
            Tell();
        });

        void Tell() => HttpRequest.ToWebhook(world, orderId, booked.TrackingId);
    }

    public sealed class Booking(Answer answer)
    {
        public Answer Answer => answer;
        public bool PickedUp { get; set; }
        public bool Cancelled { get; set; }

        /// <summary>The driver will come, or has already come.</summary>
        public bool IsOn => answer is CarrierBooked && !Cancelled;
    }
}

sealed class CarrierPort(Host host, SimulatedCarrier carrier) : ICarrier
{
    public Task<Answer> BookAsync(string key, string orderId, Address shipTo, CancellationToken cancellation)
    {
        var caller = Strand.Current!;
        return host.CallAsync(carrier.Service, "books", key, () =>
        {
            carrier.CalledOff.Arrives(orderId, caller);
            return carrier.Book(key, orderId);
        }, cancellation);
    }

    public Task<Answer?> FindBookingAsync(string orderId, CancellationToken cancellation)
    {
        var asker = Strand.Current!;
        return host.CallAsync(carrier.Service, "looks up the booking of", orderId, () =>
        {
            var answer = carrier.Of(orderId)?.Answer;
            if (answer is null)
                carrier.CalledOff.Nothing(orderId, asker);
            return answer;
        }, cancellation);
    }

    public Task<Answer> CancelAsync(string key, string orderId, string trackingId, CancellationToken cancellation) =>
        host.CallAsync(carrier.Service, "cancels", key, () => carrier.Cancel(orderId), cancellation);
}

/// <summary>The channel to customers.</summary>
sealed class SimulatedNotifier(World world)
{
    readonly KeyMemory<Notified> keys = new(world);
    readonly Dictionary<string, long> told = [];

    public Service Service { get; } = new("notifier", Fault.NotifierBusy, Fault.NotifierAnswerLost, Fault.NotifierDown) { WayMax = KeyMemory.Lifetime };

    /// <summary>Whether the customer has received this notice.</summary>
    public bool HasTold(string orderId, string notice) => told.ContainsKey($"{orderId}/{notice}");

    public Notified Notify(string key, string orderId, Notify notice) => keys.Answer(key, () =>
    {
        var name = $"{orderId}/{notice.Notice}";
        // The channel has no look-up. Once it has forgotten its keys, a second notice is better than none.
        if (told.TryGetValue(name, out var before) && world.Scheduler.Elapsed - before < TimeSpan.TicksPerDay)
            world.Invariants.Broken("Each notice is told once", orderId, key);
        told[name] = world.Scheduler.Elapsed;
        return new();
    });
}

sealed class NotifierPort(Host host, SimulatedNotifier notifier) : INotifier
{
    public Task<Notified> NotifyAsync(string key, string orderId, Notify notice, CancellationToken cancellation) =>
        host.CallAsync(notifier.Service, "notifies", key, () => notifier.Notify(key, orderId, notice), cancellation);
}
