using OrderFunctions.Saga;

namespace OrderFunctions.Kernel;

/// <summary>
/// The message rules, pure and total. A message that cannot be handled is parked, and all later messages of its order are parked behind it,
/// so that nothing overtakes it. <see cref="OrderStream.Parked"/> is the line; the dead-letter queue only stores its messages. All cells as
/// a table: tests/Kernel.Tests/Approved/Decisions.Kernel.txt.
/// </summary>
public static class Line
{
    /// <summary>The next step for a message that has not been tried yet.</summary>
    /// <param name="participant">Whose stream it is.</param>
    public static Step Next(
        OrderStream stream, ReceivedMessage message, Lane lane, string participant, TurnOptions limits, DateTimeOffset now)
    {
        if (stream.IndexOf(message.Id) is var index and >= 0)
            return new PublishAgain(index);
        if (message.Hearing is Hearing.NotHeard)
            return Ignore.It;
        if (message.Event is SettleRequested request && request.Participant == participant)
            return Settling(stream, request, asked: message.RecordedAt ?? message.EnqueuedAt);
        if (message.Event is IKernelEvent)
            return Obey.It;

        return (lane, Place: stream.PlaceOf(message.Id)) switch
        {
            (Lane.Subscription, < 0) when MayPass(stream, message, stream.Parked.Count) && !IsTooOften(message, limits) => Run.Again,
            (Lane.Subscription, < 0) when stream.Parked is [var head, ..] =>
                new Park(ParkingReasons.Behind, $"{head.Id} is parked before it.", now),
            (Lane.Subscription, < 0) when IsTooOften(message, limits) =>
                new Park(ParkingReasons.DeliveredTooOften, NoResult(message), now + limits.ReplayPause(0)),
            (Lane.Subscription, < 0) when Obstacle(stream, message) is { } why =>
                new Park(why.Reason, why.Description, DueAfter(why.Reason, 0, limits, now)),
            (Lane.Subscription, < 0) => message.IsFirst ? Run.First : Run.Again,

            // Parked, but not yet moved to the dead-letter queue. The head of the line may run from here.
            (Lane.Subscription, 0) when stream.Parked[0].HeldSince is not null => new StayParked(0),
            (Lane.Subscription, 0) when IsTooOften(message, limits) || Obstacle(stream, message) is not null => new StayParked(0),
            (Lane.Subscription, 0) => Run.Again,
            (Lane.Subscription, var place) => new StayParked(place),

            (_, < 0) => new Adopt(stream.PlaceFor(message)),
            (_, > 0 and var place) when MayPass(stream, message, place) && stream.Parked[place].Due <= now => Run.Again,
            (_, > 0) => new Wait(IsHead: false),
            (_, 0) when stream.Parked[0].HeldSince is not null || !(stream.Parked[0].Due <= now) => new Wait(IsHead: true),
            (_, 0) when Obstacle(stream, message) is { } why =>
                new FailAgain(0, why.Reason, why.Description, DueAfter(why.Reason, stream.Parked[0].Attempts + 1, limits, now)),
            _ => Run.Again,
        };
    }

    /// <summary>The next step after <see cref="Run"/> has failed; null where the message is to be given back and delivered again.</summary>
    /// <param name="description">For operators; shortened before it is kept.</param>
    /// <param name="status">The HTTP status with which the outside answered; null where it did not.</param>
    public static Step? AfterFailure(
        OrderStream stream, ReceivedMessage message, Lane lane,
        Failure failure, string description, int? status, TurnOptions limits, DateTimeOffset now)
    {
        var place = stream.PlaceOf(message.Id);
        return (lane, place, failure) switch
        {
            (Lane.Subscription, _, Failure.Transient) when message.DeliveryCount < limits.DeliveriesMax => null,
            (Lane.Subscription, >= 0, _) => new StayParked(place),
            (Lane.Subscription, _, _) => new Park(ReasonOf(failure), description, DueAfter(failure, 0, limits, now), status),
            _ => new FailAgain(
                place, ReasonOf(failure), description, DueAfter(failure, stream.Parked[place].Attempts + 1, limits, now), status),
        };
    }

