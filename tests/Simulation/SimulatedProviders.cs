using System.Globalization;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Shipping;

namespace OrderFunctions.Simulation;

/// <summary>What a provider remembers of the calls made to it: the answer for each key, for as long as it remembers keys.</summary>
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
        answers[key] = (answer, world.Scheduler.Now + world.KeyLifetime);
        return answer;
    }
}

/// <summary>What a provider's look-up does not show yet.</summary>
sealed class LaggingLookUp(World world)
{
    readonly Dictionary<string, DateTimeOffset> shownFrom = [];

    /// <summary>The provider has just done something for the order.</summary>
    public void Done(string orderId, string participant)
    {
        if (world.Faults.Strike(Fault.LookUpLags, participant))
            shownFrom[orderId] = world.Scheduler.Now + world.Chance.Between(world.LookUpLag / 2, world.LookUpLag);
    }

    public bool Shows(string orderId) => !(shownFrom.TryGetValue(orderId, out var from) && world.Scheduler.Now < from);
}

/// <summary>
/// An assumption about providers: once a provider has answered for the last time that it has nothing for an order that is being called off,
/// no call arrives any more from an earlier attempt, or from one that overlaps with the attempt that asked.
/// </summary>
sealed class CalledOff(World world, int answersMax)
{
    static readonly TimeSpan OverlapMax = TimeSpan.FromMinutes(5);

    readonly Dictionary<string, (int Answers, DateTimeOffset At)> orders = [];
    readonly Dictionary<string, Strand> askedOnce = [];

