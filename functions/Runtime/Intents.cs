using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

/// <summary>One intent to be performed.</summary>
/// <param name="Repeated">
/// An earlier attempt may have performed it already, perhaps so long ago that the provider has forgotten the key. So the provider is first
/// asked what it did for the order.
/// </param>
/// <param name="LookUp">
/// Nothing is to be done now: the outside is only asked what it has done, and answers <see cref="NothingDone"/> if that is nothing.
/// </param>
public sealed record IntentCall(string OrderId, Intent Intent, bool Repeated, bool LookUp = false)
{
    /// <summary>
    /// The order, the intent's name and, where one order may need several, its subject. Deliberately no sequence number: a turn that is
    /// decided again after a conflict or a crash must use the same key.
    /// </summary>
    public string Key => Intent.Subject() is { } subject
        ? $"{OrderId}/{Intent.GetType().Name}/{subject}"
        : $"{OrderId}/{Intent.GetType().Name}";
}

/// <summary>Performs a participant's intents on its port.</summary>
/// <exception cref="TransientException">The outcome is unknown.</exception>
public delegate Task<Answer> Perform(IntentCall call, CancellationToken cancellation);

/// <summary>Which port each intent is performed on.</summary>
public static class Intents
{
    public static Perform On(IStock stock) => async (call, cancellation) => call.Intent switch
    {
        ReserveStock order => await stock.ReserveAsync(call.OrderId, order.Warehouse, order.Lines, cancellation),
        ReleaseStock order => await stock.ReleaseAsync(call.OrderId, order.Warehouse, cancellation),
        ConsumeStock order => await stock.ConsumeAsync(call.OrderId, order.Warehouse, cancellation),
        _ => throw NotOn(nameof(IStock), call),
    };

    /// <param name="time">For the age of a look-up, and the wait where it lags; the system's where it is null.</param>
    public static Perform On(ICardProvider cards, TimeProvider? time = null) => async (call, cancellation) => call.Intent switch
    {
        ChargeCard charge =>
            (call.Repeated ? await FreshlyAsync(() => cards.FindChargeAsync(call.OrderId, cancellation), time) : null)
            ?? await cards.ChargeAsync(call.Key, call.OrderId, charge.Amount, charge.CardToken, cancellation),
        FindCharge => await SurelyAsync(
            () => cards.EndChargeAsync(call.Key, call.OrderId, cancellation), cards.LookUpLag, time, cancellation) ?? new NothingCharged(),
        RefundCard refund when call.LookUp => await RefundFoundAsync(cards, call.OrderId, refund, time, cancellation),
        RefundCard refund =>
            (call.Repeated
                ? await FreshlyAsync(() => cards.FindRefundAsync(call.OrderId, refund.ChargeId, refund.Amount, cancellation), time)
                : null)
            ?? await cards.RefundAsync(call.Key, call.OrderId, refund.ChargeId, refund.Amount, cancellation),
        _ => throw NotOn(nameof(ICardProvider), call),
    };

    /// <summary>A refund that has failed gave nothing back: what a person did by hand counts.</summary>
    static async Task<Answer> RefundFoundAsync(
        ICardProvider cards, string orderId, RefundCard refund, TimeProvider? time, CancellationToken cancellation)
    {
        try
        {
            return (Answer?)await SurelyAsync(
                () => cards.FindRefundAsync(orderId, refund.ChargeId, refund.Amount, cancellation), cards.LookUpLag, time, cancellation)
                ?? new NothingDone();
        }
        catch (ProviderException e) when (e.Failure is Kernel.Failure.Fault)
        {
            return new NothingDone();
        }
    }

    /// <summary>
    /// An answer older than this is asked for again: a process that was suspended meanwhile, for longer than the provider remembers keys,
    /// would otherwise charge a second time where the look-up lagged.
    /// </summary>
    static readonly TimeSpan AnswerAgeMax = TimeSpan.FromMinutes(5);