    /// <summary>
    /// Nothing may overtake: what is in the line is settled at its head only. What the outside was asked to do after the operator spoke,
    /// nobody has undone by hand yet.
    /// </summary>
    static Step Settling(OrderStream stream, SettleRequested request, DateTimeOffset asked)
    {
        var type = request.Step()?.GetType().Name;
        return stream.PlaceOf(request.MessageId) switch
        {
            <= 0 when stream.Entries.Exists(entry => entry.Events.Any(e => e.Event is Intent) && IsNews(entry)) =>
                new RefuseToSettle("The order went on here after that was asked: see what is to be undone now, then ask again."),
            0 when stream.Parked[0].Type == type => stream.Parked[0].HeldSince is null ? Hold.It : Settle.It,
            < 0 when stream.Entries.Exists(e => e.On == request.MessageId && e.Via is Via.Discard && e.Type == type) => Settle.It,
            > 0 => new RefuseToSettle("Other messages are parked before it."),
            _ => new RefuseToSettle($"No {type ?? "undoing step"} with that id is parked or was discarded here."),
        };

        // By number, because the clocks of two hosts differ. Scheduled events are a participant's own: Orders hears none.
        bool IsNews(Entry entry) => request.Known is { } known
            ? entry.Events.FirstOrDefault(e => e.Event is PublicEvent and not IScheduled) is { } first
                && MessageId.SequenceOf(first.Id) > known
            : entry.At > asked;
    }

    static string ReasonOf(Failure failure) => failure switch
    {
        Failure.Transient => ParkingReasons.Transient,
        Failure.Pending => ParkingReasons.Pending,
        Failure.Unusable => ParkingReasons.Unusable,
        _ => ParkingReasons.Failed,
    };

    /// <summary>When a message that failed is to be tried again; null where that waits for an operator.</summary>
    static DateTimeOffset? DueAfter(Failure failure, int attempts, TurnOptions limits, DateTimeOffset now) => failure switch
    {
        Failure.Fault => null,
        _ => now + limits.ReplayPause(attempts),
    };

    static DateTimeOffset? DueAfter(string obstacle, int attempts, TurnOptions limits, DateTimeOffset now) =>
        obstacle is ParkingReasons.UnknownType ? now + limits.ReplayPause(attempts) : null;

    /// <summary>
    /// Whether the message does not wait at its place in the line. What comes from outside passes any line. What calls the order off passes
    /// a head that waits for its provider: it may be what ends that step.
    /// </summary>
    static bool MayPass(OrderStream stream, ReceivedMessage message, int place) => place > 0 && Obstacle(stream, message) is null
        && (message.Event is IFromOutside
            || (message.Event is ICallsOff && place == 1
                && stream.Parked[0] is { HeldSince: null, Reason: ParkingReasons.Pending or ParkingReasons.Unusable }));

    static bool IsTooOften(ReceivedMessage message, TurnOptions limits) => message.DeliveryCount > limits.DeliveriesMax;

    /// <summary>A delivery that fails with an error is parked with that error, at the latest when it is the last one allowed.</summary>
    static string NoResult(ReceivedMessage message) =>
        $"Delivered {message.DeliveryCount} times. The deliveries before had no result: their process stopped.";

    /// <summary>Why the message cannot be tried; null where it can.</summary>
    static (string Reason, string Description)? Obstacle(OrderStream stream, ReceivedMessage message) =>
        message.Hearing is Hearing.Unknown ? (ParkingReasons.UnknownType, $"This version does not know {message.Type}.")
        : message.Event is null ? (ParkingReasons.Unreadable, message.Unreadable ?? "The body could not be read.")
        : stream.Size > OrderStream.SizeMax ? (ParkingReasons.StreamTooLarge, $"The stream has {stream.Size} bytes.")
        : null;
}