    public void Nothing(string orderId, Strand asker)
    {
        if (!asker.CallsOff)
            return;

        // Where look-ups lag, whoever finds nothing asks twice: what has arrived before the first time is shown at the second.
        if (world.LookUpLag > TimeSpan.Zero && askedOnce.Remove(orderId, out var before) && before == asker)
            return;
        askedOnce[orderId] = asker;
        orders[orderId] = (orders.GetValueOrDefault(orderId).Answers + 1, world.Scheduler.Now);
        world.Late.Hurry(orderId);
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
    readonly Dictionary<string, Charge> charges = [];
    readonly Dictionary<string, Refund> refunds = [];
    readonly KeyMemory<Charge> chargeKeys = new(world);
    readonly KeyMemory<Refund> refundKeys = new(world);
    readonly LaggingLookUp chargesShown = new(world);
    readonly LaggingLookUp refundsShown = new(world);

    /// <summary>Two answers: one when the refund is requested, and one when the reservation arrives despite that.</summary>
    public CalledOff CalledOff { get; } = new(world, answersMax: 2);

    /// <summary>
    /// An assumption about the provider: of a refund that an operator made by hand, no call arrives any more from a turn that began before
    /// the line was held or the message was discarded, once the provider has answered that there is none.
    /// </summary>
    readonly Dictionary<string, DateTimeOffset> byHand = [];

    public void NoRefund(string orderId)
    {
        var parked = world.Store(Participants.Payments)[orderId]!.Parked;
        if (parked is not [{ Type: nameof(RefundPayment) } head, ..])
            byHand[orderId] = world.Scheduler.Now;
        else if (head.HeldSince is not null)
            byHand[orderId] = world.Invariants.HeldSince(Participants.Payments, orderId);
    }

    /// <exception cref="TransientException">The caller is such a turn.</exception>
    public void RefundArrives(string orderId, Strand caller)
    {
        if (byHand.TryGetValue(orderId, out var since) && caller.StartedAt < since)
            throw new TransientException("The call was given up on its way.");
    }

    public Service Service { get; } = new("card provider", Fault.CardsBusy, Fault.CardsAnswerLost, Fault.CardsDown) { WayMax = world.KeyLifetime - world.LookUpLag };

    /// <summary>The outcome, once everything has settled.</summary>
    public Answer? ChargeOf(string orderId) => charges.TryGetValue(orderId, out var charge) ? OutcomeOf(charge) : null;

    /// <summary>What a look-up shows of it now.</summary>
    public Answer? FindCharge(string orderId) => chargesShown.Shows(orderId) ? ChargeOf(orderId) : null;

    public CardRefunded? RefundOf(string orderId) => refunds.TryGetValue(orderId, out var refund) && refund.Status is Status.Succeeded ? refund.Answer : null;

    public bool HasFailedRefund(string orderId) => refunds.TryGetValue(orderId, out var refund) && refund.HasFailed;

    /// <summary>Charged, and neither refunded nor returned by hand.</summary>
    public Money? Taken(string orderId) =>
        charges.TryGetValue(orderId, out var charge) && charge.Status is Status.Succeeded && RefundOf(orderId) is null ? charge.Amount : null;

    public Answer ChargeAsked(string key, string orderId, Money amount)
    {
        var charge = chargeKeys.Answer(key, () =>
        {
            if (charges.ContainsKey(orderId))
                world.Invariants.Broken("A card is charged once", orderId, key);
            if (amount.Amount == 0 || amount != world.Orders.First(order => order.Id == orderId).Total)
                world.Invariants.Broken("A card is charged what the order costs, if it costs anything", orderId, amount.ToString());
            chargesShown.Done(orderId, Participants.Payments);
            var status = world.Chance.Hits(world.DeclineChance) ? Status.Declined : Status.Succeeded;
            var made = new Charge("ch-" + orderId, amount, status);
            if (Strikes(Fault.ChargePending))
                made.PendingUntil = world.Scheduler.Now + world.Chance.OfAnyScale(TimeSpan.FromHours(2));
            else if (status is Status.Succeeded && Strikes(Fault.ChargedAnotherAmount))
                made = made with { Amount = amount with { Amount = amount.Amount + 1 } };
            else if (status is Status.Succeeded && Strikes(Fault.ChargeReturned))
            {
                charges[orderId] = made with { Status = Status.Returned };
                return charges[orderId] with { IsAnswerLost = true };
            }
            return charges[orderId] = made;
        });
        return charge.IsAnswerLost ? throw new TransientException("The answer was lost.") : OutcomeOf(charges[orderId]);
    }

    /// <summary>Cancels a pending charge.</summary>
    public Answer? EndCharge(string orderId)
    {
        if (FindPending(orderId) is { } pending)
            charges[orderId] = pending with { Status = Status.Declined, PendingUntil = default };
        return FindCharge(orderId);
    }

    Charge? FindPending(string orderId) =>
        chargesShown.Shows(orderId) && charges.TryGetValue(orderId, out var charge) && charge.PendingUntil > world.Scheduler.Now ? charge : null;

    public CardRefunded RefundAsked(string key, string orderId, string chargeId, Money amount)
    {
        refundKeys.Answer(key, () =>
        {
            if (refunds.ContainsKey(orderId))
                world.Invariants.Broken("A charge is refunded once", orderId, key);
            if (!charges.TryGetValue(orderId, out var charge) || charge.Status is not Status.Succeeded || charge.Id != chargeId || charge.Amount != amount)
                world.Invariants.Broken("Only what was taken is refunded", orderId, $"{chargeId} {amount}");
            refundsShown.Done(orderId, Participants.Payments);
            var made = new Refund(new("re-" + orderId), Strikes(Fault.RefundFailed) ? Status.Declined : Status.Succeeded);
            if (Strikes(Fault.RefundPending))
                made.PendingUntil = world.Scheduler.Now + world.Chance.OfAnyScale(TimeSpan.FromHours(2));
            return refunds[orderId] = made;
        });
        return RefundMade(orderId)!;
    }

    /// <inheritdoc cref="RefundMade"/>
    public CardRefunded? FindRefund(string orderId) => refundsShown.Shows(orderId) ? RefundMade(orderId) : null;

    /// <exception cref="ProviderException">It is pending, or it has failed.</exception>
    CardRefunded? RefundMade(string orderId) =>
        !refunds.TryGetValue(orderId, out var refund) ? null
        : refund.PendingUntil > world.Scheduler.Now ? throw new ProviderException(Kernel.Failure.Pending, "The refund is pending.")
        : refund.HasFailed ? throw new ProviderException(Kernel.Failure.Fault, "The refund has failed.")
        : refund.Answer;

    /// <summary>Operators give back what no refund could: the provider's list then has another one, which succeeded.</summary>
    public void GiveBackByHand()
    {
        foreach (var (orderId, refund) in refunds.Where(one => one.Value.HasFailed && !IsSettled(one.Key)).ToList())
            refunds[orderId] = refund with { Status = Status.Succeeded };
    }

    bool IsSettled(string orderId) =>
        world.Store(Participants.Payments)[orderId]?.Entries.Exists(entry => entry.Events.Any(e => e.Event is StepSettled)) ?? false;

    /// <exception cref="ProviderException">It is pending.</exception>
    Answer OutcomeOf(Charge charge) =>
        charge.PendingUntil > world.Scheduler.Now ? throw new ProviderException(Kernel.Failure.Pending, "The charge is pending.")
        : charge.Status switch
        {
            Status.Succeeded => new CardCharged(charge.Id, charge.Amount),
            Status.Returned => new ChargeReturned(),
            _ => new CardDeclined("declined"),
        };

    bool Strikes(Fault fault) => world.Faults.Strike(fault, Participants.Payments);

    enum Status
    {
        Succeeded,
        Declined,
        Returned,
    }

    sealed record Charge(string Id, Money Amount, Status Status, bool IsAnswerLost = false)
    {
        public DateTimeOffset PendingUntil { get; set; }
    }

    sealed record Refund(CardRefunded Answer, Status Status)
    {
        public DateTimeOffset PendingUntil { get; set; }
        public bool HasFailed => Status is Status.Declined;
    }
}

sealed class CardsPort(Host host, SimulatedCards cards) : ICardProvider
{
    public TimeSpan LookUpLag => host.World.LookUpLag;

