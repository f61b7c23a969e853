using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Diagnostics;
using OrderFunctions.Kernel;
using OrderFunctions.Saga;

namespace OrderFunctions.Runtime;

/// <summary>
/// The turn: loads an order's stream, takes the step that <see cref="Line"/> names, saves once, publishes once. It settles nothing:
/// <see cref="MessageHandler"/> and <see cref="Replayer"/> do, by its result. Everything here may run twice for the same message, or in two
/// processes at the same time.
/// </summary>
public sealed class Participant(
    string name, IDecider decider, Perform perform, IStreamStore store, IEventBus bus, TurnOptions options, TimeProvider time,
    Summarize? summarize = null, Func<double>? random = null)
{
    readonly Func<double> random = random ?? Random.Shared.NextDouble;
    readonly Outside outside = new(name, options, time, random ?? Random.Shared.NextDouble);
    readonly FrozenSet<string> hears = Topology.Current[name].Hears.ToFrozenSet();

    readonly ConcurrentDictionary<string, bool> replaysAsked = [];

    public string Name => name;

    /// <summary>
    /// Orders that an operator has asked this process to replay since this was called last. Only a hint where to look first: another
    /// process may have heard of it.
    /// </summary>
    public IReadOnlyCollection<string> TakeReplaysAsked() =>
        replaysAsked.IsEmpty ? [] : [.. replaysAsked.Keys.Where(order => replaysAsked.TryRemove(order, out _))];

    /// <summary>Handles a message that the subscription delivers.</summary>
    /// <param name="cancellation">The turn is out of time, or the host stops.</param>
    /// <param name="stopping">The host stops. Where only the time is up, the last delivery allowed is parked.</param>
    /// <exception cref="TransientException">Something outside is unavailable: give the message back and try later.</exception>
    public ValueTask<TurnResult> HandleAsync(
        ReceivedMessage message, CancellationToken cancellation, CancellationToken? stopping = null) =>
        TurnAsync(new(message, Lane.Subscription, cancellation, stopping ?? cancellation));

    /// <summary>Handles a message that lies in the dead-letter queue, if it is at the head of its order's line and due.</summary>
    /// <exception cref="TransientException">The stream could not be read or written.</exception>
    public Task<TurnResult> ReplayAsync(ReceivedMessage message, CancellationToken cancellation) =>
        TurnAsync(new(message, Lane.DeadLetters, cancellation, Stopping: cancellation)).AsTask();

    /// <summary>Whether <see cref="ReplayAsync"/> would do anything but wait, if this is the stream.</summary>
    public bool IsDue(OrderStream stream, ReceivedMessage message) =>
        Line.Next(stream, message, Lane.DeadLetters, name, options, time.GetUtcNow()) is not Wait;

    /// <summary>
    /// Handles an HTTP request: saves, then publishes, whether the order is parked or not. A request id that was handled before changes
    /// nothing. Returns the stream as it is afterwards.
    /// </summary>
    /// <param name="request">A <see cref="Request"/> for the decider, or a control message for another participant's kernel.</param>
    /// <param name="caller">Who asks, for the record.</param>
    /// <exception cref="TransientException">
    /// Something outside is unavailable. What was saved is published by the next turn, or by <see cref="RepublishAsync"/>.
    /// </exception>
    public Task<OrderStream> RequestAsync(
        string orderId, string requestId, OrderEvent request, CancellationToken cancellation, Caller? caller = null) =>
        OnStreamAsync(orderId, async (asked, stream, attempt) =>
        {
            using var activity = Telemetry.StartRequest(name, stream, asked.GetType().Name);
            var changed = stream;
            var index = stream.IndexOf(requestId);
            if (index < 0)
            {
                IReadOnlyList<OrderEvent> decided = asked switch
                {
                    SettleRequested settle => [settle with { Known = stream.LastHeardOf(settle.Participant) }],
                    IKernelEvent => [asked],
                    _ => await DecideAsync(stream, asked, attempt, perform, cancellation),
                };
                changed = stream.Requested(requestId, asked, decided, Stamp(), caller);
                index = stream.Entries.Count;
            }
            return await CommitAsync(stream, changed, changed.OutboxThrough(index), cancellation);
        }, request, cancellation).AsTask();

    /// <summary>
    /// Publishes what a crash after saving left unpublished, and records that, so that it is not published again until something else
    /// happens to the order. Returns the number of messages published.
    /// </summary>
    /// <exception cref="TransientException">The store or the bus is unavailable.</exception>
    public async Task<int> RepublishAsync(string orderId, CancellationToken cancellation) =>
        await LoadedAsync(orderId, cancellation) is { } stream ? await PublishPendingAsync(stream, cancellation) : 0;

    /// <summary>The order's stream as it is, for reading.</summary>
    public Task<OrderStream?> LoadAsync(string orderId, CancellationToken cancellation) => LoadedAsync(orderId, cancellation).AsTask();

    ValueTask<OrderStream?> LoadedAsync(string orderId, CancellationToken cancellation) =>
        outside.CallAsync(static (on, c) => on.store.LoadAsync(on.orderId, c), (store, orderId), cancellation);

    async ValueTask<TurnResult> TurnAsync(Turn turn)
    {
        var message = turn.Message;
        if (!hears.Contains(message.Type))
        {
            message = message with { Hearing = EventJson.Names.Contains(message.Type) ? Hearing.NotHeard : Hearing.Unknown };
            turn = turn with { Message = message };
        }

        // A new subscription delivers everything for a moment. Only what was delivered before may be in the line: an earlier version, which
        // did not know its type, put it there.
        if (message is { Hearing: Hearing.NotHeard, DeliveryCount: 1 } && turn.Lane is Lane.Subscription)
            return TurnResult.NotHeard;

        var started = time.GetTimestamp();
        using var activity = Telemetry.StartTurn(name, message);
        try
        {
            var result = await TakeNextAsync(turn);
            Telemetry.TurnEnded(name, message, turn.Lane, result, activity, time.GetElapsedTime(started), time.GetUtcNow());
            return result;
        }
        catch (Exception e)
        {
            Telemetry.TurnFailed(name, e, activity, time.GetElapsedTime(started));
            throw;
        }
    }

    ValueTask<TurnResult> TakeNextAsync(Turn turn) => OnStreamAsync(
        turn.Message.OrderId, static (on, stream, attempt) => on.participant.OnceAsync(on.turn, stream, attempt),
        (participant: this, turn), turn.Cancellation);

    async ValueTask<TurnResult> OnceAsync(Turn turn, OrderStream stream, Attempt attempt)
    {
        var message = turn.Message;
        using var activity = message.Event is IFromOutside ? Telemetry.StartRequest(name, stream, message.Type) : null;
        var now = time.GetUtcNow();
        var step = Line.Next(stream, message, turn.Lane, name, options, now);
        try
        {
            var result = await TakeAsync(step, stream, message, attempt, turn.Cancellation);
            return step is Hold ? await TakeNextAsync(turn) : result;
        }
        catch (Exception e) when (step is Run && AfterFailure(e, turn, stream, now) is { } next)
        {
            return await TakeAsync(next, stream, message, attempt, turn.Stopping);
        }
        catch (Exception e) when (step is Settle && IsRefusal(e, turn))
        {
            var why = e is OperationCanceledException ? OutOfTime : e.Message;
            return await TakeAsync(new RefuseToSettle(why), stream, message, attempt, turn.Stopping);
        }
    }

    bool IsRefusal(Exception exception, Turn turn) => exception switch
    {
        StreamConflictException => false,
        OperationCanceledException => turn.IsOutOfTime && turn.Message.DeliveryCount >= options.DeliveriesMax,
        TransientException => turn.Message.DeliveryCount >= options.DeliveriesMax,
        _ => true,
    };

    string OutOfTime => $"The turn was not done after {options.TurnMax}.";

    Step? AfterFailure(Exception exception, Turn turn, OrderStream stream, DateTimeOffset now)
    {
        return exception switch
        {
            OperationCanceledException when turn.IsOutOfTime => After(Failure.Transient, OutOfTime, status: null),
            StreamConflictException or OperationCanceledException => null,
            TransientException t => After(Failure.Transient, t.Message, t.Status),
            ProviderException p => After(p.Failure, p.Message, p.Status),
            var e => After(Failure.Fault, $"{e.GetType().Name}: {e.Message}", (int?)(e as HttpRequestException)?.StatusCode),
        };

        Step? After(Failure failure, string description, int? status) =>
            Line.AfterFailure(stream, turn.Message, turn.Lane, failure, description, status, options, now);
    }

    async ValueTask<TurnResult> TakeAsync(
        Step step, OrderStream stream, ReceivedMessage message, Attempt attempt, CancellationToken cancellation)
    {
        var decided = step switch
        {
            Run run => await DecideAsync(stream, message.Event!, attempt.After(another: run.Repeated), perform, cancellation),
            Settle => await SettleAsync(stream, (SettleRequested)message.Event!, attempt, cancellation),
            _ => [],
        };
        if (step is Wait { IsHead: true })
            await PublishPendingAsync(stream, cancellation);
        var ready = stream.Ready(step, message, decided, Stamp());
        await CommitAsync(stream, ready.Stream, ready.Messages, cancellation);
        if (message.Event is ReplayRequested replay && replay.Participant == name)
            replaysAsked[message.OrderId] = true;
        return ready.Result;
    }

    /// <summary>Decides on a step that a person has done outside. What the outside has done after all, it answers itself.</summary>
    async ValueTask<IReadOnlyList<OrderEvent>> SettleAsync(
        OrderStream stream, SettleRequested request, Attempt attempt, CancellationToken cancellation)
    {
        var isDoneOutside = false;
        var byHand = Intents.ByHand(perform, () => isDoneOutside = true);
        var decided = await DecideAsync(stream, request.Step()!, attempt.After(another: true), byHand, cancellation);
        if (decided.Count == 0)
            throw new InvalidOperationException("There is nothing left to undo.");
        OrderEvent settled = isDoneOutside
            ? new SettlementRefused(name, request.MessageId, "The provider has answered otherwise; the order goes on with its answer.")
            : new StepSettled(request.MessageId, request.By, request.Reason);
        return [settled, .. decided];
    }

    async ValueTask<int> PublishPendingAsync(OrderStream stream, CancellationToken cancellation)
    {
        var pending = stream.Pending;
        if (pending.Count == 0)
            return 0;
        await CommitAsync(stream, stream, pending, cancellation);
        try
        {
            await CommitAsync(stream, stream.Republished(time.GetUtcNow()), [], cancellation);
        }
        catch (StreamConflictException)
        {
            // Something else happened to the order meanwhile.
        }
        return pending.Count;
    }

    async ValueTask<IReadOnlyList<OrderEvent>> DecideAsync(
        OrderStream stream, OrderEvent input, Attempt attempt, Perform perform, CancellationToken cancellation)
    {
        var history = new List<OrderEvent>(stream.Entries.Count + 4);
        stream.AddHistoryTo(history);
        var known = history.Count;
        var inputs = new List<OrderEvent>(1) { input };
        for (var at = 0; at < inputs.Count; at++)
        {
            var decided = decider.Decide(history, inputs[at]);
            for (var index = 0; index < decided.Count; index++)
            {
                history.Add(decided[index]);
                if (decided[index] is Intent intent)
                    inputs.Add(await PerformAsync(stream.OrderId, intent, attempt, perform, cancellation));
            }
        }
        return history[known..];
    }

    ValueTask<Answer> PerformAsync(string orderId, Intent intent, Attempt attempt, Perform perform, CancellationToken cancellation) =>
        outside.CallAsync(
            static (on, c) => on.TryAsync(c), new Performance(this, orderId, intent, attempt, perform), cancellation);

    /// <summary>The process may have been suspended for longer than any turn takes, and another may have run the turn meanwhile.</summary>
    internal bool IsOverdue(Attempt attempt) => time.GetElapsedTime(attempt.StartedAt) > options.TurnMax;

    /// <summary>Saves what has changed, then publishes: the only place that does either. Only what is stored is ever published.</summary>
    async ValueTask<OrderStream> CommitAsync(
        OrderStream loaded, OrderStream changed, IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation)
    {
        if (!ReferenceEquals(changed, loaded))
        {
            var summary = summarize?.Invoke(changed);
            await outside.CallAsync(
                static (on, c) => on.store.SaveAsync(on.changed, on.summary, c), (store, changed, summary), cancellation);
            for (var index = loaded.Entries.Count; index < changed.Entries.Count; index++)
                Telemetry.Recorded(name, changed, changed.Entries[index]);
        }
        if (messages.Count > 0)
            await outside.CallAsync(static (on, c) => on.bus.PublishAsync(on.messages, c), (bus, messages), cancellation);
        return changed;
    }

    /// <summary>Starts again with the stream as it is stored then, where another writer saved first.</summary>
    async ValueTask<T> OnStreamAsync<TOn, T>(
        string orderId, Func<TOn, OrderStream, Attempt, ValueTask<T>> turn, TOn on, CancellationToken cancellation)
    {
        for (var conflicts = 0; ; conflicts++)
        {
            var attempt = new Attempt(IsFirst: conflicts == 0, time.GetTimestamp());
            var stream = await LoadedAsync(orderId, cancellation) ?? OrderStream.Empty(orderId);
            try
            {
                return await turn(on, stream, attempt);
            }
            catch (StreamConflictException conflict)
            {
                Telemetry.Conflicts.Add(1, new KeyValuePair<string, object?>("participant", name));
                if (conflicts == options.ConflictsMax)
                {
                    throw new TransientException(
                        $"The stream of order {orderId} changed during each of {conflicts + 1} attempts.", conflict);
                }
                await Task.Delay(options.ConflictPauseMax * random(), time, cancellation);
            }
        }
    }

    Stamp Stamp() => new(name, time.GetUtcNow(), Activity.Current?.Id);
}
