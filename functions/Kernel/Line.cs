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
    public static Step Next(OrderStream stream, ReceivedMessage message, Lane lane, TurnOptions limits, DateTimeOffset now)
    {
        if (stream.IndexOf(message.Id) is var index and >= 0)
            return new PublishAgain(index);
        if (message.Event is IKernelEvent)
            return Obey.It;

        return (lane, Place: stream.PlaceOf(message.Id)) switch
        {
            (Lane.Subscription, < 0) when stream.Parked is [var head, ..] =>
                new Park(ParkingReasons.Behind, $"{head.Id} is parked before it.", now),
            (Lane.Subscription, < 0) when IsTooOften(message, limits) =>
                new Park(ParkingReasons.DeliveredTooOften, $"Delivered {message.DeliveryCount} times.", now + limits.ReplayPause(0)),
            (Lane.Subscription, < 0) when Obstacle(stream, message) is { } why => new Park(why.Reason, why.Description, Due: null),
            (Lane.Subscription, < 0) => message.IsFirst ? Run.First : Run.Again,

            // Parked, but not yet moved to the dead-letter queue. The head of the line may run from here.
            (Lane.Subscription, 0) when IsTooOften(message, limits) || Obstacle(stream, message) is not null => new StayParked(0),
            (Lane.Subscription, 0) => Run.Again,
            (Lane.Subscription, var place) => new StayParked(place),

            (_, < 0) => new Adopt(stream.PlaceFor(message)),
            (_, > 0) => new Wait(IsHead: false),
            (_, 0) when !(stream.Parked[0].Due <= now) => new Wait(IsHead: true),
            (_, 0) when Obstacle(stream, message) is { } why => new FailAgain(why.Reason, why.Description, Due: null),
            _ => Run.Again,
        };
    }

    /// <summary>The next step after <see cref="Run"/> has failed; null where the message is to be given back and delivered again.</summary>
    /// <param name="isTransient">The outside was busy, unavailable or silent, so that trying again makes sense.</param>
    public static Step? AfterFailure(
        OrderStream stream, ReceivedMessage message, Lane lane,
        bool isTransient, string description, TurnOptions limits, DateTimeOffset now) =>
        (lane, isTransient) switch
        {
            (Lane.Subscription, true) => null,
            (Lane.Subscription, false) when stream.IsParked(message.Id) => new StayParked(0),
            (Lane.Subscription, false) => new Park(ParkingReasons.Failed, description, Due: null),
            (_, true) => new FailAgain(ParkingReasons.Transient, description, now + limits.ReplayPause(stream.Parked[0].Attempts + 1)),
            (_, false) => new FailAgain(ParkingReasons.Failed, description, Due: null),
        };

    static bool IsTooOften(ReceivedMessage message, TurnOptions limits) => message.DeliveryCount > limits.DeliveriesMax;

    /// <summary>Why the message cannot be tried; null where it can.</summary>
    static (string Reason, string Description)? Obstacle(OrderStream stream, ReceivedMessage message) =>
        message.Event is null ? (ParkingReasons.Unreadable, message.Unreadable ?? "The body could not be read.")
        : stream.Size > OrderStream.SizeMax ? (ParkingReasons.StreamTooLarge, $"The stream has {stream.Size} bytes.")
        : null;
}