    public Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation)
    {
        var caller = Strand.Current!;
        return host.CallAsync(cards.Service, "charges", key, () =>
        {
            host.World.MayRefuse(Participants.Payments);
            cards.CalledOff.Arrives(orderId, caller);
            return cards.ChargeAsked(key, orderId, amount);
        }, cancellation);
    }

    public Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation) =>
        host.CallAsync(cards.Service, "looks up the charge of", orderId, () => cards.FindCharge(orderId), cancellation);

    public Task<Answer?> EndChargeAsync(string key, string orderId, CancellationToken cancellation)
    {
        var asker = Strand.Current!;
        return host.CallAsync(cards.Service, "ends the charge of", orderId, () =>
        {
            host.World.MayRefuse(Participants.Payments);
            var answer = cards.EndCharge(orderId);
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
            host.World.MayRefuse(Participants.Payments);
            return cards.RefundAsked(key, orderId, chargeId, amount);
        }, cancellation);
    }

    public Task<CardRefunded?> FindRefundAsync(string orderId, string chargeId, Money amount, CancellationToken cancellation)
    {
        var asker = Strand.Current!;
        return host.CallAsync(cards.Service, "looks up the refund of", orderId, () =>
        {
            var answer = cards.FindRefund(orderId);
            if (answer is null && asker.CallsOff)
                cards.NoRefund(orderId);
            else if (answer is null)
                host.World.Operators.NoRefundYet(orderId);
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
    readonly HashSet<string> calledOffByPhone = [];
    readonly KeyMemory<Answer> keys = new(world);
    readonly LaggingLookUp shown = new(world);

    public CalledOff CalledOff { get; } = new(world, answersMax: 1);

    public Service Service { get; } = new("carrier", Fault.CarrierBusy, Fault.CarrierAnswerLost, Fault.CarrierDown) { WayMax = world.KeyLifetime - world.LookUpLag };

    public Booking? Of(string orderId) => bookings.GetValueOrDefault(orderId);

    /// <summary>What a look-up shows of it now.</summary>
    public Answer? Find(string orderId) => shown.Shows(orderId) ? Of(orderId)?.Answer : null;

    public Answer Book(string key, string orderId) => keys.Answer(key, () =>
    {
        if (bookings.ContainsKey(orderId))
            world.Invariants.Broken("A carrier is booked once", orderId, key);
        shown.Done(orderId, Participants.Shipping);
        var promised = world.Scheduler.Now + world.Chance.OfAnyScale(TimeSpan.FromDays(1));
        var booking = new Booking(world.Chance.Hits(world.RefuseChance)
            ? new CarrierRefused("no route")
            : new CarrierBooked($"tr-{orderId}-{(bookings.Count + 1).ToString(CultureInfo.InvariantCulture)}", promised));
        booking.Cancelled = calledOffByPhone.Contains(orderId);
        bookings[orderId] = booking;
        if (booking.Answer is CarrierRefused && world.Faults.Strike(Fault.PickedUpAfterCallOff))
        {
            world.Scheduler.After(world.Chance.OfAnyScale(TimeSpan.FromHours(1)), () =>
            {
                booking.TakenAllTheSame = true;
                Report(orderId, "tr-" + orderId);
            });
        }
        if (booking.Answer is CarrierBooked booked)
        {
            // The driver is often as quick as the customers, so that either may be first.
            var drive = world.Chance.OfAnyScale(world.HasHastyCustomers && world.Chance.OneIn(3) ? TimeSpan.FromMinutes(1) : TimeSpan.FromDays(2));
            world.Scheduler.After(drive, () => PickUp(orderId, booking, booked));
            if (world.Faults.Strike(Fault.WrongParcelReported, Participants.Shipping))
                world.Scheduler.After(world.Chance.OfAnyScale(TimeSpan.FromHours(6)), () => ReportWrongParcel(orderId, booking));
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

    /// <summary>An operator cancels it by phone, even before it is booked. False where the parcel has left.</summary>
    public bool CancelByPhone(string orderId)
    {
        calledOffByPhone.Add(orderId);
        if (!bookings.TryGetValue(orderId, out var booking) || booking.Answer is not CarrierBooked)
            return true;
        booking.Cancelled |= !booking.PickedUp;
        return booking.Cancelled;
    }

    void PickUp(string orderId, Booking booking, CarrierBooked booked)
    {
        if (booking.Cancelled && !world.Faults.Strike(Fault.PickedUpAfterCallOff))
            return;
        (booking.PickedUp, booking.TakenAllTheSame) = (!booking.Cancelled, booking.Cancelled);
        world.History.Add("carrier", "picks up", orderId, booked.TrackingId);
        if (booking.PickedUp && world.Faults.Strike(Fault.PickUpReportLost, Participants.Shipping))
            return;
        Report(orderId, booked.TrackingId);
    }

    /// <summary>A driver scans another parcel for it, once the booking is on record.</summary>
    void ReportWrongParcel(string orderId, Booking booking)
    {
        if (world.Store(Participants.Shipping)[orderId] is not { } stream || Shipment.Decider.Fold(stream.History) is not (Booked or TooLate))
            return;
        booking.IsMistaken = true;
        HttpRequest.ToWebhook(world, orderId, WrongParcel);
    }

    public const string WrongParcel = "tr-of-another-order";

    void Report(string orderId, string trackingId)
    {
        if (world.Storm is not Participants.Shipping)
        {
            Tell();
            return;
        }
        world.Requested(orderId);
        world.Scheduler.After(world.Chance.Below(TimeSpan.FromMinutes(1)), () =>
        {
            world.Answered(orderId);
            Tell();
        });

        void Tell() => HttpRequest.ToWebhook(world, orderId, trackingId);
    }

    public sealed class Booking(Answer answer)
    {
        public Answer Answer => answer;
        public bool PickedUp { get; set; }
        public bool Cancelled { get; set; }

        /// <summary>Although it was cancelled or refused.</summary>
        public bool TakenAllTheSame { get; set; }

        /// <summary>The carrier has reported another parcel for it.</summary>
        public bool IsMistaken { get; set; }

        /// <summary>The driver will come, or has already come.</summary>
        public bool IsOn => answer is CarrierBooked && !Cancelled;
    }
}

sealed class CarrierPort(Host host, SimulatedCarrier carrier) : ICarrier
{
    public TimeSpan LookUpLag => host.World.LookUpLag;

    public Task<Answer> BookAsync(string key, string orderId, Address shipTo, CancellationToken cancellation)
    {
        var caller = Strand.Current!;
        return host.CallAsync(carrier.Service, "books", key, () =>
        {
            host.World.MayRefuse(Participants.Shipping);
            carrier.CalledOff.Arrives(orderId, caller);
            return carrier.Book(key, orderId);
        }, cancellation);
    }

    public Task<Answer?> FindBookingAsync(string orderId, CancellationToken cancellation)
    {
        var asker = Strand.Current!;
        return host.CallAsync(carrier.Service, "looks up the booking of", orderId, () =>
        {
            var answer = carrier.Find(orderId);
            if (answer is null)
                carrier.CalledOff.Nothing(orderId, asker);
            return answer;
        }, cancellation);
    }

    public Task<Answer> CancelAsync(string key, string orderId, string trackingId, CancellationToken cancellation) =>
        host.CallAsync(carrier.Service, "cancels", key, () =>
        {
            host.World.MayRefuse(Participants.Shipping);
            return carrier.Cancel(orderId);
        }, cancellation);

    public Task<Answer> FindParcelAsync(string orderId, string trackingId, CancellationToken cancellation) =>
        host.CallAsync<Answer>(carrier.Service, "looks up the parcel of", orderId, () =>
        {
            host.World.MayRefuse(Participants.Shipping);
            return carrier.Of(orderId) is { PickedUp: true } ? new ParcelPickedUp() : new ParcelNotPickedUp();
        }, cancellation);
}

/// <summary>The channel to customers.</summary>
sealed class SimulatedNotifier(World world)
{
    readonly KeyMemory<Notified> keys = new(world);
    readonly Dictionary<string, long> told = [];

    public Service Service { get; } = new("notifier", Fault.NotifierBusy, Fault.NotifierAnswerLost, Fault.NotifierDown) { WayMax = world.KeyLifetime - world.LookUpLag };

    /// <summary>Whether the customer has received this notice.</summary>
    public bool HasTold(string orderId, string notice) => told.ContainsKey($"{orderId}/{notice}");

    public Notified Notify(string key, string orderId, Notify notice) => keys.Answer(key, () =>
    {
        var name = $"{orderId}/{notice.Notice}";
        // The channel has no look-up. Once it has forgotten its keys, a second notice is better than none.
        if (told.TryGetValue(name, out var before) && world.Scheduler.Elapsed - before < world.KeyLifetime.Ticks)
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
