using System.Collections.Frozen;
using System.Diagnostics;
using OrderFunctions.Saga;
using Polly;

namespace OrderFunctions.Runtime;

/// <summary>
/// The turn: loads an order's stream, decides, performs intents, saves once, publishes. It settles nothing: that is for <see cref="MessageHandler"/>
/// and <see cref="Replayer"/>, by the result. Everything here may run twice, or at once in two processes, for the same message.
/// </summary>
public sealed partial class Participant(
    string name, IDecider decider, Perform perform, IStreamStore store, IEventBus bus, TurnOptions options, TimeProvider time, Func<double>? random = null)
{
    readonly Func<double> random = random ?? Random.Shared.NextDouble;
    readonly ResiliencePipeline retry = options.Retry(name, time, random ?? Random.Shared.NextDouble);
    readonly FrozenSet<string> hears = Topology.Current[name].Hears.ToFrozenSet();

    public string Name => name;

    /// <summary>Handles a message that the subscription delivers.</summary>
    /// <exception cref="TransientException">Something outside is away: give the message back and try later.</exception>
    public Task<TurnResult> HandleAsync(ReceivedMessage message, CancellationToken cancellation) =>
        TurnAsync(message, (stream, attempt) => LiveAsync(stream, message, attempt, cancellation), cancellation);

    /// <summary>Handles a message that lies in the dead-letter queue, if it is at the head of its order's line and due.</summary>
    /// <exception cref="TransientException">The stream could not be read or written.</exception>
    public Task<TurnResult> ReplayAsync(ReceivedMessage message, CancellationToken cancellation) =>
        TurnAsync(message, (stream, attempt) => ParkedAsync(stream, message, attempt, cancellation), cancellation);

    /// <summary>
    /// Handles what came over HTTP: saved, then published, whether the order is parked or not. A request id that was handled before changes nothing.
    /// Gives the stream as it is afterwards.
    /// </summary>
    /// <param name="request">A <see cref="Request"/> for the decider, or a word for another participant's kernel.</param>
    /// <exception cref="TransientException">Something outside is away. What was saved is published by the next turn, or by <see cref="RepublishAsync"/>.</exception>
    public Task<OrderStream> RequestAsync(string orderId, string requestId, OrderEvent request, CancellationToken cancellation) =>
        OnStreamAsync(orderId, async (stream, attempt) =>
        {
            using var activity = Telemetry.StartRequest(name, stream, request.GetType().Name);
            var index = stream.IndexOf(requestId);
            if (index < 0)
            {
                IReadOnlyList<OrderEvent> events = request is IKernelEvent ? [request] : await DecideAsync(stream, request, attempt, cancellation);
                var entry = new Entry(requestId, request.GetType().Name, Via.Http, time.GetUtcNow(), Numbered(stream, events), Trace: Activity.Current?.Id);
                index = stream.Entries.Count;
                stream = await SaveAsync(stream, stream.With(entry), cancellation);
            }
            await PublishAsync(stream, [.. stream.WithoutRedelivery(index), stream.Entries[index]], cancellation);
            return stream;
        }, cancellation);

    /// <summary>
    /// Publishes what a crash after saving left unpublished, and marks it, so that it is not published again for as long as nothing else happens to the
    /// order. Gives the number of messages.
    /// </summary>
    /// <exception cref="TransientException">The store or the bus is away.</exception>
    public async Task<int> RepublishAsync(string orderId, CancellationToken cancellation) =>
        await LoadAsync(orderId, cancellation) is { } stream ? await PublishUnconfirmedAsync(stream, cancellation) : 0;

    async Task<int> PublishUnconfirmedAsync(OrderStream stream, CancellationToken cancellation)
    {
        var published = await PublishAsync(stream, stream.WithoutRedelivery(stream.Entries.Count), cancellation);
        if (published == 0)
            return 0;
        try
        {
            await SaveAsync(stream, stream.With(new("republisher", nameof(Via.Republished), Via.Republished, time.GetUtcNow(), [])), cancellation);
        }
        catch (StreamConflictException)
        {
            // Something else happened to the order meanwhile.
        }
        return published;
    }

    /// <summary>The order's stream as it is, for reading.</summary>
    public async Task<OrderStream?> LoadAsync(string orderId, CancellationToken cancellation) =>
        await CallAsync(c => store.LoadAsync(orderId, c), cancellation);

    async Task<TurnResult> TurnAsync(ReceivedMessage message, Func<OrderStream, Attempt, Task<TurnResult>> turn, CancellationToken cancellation)
    {
        // A subscription may pass more than is heard: a new one passes everything for a moment.
        if (!hears.Contains(message.Type))
            return TurnResult.NotHeard;

        var started = time.GetTimestamp();
        using var activity = Telemetry.StartTurn(name, message);
        try
        {
            var result = await OnceAsync(message, turn, cancellation);
            Telemetry.TurnEnded(name, message, result, activity, time.GetElapsedTime(started), time.GetUtcNow());
            return result;
        }
        catch (Exception e)
        {
            Telemetry.TurnFailed(name, e, activity, time.GetElapsedTime(started));
            throw;
        }
    }

    Task<TurnResult> OnceAsync(ReceivedMessage message, Func<OrderStream, Attempt, Task<TurnResult>> turn, CancellationToken cancellation) =>
        OnStreamAsync(message.OrderId, async (stream, attempt) =>
        {
            var index = stream.IndexOf(message.Id);
            if (index >= 0)
            {
                // A redelivery: it was saved, but perhaps not published.
                await PublishAsync(stream, [.. stream.WithoutRedelivery(index), stream.Entries[index]], cancellation);
                return TurnResult.Duplicate;
            }
            return message.Event is IKernelEvent word ? await HearAsync(stream, message, word, cancellation) : await turn(stream, attempt);
        }, cancellation);

    async Task<TurnResult> DecideOnAsync(OrderStream stream, ReceivedMessage message, Attempt attempt, CancellationToken cancellation)
    {
        var events = await DecideAsync(stream, message.Event!, attempt.AfterAnother(!message.IsFirst), cancellation);
        return await FinishAsync(stream, stream.Unparked(message.Id), message, events, cancellation);
    }

    /// <summary>Records what a message led to and publishes it.</summary>
    async Task<TurnResult> FinishAsync(
        OrderStream loaded, OrderStream changed, ReceivedMessage message, IReadOnlyList<OrderEvent> events, CancellationToken cancellation)
    {
        if (!loaded.Parked.IsEmpty && changed.Parked.IsEmpty)
            events = [.. events, new OrderResumed(name, changed.Sequence + events.Count + 1)];
        var stream = await SaveAsync(loaded, changed.With(EntryOf(message, Via.Bus, Numbered(changed, events))), cancellation);
        var last = stream.Entries.Count - 1;
        await PublishAsync(stream, [.. stream.WithoutRedelivery(last), stream.Entries[last]], cancellation);
        return TurnResult.Handled;
    }

    async Task<IReadOnlyList<OrderEvent>> DecideAsync(OrderStream stream, OrderEvent input, Attempt attempt, CancellationToken cancellation)
    {
        var history = stream.History.ToList();
        var known = history.Count;
        var inputs = new Queue<OrderEvent>([input]);
        while (inputs.TryDequeue(out var next))
        {
            foreach (var @event in decider.Decide(history, next))
            {
                history.Add(@event);
                if (@event is not Intent intent)
                    continue;
                var isFirst = attempt.IsFirst;
                inputs.Enqueue(await CallAsync(c =>
                {
                    var call = new IntentCall(stream.OrderId, intent, Repeated: !isFirst || IsOverdue(attempt));
                    isFirst = false;
                    return perform(call, c);
                }, cancellation));
            }
        }
        return history[known..];
    }

    /// <summary>The process may have been stopped for longer than any turn takes, and another have come and gone meanwhile.</summary>
    bool IsOverdue(Attempt attempt) => time.GetElapsedTime(attempt.StartedAt) > options.TurnMax;

    async Task<OrderStream> SaveAsync(OrderStream loaded, OrderStream stream, CancellationToken cancellation)
    {
        if (name is Participants.Orders)
            stream = stream with { Summary = OrderSummary.Of(stream) };
        await CallAsync(c => store.SaveAsync(stream, c), cancellation);
        for (var index = loaded.Entries.Count; index < stream.Entries.Count; index++)
            Telemetry.Recorded(name, stream, stream.Entries[index]);
        return stream;
    }

    /// <summary>Only ever called with what the store holds: an id never stands for two contents.</summary>
    async Task<int> PublishAsync(OrderStream stream, IEnumerable<Entry> entries, CancellationToken cancellation)
    {
        var messages = new List<OutboundMessage>();
        foreach (var entry in entries)
        {
            foreach (var (id, @event) in entry.Events)
            {
                if (@event is PublicEvent said)
                    messages.Add(new(id, stream.OrderId, said, entry.On, entry.Trace, (said as ShipmentDue)?.DueAt, entry.At));
            }
        }
        if (messages.Count > 0)
            await CallAsync(c => bus.PublishAsync(messages, c), cancellation);
        return messages.Count;
    }

    /// <summary>Starts again, with what the store then holds, after losing against another writer.</summary>
    async Task<T> OnStreamAsync<T>(string orderId, Func<OrderStream, Attempt, Task<T>> turn, CancellationToken cancellation)
    {
        for (var conflicts = 0; ; conflicts++)
        {
            var attempt = new Attempt(IsFirst: conflicts == 0, time.GetTimestamp());
            var stream = await LoadAsync(orderId, cancellation) ?? OrderStream.Empty(orderId);
            try
            {
                return await turn(stream, attempt);
            }
            catch (StreamConflictException conflict)
            {
                Telemetry.Conflicts.Add(1, new KeyValuePair<string, object?>("participant", name));
                if (conflicts == options.ConflictsMax)
                    throw new TransientException($"The stream of order {orderId} changed during each of {conflicts + 1} attempts.", conflict);
                await Task.Delay(options.ConflictPauseMax * random(), time, cancellation);
            }
        }
    }

    async Task CallAsync(Func<CancellationToken, Task> call, CancellationToken cancellation) => await CallAsync(async c =>
    {
        await call(c);
        return true;
    }, cancellation);

    /// <summary>
    /// Calls the outside, again after a transient failure. Nearly every call succeeds at once, and the pipeline costs more than the call then: it only comes
    /// in where the first one has failed.
    /// </summary>
    async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        TransientException? failure;
        cancellation.ThrowIfCancellationRequested();
        try
        {
            return await call(cancellation);
        }
        catch (TransientException e)
        {
            failure = e;
        }
        return await retry.ExecuteAsync(async c => Interlocked.Exchange(ref failure, null) is { } first ? throw first : await call(c), cancellation);
    }

    RecordedEvent[] Numbered(OrderStream stream, IReadOnlyList<OrderEvent> events)
    {
        if (events.Count == 0)
            return [];
        var sequence = stream.Sequence;
        var recorded = new RecordedEvent[events.Count];
        for (var index = 0; index < recorded.Length; index++)
            recorded[index] = new RecordedEvent($"{stream.OrderId}/{name}/{++sequence}", events[index]);
        return recorded;
    }

    Entry EntryOf(ReceivedMessage message, Via via, IReadOnlyList<RecordedEvent> events) => new(
        message.Id, message.Type, via, time.GetUtcNow(), events, message.CausationId, message.EnqueuedAt,
        Activity.Current?.Id ?? message.TraceParent, message.DeliveryCount);

    /// <summary>One try at a turn.</summary>
    /// <param name="IsFirst">No other has performed any of its intents.</param>
    readonly record struct Attempt(bool IsFirst, long StartedAt)
    {
        public Attempt AfterAnother(bool another) => this with { IsFirst = IsFirst && !another };
    }
}
