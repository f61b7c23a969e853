using OrderFunctions.Saga;

namespace OrderFunctions.Kernel;

/// <summary>What each step for a message makes of the stream, pure.</summary>
/// <param name="before">The stream as it was loaded.</param>
readonly struct Transition(OrderStream before, ReceivedMessage message, Stamp stamp)
{
    /// <summary>What to save, what to publish, and what becomes of the message.</summary>
    public Ready By(Step step, IReadOnlyList<OrderEvent> decided)
    {
        var after = After(step, decided);
        return step switch
        {
            Run or Obey or Settle or RefuseToSettle => new(after, after.OutboxThrough(after.Entries.Count - 1), TurnResult.Handled),
            Ignore => new(after, after.OutboxThrough(after.Entries.Count - 1), TurnResult.NotHeard),
            PublishAgain first => new(after, after.OutboxThrough(first.Index), TurnResult.Duplicate),
            Park or StayParked => new(after, after.Pending, TurnResult.Parked(after.Parked[after.PlaceOf(message.Id)])),
            Wait or Hold => new(after, [], TurnResult.Waiting),
            _ => new(after, after.Pending, TurnResult.Waiting),
        };
    }

    OrderStream After(Step step, IReadOnlyList<OrderEvent> decided) => step switch
    {
        Run => Concluded(Unparked, decided),
        Obey => Obeyed((IKernelEvent)message.Event!),
        Hold => before with { Parked = before.Parked.SetItem(0, before.Parked[0] with { HeldSince = stamp.At }) },
        Settle => Settled((SettleRequested)message.Event!, decided),
        RefuseToSettle refusal => Refused((SettleRequested)message.Event!, refusal.Reason),

        // Recorded as well: a slow host of an earlier version, which does not know the message's type, must not park it after it is gone.
        Ignore => Concluded(Unparked, []),
        Park park => Marked(
            before.Parked.Count,
            new(message.Id, message.Type, park.Reason, Short(park.Description), stamp.At, park.Due, Sent: message.EnqueuedAt,
                Failed: park.Reason is ParkingReasons.Behind ? null : new(message.DeliveryCount, stamp.At, park.Status))),
        Adopt adopt => Marked(
            adopt.Place,
            new(message.Id, message.Type, ParkingReasons.DeadLettered, "The broker dead-lettered it.", stamp.At, stamp.At,
                Sent: message.EnqueuedAt)),
        FailAgain fail => FailedAgain(fail),
        _ => before,
    };

    /// <summary>A message that is handled may have been parked: even a control message, if it could not be read before.</summary>
    OrderStream Unparked => before.Unparked(message.Id);

    /// <summary>
    /// One for another participant is recorded as well: a consumer that still holds a copy, and cannot read it, must find that it was
    /// handled.
    /// </summary>
    OrderStream Obeyed(IKernelEvent control)
    {
        var stream = Unparked;
        var (changed, events) = control switch
        {
            OrderParked p => (stream, [new ParkingNoted(p.Participant, p.Sequence, p.MessageId, p.Reason, p.Description, p.Failed)]),
            OrderResumed r => (stream, [new ResumptionNoted(r.Participant, r.Sequence)]),
            ReplayRequested r when r.Participant == stamp.Participant && !stream.Parked.IsEmpty =>
                (stream with { Parked = stream.Parked.SetItem(0, stream.Parked[0] with { Due = stamp.At }) }, []),
            SettlementRefused s => (stream, [new SettlementRefusalNoted(s.Participant, s.MessageId, s.Reason)]),
            DiscardRequested d when d.Participant == stamp.Participant => (Discarded(stream, d.MessageId, d.By, d.Reason), []),
            _ => (stream, (IReadOnlyList<OrderEvent>)[]),
        };
        return Concluded(changed, events);
    }

    OrderStream Settled(SettleRequested request, IReadOnlyList<OrderEvent> decided) =>
        Concluded(Discarded(Unparked, request.MessageId, request.By, request.Reason), decided);

    OrderStream Refused(SettleRequested request, string reason)
    {
        // It need not be the head any more: what the broker dead-lettered may have taken its place before it.
        var stream = Unparked;
        if (stream.PlaceOf(request.MessageId) is var place and >= 0)
            stream = stream with { Parked = stream.Parked.SetItem(place, stream.Parked[place] with { HeldSince = null }) };
        return Concluded(stream, [new SettlementRefused(stamp.Participant, request.MessageId, Short(reason))]);
    }

    OrderStream Discarded(OrderStream stream, string messageId, string by, string reason)
    {
        var place = stream.PlaceOf(messageId);
        if (place < 0)
            return stream;
        var events = stream.Numbered([new MessageDiscarded(messageId, by, reason)], stamp);
        var entry = new Entry(messageId, stream.Parked[place].Type, Via.Discard, stamp.At, events, Cause: message.Id);
        return stream.With(entry) with { Parked = stream.Parked.RemoveAt(place) };
    }

    /// <summary>Records what the message led to, and that the order is resumed if that emptied the line.</summary>
    OrderStream Concluded(OrderStream changed, IReadOnlyList<OrderEvent> events)
    {
        if (!before.Parked.IsEmpty && changed.Parked.IsEmpty)
            events = [.. events, new OrderResumed(stamp.Participant, changed.Sequence + events.Count + 1)];

        // The next head failed while it passed the one before: Orders hears why it waits now.
        else if (changed.Parked is [{ Failed: not null } next, ..] && next.Id != before.Parked[0].Id)
            events = [.. events, next.Report(stamp.Participant, changed.Sequence + events.Count + 1)];
        return Recorded(changed, Via.Bus, events);
    }

    /// <summary>Puts the message into the line, and records that the order is parked if the line was empty.</summary>
    OrderStream Marked(int place, ParkedMessage parked)
    {
        var stream = before with { Parked = before.Parked.Insert(place, parked) };
        return before.Parked.IsEmpty ? Reported(stream) : stream;
    }

    /// <summary>Orders hears why the head failed this time, so that operators see more than its first failure.</summary>
    OrderStream FailedAgain(FailAgain fail)
    {
        var tried = before.Parked[fail.Place];
        var stream = before with
        {
            Parked = before.Parked.SetItem(fail.Place, tried with
            {
                Reason = fail.Reason,
                Description = Short(fail.Description),
                Due = fail.Due,
                Attempts = tried.Attempts + 1,
                Failed = new((tried.Failed?.Attempt ?? tried.Attempts) + 1, stamp.At, fail.Status),
            }),
        };
        return fail.Place == 0 ? Reported(stream) : stream;
    }

    OrderStream Reported(OrderStream stream) =>
        Recorded(stream, Via.Parking, [stream.Parked[0].Report(stamp.Participant, stream.Sequence + 1)]);

    OrderStream Recorded(OrderStream stream, Via via, IReadOnlyList<OrderEvent> events) => stream.With(new(
        message.Id, message.Type, via, stamp.At, stream.Numbered(events, stamp), message.CausationId, message.EnqueuedAt,
        stamp.Trace ?? message.TraceParent, message.DeliveryCount));

    /// <summary>A bus limits the length of descriptions, and an exception's message may have any length.</summary>
    static string Short(string description) => description.Length <= 500 ? description : description[..500];
}
