namespace OrderFunctions.Kernel;

/// <summary>Where a message comes from.</summary>
public enum Lane
{
    /// <summary>The subscription delivers it.</summary>
    Subscription,

    /// <summary>It is replayed from the dead-letter queue.</summary>
    DeadLetters,
}

/// <summary>The next step for one message of one order: chosen by <see cref="Line"/>, carried out by Runtime.Participant.</summary>
public abstract record Step;

/// <summary>Handle it: decide, and perform the intents that the decision needs.</summary>
/// <param name="Repeated">An earlier attempt may have performed them already.</param>
public sealed record Run(bool Repeated) : Step
{
    public static readonly Run First = new(Repeated: false);
    public static readonly Run Again = new(Repeated: true);
}

/// <summary>Do what a control message says. It does not wait behind parked messages, because it is what ends parking.</summary>
public sealed record Obey : Step
{
    public static readonly Obey It = new();
}

/// <summary>
/// An operator settles the head of the line by hand: first hold it, so that no replay tries it from now on, then choose again.
/// </summary>
public sealed record Hold : Step
{
    public static readonly Hold It = new();
}

/// <summary>
/// Decide on the step that the operator settles, where the outside is asked only what it has done, and drop its message from the line.
/// </summary>
public sealed record Settle : Step
{
    public static readonly Settle It = new();
}

/// <summary>Nothing can be settled: release the head of the line, and say why.</summary>
public sealed record RefuseToSettle(string Reason) : Step;

/// <summary>It is not for this participant. If an earlier version parked it, it leaves the line.</summary>
public sealed record Ignore : Step
{
    public static readonly Ignore It = new();
}

/// <summary>It was handled before, but its events may be unpublished: publish them again.</summary>
/// <param name="Index">Of its entry.</param>
public sealed record PublishAgain(int Index) : Step;

/// <summary>Put it at the end of the order's line, then dead-letter it.</summary>
/// <param name="Reason">One of <see cref="ParkingReasons"/>.</param>
/// <param name="Due">When it is to be tried again; null where that waits for an operator.</param>
/// <param name="Status">The HTTP status with which the outside answered; null where it did not.</param>
public sealed record Park(string Reason, string Description, DateTimeOffset? Due, int? Status = null) : Step;

/// <summary>It is in the line already: dead-letter it again.</summary>
public sealed record StayParked(int Place) : Step;

/// <summary>The broker dead-lettered it, not the kernel: give it the place in the line that it would have had.</summary>
public sealed record Adopt(int Place) : Step;

/// <summary>A replay failed: the message keeps its place in the line, with this reason and due time.</summary>
public sealed record FailAgain(int Place, string Reason, string Description, DateTimeOffset? Due, int? Status = null) : Step;

/// <summary>It is not its turn yet: leave it in the dead-letter queue.</summary>
/// <param name="IsHead">
/// It is the head of the line and not due. A crash may have left unpublished that the order is parked, so pending events are published now.
/// </param>
public sealed record Wait(bool IsHead) : Step;

/// <summary>The result of a step, in the order in which it is carried out.</summary>
/// <param name="Stream">To be saved, unless it is the instance that was loaded: then the step has changed nothing.</param>
/// <param name="Messages">To be published once the stream is saved.</param>
/// <param name="Result">What becomes of the message once they are published.</param>
public readonly record struct Ready(OrderStream Stream, IReadOnlyList<OutboundMessage> Messages, TurnResult Result);

/// <summary>How handling a message failed.</summary>
public enum Failure
{
    /// <summary>Something outside was busy, unavailable or silent.</summary>
    Transient,

    /// <summary>A provider has answered that it has not decided yet.</summary>
    Pending,

    /// <summary>A provider's answer cannot be acted on until somebody has mended something, here or there.</summary>
    Unusable,

    /// <summary>Anything else: only a person can decide what to do.</summary>
    Fault,
}

/// <summary>Why a message was parked.</summary>
public static class ParkingReasons
{
    /// <summary>An earlier message of the order is parked.</summary>
    public const string Behind = "ParkedBehind";

    /// <summary>Delivered more often than the kernel allows, each time without a result. Becomes due by itself.</summary>
    public const string DeliveredTooOften = "DeliveredTooOften";

    /// <summary>Something outside was unavailable at the last delivery allowed, or during a replay. Becomes due by itself.</summary>
    public const string Transient = "Transient";

    /// <summary>A provider has not decided yet; it is asked again, and nothing is sent anew. Becomes due by itself.</summary>
    public const string Pending = "PendingAtProvider";

    /// <summary>
    /// A provider refuses the request itself, or its answer cannot be read. Becomes due by itself, so that it goes on once that is mended.
    /// </summary>
    public const string Unusable = "UnusableAnswer";

    /// <summary>The broker dead-lettered it, not the kernel. Becomes due by itself.</summary>
    public const string DeadLettered = "DeadLetteredByBroker";

    /// <summary>This version does not know its type. Becomes due by itself, so that a rolling update mends it.</summary>
    public const string UnknownType = "UnknownType";

    /// <summary>Its body could not be read. Waits for an operator.</summary>
    public const string Unreadable = "Unreadable";

    /// <summary>Handling it failed with an error that is not transient. Waits for an operator.</summary>
    public const string Failed = "HandlerFailed";

    /// <summary>The stream is too large to grow. Waits for an operator.</summary>
    public const string StreamTooLarge = "StreamTooLarge";
}

/// <summary>What became of a message, and so how its consumer settles it.</summary>
/// <param name="Reason">Of a parked message: one of <see cref="ParkingReasons"/>.</param>
public readonly record struct TurnResult(TurnOutcome Outcome, string Reason = "", string Description = "")
{
    public static readonly TurnResult Handled = new(TurnOutcome.Handled);
    public static readonly TurnResult Duplicate = new(TurnOutcome.Duplicate);
    public static readonly TurnResult NotHeard = new(TurnOutcome.NotHeard);
    public static readonly TurnResult Waiting = new(TurnOutcome.Waiting);
    public static TurnResult Parked(ParkedMessage parked) => new(TurnOutcome.Parked, parked.Reason, parked.Description);
}

public enum TurnOutcome
{
    /// <summary>Saved and published: complete it.</summary>
    Handled,

    /// <summary>Saved before, and now certainly published: complete it.</summary>
    Duplicate,

    /// <summary>Not for this participant: complete it.</summary>
    NotHeard,

    /// <summary>In the order's line: dead-letter it.</summary>
    Parked,

    /// <summary>Not its turn yet: leave it in the dead-letter queue.</summary>
    Waiting,
}

/// <summary>Who changes a stream, when, and in which trace.</summary>
/// <param name="Trace">W3C trace context of the turn; null where nothing is traced.</param>
public readonly record struct Stamp(string Participant, DateTimeOffset At, string? Trace);
