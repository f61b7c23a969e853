using Microsoft.Azure.Amqp;
using Microsoft.Azure.Amqp.Encoding;
using Microsoft.Azure.Amqp.Framing;
using OrderFunctions.ServiceBusBroker.Entities;

namespace OrderFunctions.ServiceBusBroker.Wire;

/// <summary>
/// A client's receiver. It delivers as long as there is credit, with the lock token as the delivery tag, and answers each settlement.
/// </summary>
sealed class DeliveryLink
{
    static readonly AmqpSymbol SessionFilter = "com.microsoft:session-filter";
    static readonly AmqpSymbol DeadLetterError = "com.microsoft:dead-letter";
    static readonly AmqpSymbol LockedUntil = "com.microsoft:locked-until-utc";

    readonly Broker broker;
    readonly SendingAmqpLink link;
    readonly Subscription subscription;
    IDeliverySource? source;

    DeliveryLink(Broker broker, SendingAmqpLink link, Subscription subscription)
    {
        this.broker = broker;
        this.link = link;
        this.subscription = subscription;
        link.RegisterCreditListener((_, _, _) => broker.Post(Deliver));
        link.RegisterDispositionListener(delivery =>
        {
            var (state, isSettled) = (delivery.State, delivery.Settled);
            broker.Post(() => Settle(delivery, state, isSettled));
        });
        link.SafeAddClosed((_, _) => broker.Post(() => source?.End(isLost: IsLost(link.Session.Connection))));
    }

    static bool IsLost(AmqpConnection connection) => connection.State is AmqpObjectState.End or AmqpObjectState.Faulted;

    string? SessionId => (source as SessionHold)?.SessionId;

    public static async Task OpenDeadLettersAsync(Broker broker, SendingAmqpLink link, Subscription subscription)
    {
        if (Filters(link).Any())
            throw BrokerException.Unknown($"filters on a dead-letter queue: {string.Join(", ", Filters(link))}");
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var delivery = new DeliveryLink(broker, link, subscription);
        broker.Post(() =>
        {
            delivery.source = subscription.DeadLetters.Read(delivery.Deliver);
            opened.SetResult();
        });
        await opened.Task;
    }

    /// <summary>Waits for a session. The client learns its id from the filter that the answer repeats.</summary>
    public static async Task OpenSessionAsync(Broker broker, SendingAmqpLink link, Subscription subscription)
    {
        if (Filters(link).ToList() is not [var filter] || !filter.Equals(SessionFilter))
            throw new BrokerException(AmqpErrorCode.NotAllowed,
                "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.");
        var filters = ((Source)link.Settings.Source).FilterSet;
        var delivery = new DeliveryLink(broker, link, subscription);
        var granted = new TaskCompletionSource<SessionHold>(TaskCreationOptions.RunContinuationsAsynchronously);
        var request = new SessionRequest(
            filters[SessionFilter] as string, hold => delivery.Granted(hold, granted), lost => delivery.Changed(lost));
        var call = new BrokerCall(0, "accept", subscription.Name, request.SessionId, []);
        broker.Post(() => broker.Perform(link, call, () => subscription.Accept(request), refusal => Refuse(refusal, granted)));
        using var end = new CancellationTokenSource();
        link.SafeAddClosed((_, _) => broker.Post(() => GiveUp(subscription, request, granted, "The link is closed.")));
        if (link.Settings.Properties is { } properties && properties.TryGetValue<uint>(Conditions.Timeout, out var milliseconds))
        {
            _ = Task.Delay(TimeSpan.FromMilliseconds(milliseconds), end.Token).ContinueWith(
                _ => broker.Post(() => GiveUp(subscription, request, granted, "No session became free in time.")),
                TaskContinuationOptions.OnlyOnRanToCompletion);
        }
        var hold = await granted.Task;
        await end.CancelAsync();
        filters[SessionFilter] = hold.SessionId;
        link.Settings.Properties ??= [];
        link.Settings.Properties[LockedUntil] = hold.Until.UtcTicks;
    }

    static void GiveUp(Subscription subscription, SessionRequest request, TaskCompletionSource<SessionHold> granted, string why)
    {
        subscription.GiveUp(request);
        granted.TrySetException(new BrokerException(Conditions.Timeout, why));
    }

    static void Refuse(BrokerException? refusal, TaskCompletionSource<SessionHold> granted)
    {
        if (refusal is not null)
            granted.TrySetException(refusal);
    }

    static IEnumerable<AmqpSymbol> Filters(SendingAmqpLink link) =>
        ((Source)link.Settings.Source).FilterSet?.Select(pair => (AmqpSymbol)pair.Key.Key) ?? [];

    void Granted(SessionHold hold, TaskCompletionSource<SessionHold> granted)
    {
        source = hold;
        if (!granted.TrySetResult(hold))
            hold.End(isLost: false);
    }

    void Changed(BrokerException? lost)
    {
        if (lost is null)
            Deliver();
        else
            link.SafeClose(lost.ToAmqp());
    }

    void Deliver()
    {
        while (link.State is AmqpObjectState.Opened && link.LinkCredit > 0 && source?.Next() is { } next)
        {
            var message = next.Message.Write(next);
            message.DeliveryTag = next.LockToken!.Value.ToByteArray();
            if (link.TrySendDelivery(message))
                continue;
            next.Unlock();
            return;
        }
    }

    /// <param name="isSettled">
    /// The client needs no answer, because it returns a message that nobody there waits for. The state is ignored then: the library may
    /// have set it to accepted, as it does for any delivery that is settled by the time it is sent.
    /// </param>
    void Settle(Delivery delivery, DeliveryState state, bool isSettled)
    {
        try
        {
            var token = new Guid(delivery.DeliveryTag);
            var settlement = isSettled ? new Settlement.Release() : SettlementOf(state);
            IReadOnlyList<BrokerMessage> messages = source!.Held(token) is { } held ? [held.Message] : [];
            if (isSettled && messages.Count == 0)
                return;
            var call = new BrokerCall(0, settlement.Operation, subscription.Name, SessionId, messages);
            broker.Perform(link, call, () => source.Settle(token, settlement), refusal =>
            {
                if (!isSettled)
                    Answer(delivery, refusal);
            });
        }
        catch (Exception e)
        {
            Answer(delivery, broker.Report(e));
        }
    }

    void Answer(Delivery delivery, BrokerException? refusal)
    {
        Outcome outcome = refusal is null ? AmqpConstants.AcceptedOutcome : new Rejected { Error = refusal.Error };
        link.DisposeDelivery(delivery, settled: true, outcome);
    }

    static Settlement SettlementOf(DeliveryState state) => state switch
    {
        Accepted => new Settlement.Complete(),
        Modified { UndeliverableHere: not true, MessageAnnotations: null } => new Settlement.Abandon(),
        Rejected { Error: null } => new Settlement.DeadLetter(null, null),
        Rejected { Error: { } error } when error.Condition.Equals(DeadLetterError) && error.Info.All(IsOfDeadLetter) =>
            new Settlement.DeadLetter(error.Info["DeadLetterReason"] as string, error.Info["DeadLetterErrorDescription"] as string),
        _ => throw BrokerException.Unknown($"the outcome {state}"),
    };

    static bool IsOfDeadLetter(KeyValuePair<MapKey, object> pair) =>
        pair.Key.ToString() is "DeadLetterReason" or "DeadLetterErrorDescription";
}
