using System.Globalization;
using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

// A message that cannot be handled is set aside and everything of its order behind it, so that nothing ever overtakes it. The stream's `Parked` is the
// order of truth; the dead-letter queue only keeps the messages.
public sealed partial class Participant
{
    async Task<TurnResult> LiveAsync(OrderStream stream, ReceivedMessage message, Attempt attempt, CancellationToken cancellation)
    {
        var place = stream.PlaceOf(message.Id);
        if (place > 0)
            return await StillParkedAsync(stream, place, cancellation);
        if (place < 0 && !stream.Parked.IsEmpty)
            return await ParkAsync(stream, message, ParkingReasons.Behind, $"{stream.Parked[0].Id} is parked before it.", time.GetUtcNow(), cancellation);

        // From here on it is the first of its line: not parked at all, or parked and not yet moved to the dead-letter queue.
        var isParked = place == 0;
        if (message.DeliveryCount > options.DeliveriesMax)
        {
            return isParked
                ? await StillParkedAsync(stream, 0, cancellation)
                : await ParkAsync(stream, message, ParkingReasons.DeliveredTooOften, $"Delivered {message.DeliveryCount} times.",
                    time.GetUtcNow() + options.ReplayPause(0), cancellation);
        }
        if (WhyPoison(stream, message) is { } poison)
            return isParked ? await StillParkedAsync(stream, 0, cancellation) : await ParkAsync(stream, message, poison.Reason, poison.Description, null, cancellation);

        try
        {
            return await DecideOnAsync(stream, message, attempt.AfterAnother(isParked), cancellation);
        }
        catch (Exception e) when (IsPoison(e))
        {
            return isParked
                ? await StillParkedAsync(stream, 0, cancellation)
                : await ParkAsync(stream, message, ParkingReasons.Failed, $"{e.GetType().Name}: {e.Message}", null, cancellation);
        }
    }

    async Task<TurnResult> ParkedAsync(OrderStream stream, ReceivedMessage message, Attempt attempt, CancellationToken cancellation)
    {
        var place = stream.PlaceOf(message.Id);
        if (place < 0)
        {
            // The broker dead-lettered it before the kernel could: it takes the place that it would have had.
            place = stream.Parked.FindIndex(parked => IsAfter(parked, message));
            return await AdoptAsync(stream, message, place < 0 ? stream.Parked.Count : place, cancellation);
        }
        var now = time.GetUtcNow();
        var head = stream.Parked[0];
        if (place > 0)
            return TurnResult.Waiting;
        if (head.Due is null || head.Due > now)
        {
            // Whoever put it here may have died, or lost an answer, before it was said that the order is parked.
            await PublishUnconfirmedAsync(stream, cancellation);
            return TurnResult.Waiting;
        }

        if (WhyPoison(stream, message) is { } poison)
            return await FailedAgainAsync(stream, poison.Reason, poison.Description, null, cancellation);
        try
        {
            return await DecideOnAsync(stream, message, attempt.AfterAnother(true), cancellation);
        }
        catch (TransientException e)
        {
            return await FailedAgainAsync(stream, ParkingReasons.Transient, e.Message, now + options.ReplayPause(head.Attempts + 1), cancellation);
        }
        catch (Exception e) when (IsPoison(e))
        {
            return await FailedAgainAsync(stream, ParkingReasons.Failed, $"{e.GetType().Name}: {e.Message}", null, cancellation);
        }
    }

    /// <summary>Puts the message at the end of the order's line and says so where the line was empty.</summary>
    async Task<TurnResult> ParkAsync(
        OrderStream stream, ReceivedMessage message, string reason, string description, DateTimeOffset? due, CancellationToken cancellation)
    {
        var parked = new ParkedMessage(message.Id, message.Type, reason, Short(description), time.GetUtcNow(), due, Sent: message.EnqueuedAt);
        var saved = await SaveAsync(stream, Marked(stream, message, parked) with { Parked = stream.Parked.Add(parked) }, cancellation);
        return await StillParkedAsync(saved, saved.Parked.Count - 1, cancellation);
    }

    /// <summary>Its turn comes with the next run, which finds it in the line.</summary>
    async Task<TurnResult> AdoptAsync(OrderStream stream, ReceivedMessage message, int place, CancellationToken cancellation)
    {
        var parked = new ParkedMessage(
            message.Id, message.Type, ParkingReasons.DeadLettered, "The broker dead-lettered it.", time.GetUtcNow(), time.GetUtcNow(), Sent: message.EnqueuedAt);
        return await WaitAsync(stream, Marked(stream, message, parked) with { Parked = stream.Parked.Insert(place, parked) }, cancellation);
    }

    OrderStream Marked(OrderStream stream, ReceivedMessage message, ParkedMessage parked) => stream.Parked.IsEmpty
        ? stream.With(EntryOf(message, Via.Parking,
            Numbered(stream, [new OrderParked(name, stream.Sequence + 1, parked.Id, parked.Reason, parked.Description)])))
        : stream;

