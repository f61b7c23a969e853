namespace OrderFunctions.Kernel;

/// <summary>Where a message comes from.</summary>
public enum Lane
{
    /// <summary>The subscription delivers it.</summary>
    Subscription,

    /// <summary>It is tried again where it lies, in the dead-letter queue.</summary>
    DeadLetters,
}

/// <summary>What is next for one message at one order's stream: decided by <see cref="Line"/>, carried out by Runtime.Participant.</summary>
public abstract record Step;

/// <summary>Handle it: decide, and ask the outside what the decision needs.</summary>
/// <param name="Repeated">An earlier attempt may have asked the outside already.</param>
public sealed record Run(bool Repeated) : Step
{
    public static readonly Run First = new(Repeated: false);
    public static readonly Run Again = new(Repeated: true);
}

/// <summary>Do what a control message says. It is obeyed in spite of parking: it is what ends it.</summary>
public sealed record Obey : Step
{
    public static readonly Obey It = new();
}

/// <summary>It was handled before, but perhaps not published: publish what it led to once more.</summary>
/// <param name="Index">Of its entry.</param>
public sealed record PublishAgain(int Index) : Step;

/// <summary>Put it at the end of the order's line, then dead-letter it.</summary>
/// <param name="Reason">One of <see cref="ParkingReasons"/>.</param>
/// <param name="Due">When it is to be tried again; null where that waits for an operator.</param>
public sealed record Park(string Reason, string Description, DateTimeOffset? Due) : Step;

/// <summary>It stands in the line already: dead-letter it once more.</summary>
public sealed record StayParked(int Place) : Step;

/// <summary>The broker dead-lettered it, not the kernel: give it the place in the line that it would have had.</summary>
public sealed record Adopt(int Place) : Step;

/// <summary>The head of the line was tried again in vain: it stays the head, for this reason and until then.</summary>
public sealed record FailAgain(string Reason, string Description, DateTimeOffset? Due) : Step;

/// <summary>It is not its turn yet: leave it in the dead-letter queue.</summary>
/// <param name="IsHead">
/// It is the head of the line and not due. Whoever parked it may have died before it was published that the order is parked: that is made up for.
/// </param>
public sealed record Wait(bool IsHead) : Step;

/// <summary>What a step leads to, in the order in which it is to be done.</summary>
/// <param name="Stream">To be saved, unless it is the instance that was loaded: then the step has changed nothing.</param>
/// <param name="Messages">To be published once the stream is saved.</param>
/// <param name="Result">What becomes of the message once they are published.</param>
public readonly record struct Ready(OrderStream Stream, IReadOnlyList<OutboundMessage> Messages, TurnResult Result);

/// <summary>Why a message was parked.</summary>
public static class ParkingReasons
{
    /// <summary>An earlier message of the order is parked.</summary>
    public const string Behind = "ParkedBehind";

    /// <summary>Delivered more often than the kernel allows, each time without an end. Comes due by itself.</summary>
    public const string DeliveredTooOften = "DeliveredTooOften";

    /// <summary>A replay met an outside that was unavailable. Comes due by itself.</summary>
    public const string Transient = "Transient";

    /// <summary>The broker dead-lettered it, not the kernel. Comes due by itself.</summary>
    public const string DeadLettered = "DeadLetteredByBroker";

    /// <summary>Its body could not be read. Waits for an operator.</summary>
    public const string Unreadable = "Unreadable";

    /// <summary>Handling it threw what is not transient. Waits for an operator.</summary>
    public const string Failed = "HandlerFailed";

    /// <summary>The stream has no room for more. Waits for an operator.</summary>
    public const string StreamTooLarge = "StreamTooLarge";
}

/// <summary>What became of a message, and so what its consumer has to do with it.</summary>
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

    /// <summary>Saved before, and published now for certain: complete it.</summary>
    Duplicate,

    /// <summary>Not for this participant: complete it.</summary>
    NotHeard,

    /// <summary>Set aside: dead-letter it.</summary>
    Parked,

    /// <summary>Not its turn yet: leave it in the dead-letter queue.</summary>
    Waiting,
}