    /// <summary>What the provider has done before, for a call that follows at once if that is nothing.</summary>
    static async Task<T?> FreshlyAsync<T>(Func<Task<T?>> find, TimeProvider? time)
        where T : class
    {
        time ??= TimeProvider.System;
        while (true)
        {
            var asked = time.GetTimestamp();
            if (await find() is { } found)
                return found;
            if (time.GetElapsedTime(asked) <= AnswerAgeMax)
                return null;
        }
    }

    /// <summary>
    /// Nothing is believed only once a look-up must show all that was done before. Where it leads to a call with the same key, that is not
    /// needed: the provider then answers as it did before.
    /// </summary>
    static async Task<T?> SurelyAsync<T>(Func<Task<T?>> find, TimeSpan lag, TimeProvider? time, CancellationToken cancellation)
        where T : class
    {
        if (await find() is { } found)
            return found;
        if (lag == TimeSpan.Zero)
            return null;
        await Task.Delay(lag, time ?? TimeProvider.System, cancellation);
        return await find();
    }

    /// <inheritdoc cref="On(ICardProvider, TimeProvider?)"/>
    public static Perform On(ICarrier carrier, TimeProvider? time = null) => async (call, cancellation) => call.Intent switch
    {
        BookCarrier order =>
            (call.Repeated ? await FreshlyAsync(() => carrier.FindBookingAsync(call.OrderId, cancellation), time) : null)
            ?? await carrier.BookAsync(call.Key, call.OrderId, order.ShipTo, cancellation),
        FindBooking => await BookingFoundAsync(carrier, call.OrderId, time, cancellation) ?? new NothingBooked(),
        CancelCarrier order when call.LookUp => await CancellationFoundAsync(carrier, call.OrderId, order, time, cancellation),
        FindParcel parcel => await carrier.FindParcelAsync(call.OrderId, parcel.TrackingId, cancellation),
        CancelCarrier order => await carrier.CancelAsync(call.Key, call.OrderId, order.TrackingId, cancellation),
        _ => throw NotOn(nameof(ICarrier), call),
    };

    static Task<Answer?> BookingFoundAsync(ICarrier carrier, string orderId, TimeProvider? time, CancellationToken cancellation) =>
        SurelyAsync(() => carrier.FindBookingAsync(orderId, cancellation), carrier.LookUpLag, time, cancellation);

    /// <summary>A parcel that has left was cancelled by nobody, whatever a person says.</summary>
    static async Task<Answer> CancellationFoundAsync(
        ICarrier carrier, string orderId, CancelCarrier order, TimeProvider? time, CancellationToken cancellation) =>
        await BookingFoundAsync(carrier, orderId, time, cancellation) is not CarrierBooked ? new CarrierCancelled()
            : await carrier.FindParcelAsync(orderId, order.TrackingId, cancellation) is ParcelPickedUp ? new CarrierTooLate()
            : new NothingDone();

    public static Perform On(INotifier notifier) => async (call, cancellation) => call.Intent switch
    {
        Notify notice => await notifier.NotifyAsync(call.Key, call.OrderId, notice, cancellation),
        _ => throw NotOn(nameof(INotifier), call),
    };

    /// <summary>What a person has done by hand is not performed: the outside is only asked whether it has done it too.</summary>
    /// <param name="done">Called where it has; its answer then counts.</param>
    public static Perform ByHand(Perform perform, Action done) => async (call, cancellation) =>
    {
        if (call.Intent.ByHand() is not { } byHand)
            return await perform(call, cancellation);
        var found = await perform(call with { LookUp = true }, cancellation);
        if (found is NothingDone)
            return byHand;
        done();
        return found;
    };

    /// <summary>For a participant that has no intents.</summary>
    public static readonly Perform Nothing = (call, _) => throw NotOn("a port", call);

    static InvalidOperationException NotOn(string port, IntentCall call) =>
        new($"{call.Intent.GetType().Name} is not performed on {port}.");
}