    /// <summary>The mark of parking may have been saved and not published, and the message not dead-lettered: both are done again.</summary>
    async Task<TurnResult> StillParkedAsync(OrderStream stream, int place, CancellationToken cancellation)
    {
        await PublishAsync(stream, stream.WithoutRedelivery(stream.Entries.Count), cancellation);
        return TurnResult.Parked(stream.Parked[place].Reason, stream.Parked[place].Description);
    }

    async Task<TurnResult> FailedAgainAsync(OrderStream stream, string reason, string description, DateTimeOffset? due, CancellationToken cancellation)
    {
        var head = stream.Parked[0];
        head = head with { Reason = reason, Description = Short(description), Due = due, Attempts = head.Attempts + 1 };
        return await WaitAsync(stream, stream with { Parked = stream.Parked.SetItem(0, head) }, cancellation);
    }

    async Task<TurnResult> WaitAsync(OrderStream loaded, OrderStream changed, CancellationToken cancellation)
    {
        var saved = await SaveAsync(loaded, changed, cancellation);
        await PublishAsync(saved, saved.WithoutRedelivery(saved.Entries.Count), cancellation);
        return TurnResult.Waiting;
    }

    /// <summary>
    /// The kernel's own words are heard in spite of parking: they are what ends it. A word may be parked itself, from a time when it could not be read.
    /// One that is meant for another participant is recorded as well: whoever else holds it, and cannot read it, must find that it is done.
    /// </summary>
    async Task<TurnResult> HearAsync(OrderStream loaded, ReceivedMessage message, IKernelEvent word, CancellationToken cancellation)
    {
        var stream = loaded.Unparked(message.Id);
        var (changed, events) = word switch
        {
            OrderParked p => (stream, [new ParkingNoted(p.Participant, p.Sequence, p.MessageId, p.Reason, p.Description)]),
            OrderResumed r => (stream, [new ResumptionNoted(r.Participant, r.Sequence)]),
            ReplayRequested r when r.Participant == name && !stream.Parked.IsEmpty =>
                (stream with { Parked = stream.Parked.SetItem(0, stream.Parked[0] with { Due = time.GetUtcNow() }) }, []),
            DiscardRequested d when d.Participant == name => (Discarded(stream, message, d), []),
            _ => (stream, (IReadOnlyList<OrderEvent>)[]),
        };
        return await FinishAsync(loaded, changed, message, events, cancellation);
    }

    OrderStream Discarded(OrderStream stream, ReceivedMessage message, DiscardRequested request)
    {
        var place = stream.PlaceOf(request.MessageId);
        if (place < 0)
            return stream;
        var events = Numbered(stream, [new MessageDiscarded(request.MessageId, request.By, request.Reason)]);
        var entry = new Entry(request.MessageId, stream.Parked[place].Type, Via.Discard, time.GetUtcNow(), events, Cause: message.Id);
        return stream.With(entry) with { Parked = stream.Parked.RemoveAt(place) };
    }

    static (string Reason, string Description)? WhyPoison(OrderStream stream, ReceivedMessage message) =>
        message.Event is null ? (ParkingReasons.Unreadable, message.Unreadable ?? "The body could not be read.")
        : stream.Size > OrderStream.SizeMax ? (ParkingReasons.StreamTooLarge, $"The stream has {stream.Size} bytes.")
        : null;

    /// <summary>Messages of one batch are accepted at the same moment, in the order of their numbers. Those of two senders stay as they come.</summary>
    static bool IsAfter(ParkedMessage parked, ReceivedMessage message) => parked.Sent == message.EnqueuedAt
        ? Sender(parked.Id) == Sender(message.Id) && Number(parked.Id) > Number(message.Id)
        : parked.Sent > message.EnqueuedAt;

    static string Sender(string messageId) => messageId[..Math.Max(0, messageId.LastIndexOf('/'))];

    static int Number(string messageId) => int.TryParse(messageId.AsSpan(messageId.LastIndexOf('/') + 1), CultureInfo.InvariantCulture, out var number) ? number : 0;

    static bool IsPoison(Exception e) => e is not (TransientException or StreamConflictException or OperationCanceledException);

    /// <summary>A bus takes descriptions of a limited length, and an exception's message may have any.</summary>
    static string Short(string description) => description.Length <= 500 ? description : description[..500];
}

/// <summary>Why a message was set aside.</summary>
public static class ParkingReasons
{
    /// <summary>An earlier message of the order is parked.</summary>
    public const string Behind = "ParkedBehind";

    /// <summary>Delivered more often than the kernel allows, each time without an end. Comes due by itself.</summary>
    public const string DeliveredTooOften = "DeliveredTooOften";

    /// <summary>A replay met an outside that was away. Comes due by itself.</summary>
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
    public static TurnResult Parked(string reason, string description) => new(TurnOutcome.Parked, reason, description);
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
