using OrderFunctions.Kernel;

namespace OrderFunctions.Runtime;

/// <summary>
/// Replays a participant's dead-letter queue: each order's messages in the order in which its stream lists them as parked. A run first
/// peeks and reads streams, and receives only if something is due: what is received is locked for others and counted as delivered. Whatever
/// waits, and however much of it, what is due is tried within a number of runs that only grows with the queue: each run goes on where the
/// last one stopped. Two replayers may run in two processes, and either may crash at any moment: the stream and the locks decide. One
/// instance runs once at a time.
/// </summary>
public sealed class Replayer(Participant participant, IDeadLetterQueue queue, TimeProvider time)
{
    const int PageMax = 100;

    /// <summary>Memory for what is peeked at.</summary>
    const int WindowBytesMax = 16 * 1024 * 1024;

    /// <summary>Messages received at once. Those that are due are tried before more are received, so that their locks last.</summary>
    const int BatchMax = 100;

    /// <summary>Shorter than a lock, so that no walk receives again what it holds.</summary>
    static readonly TimeSpan WalkMax = TimeSpan.FromSeconds(30);

    /// <summary>What was found when an order was last looked at. Orders that are no longer in the window are forgotten.</summary>
    Dictionary<string, Look> looks = [];

    /// <summary>Orders that an operator waits for: they are looked at as soon as the window shows them, however many others wait.</summary>
    readonly HashSet<string> asked = [];

    /// <summary>The sequence number before the window.</summary>
    long windowStart = Start;

    const long Start = -1;

    public string Participant => participant.Name;

    /// <summary>Messages peeked at in one run. The window stays where it is until all orders in it were looked at.</summary>
    public int WindowMax { get; init; } = 5_000;

    /// <summary>Orders whose stream is read in one run: half of them because they are due, half because that was longest ago.</summary>
    public int LooksMax { get; init; } = 500;

    /// <summary>Replays what is due. Returns the number of messages that left the queue.</summary>
    /// <exception cref="TransientException">The queue or the store is unavailable.</exception>
    /// <exception cref="AggregateException">Some orders failed, for other reasons as well; all others were tried.</exception>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var failures = new Failures(participant.Name, "replay");
        var (window, next) = await PeekAsync(cancellation);
        looks = window.Where(order => looks.ContainsKey(order.Id)).ToDictionary(order => order.Id, order => looks[order.Id]);
        var due = new Dictionary<string, WaitingOrder>();
        foreach (var order in Chosen(window))
        {
            if (failures.AreEnough)
                break;
            if (await IsDueAsync(order, failures, cancellation))
                due.Add(order.Id, order);
        }
        if (next != windowStart && window.All(order => looks.ContainsKey(order.Id)))
        {
            // An order may have other messages there.
            looks.Clear();
            windowStart = next;
        }
        var handled = due.Count == 0 ? 0 : await WalkAsync(due, failures, cancellation);
        failures.ThrowIfAny();
        return handled;
    }

    /// <summary>The orders in the window, and where the next window starts.</summary>
    async Task<(IReadOnlyCollection<WaitingOrder> Orders, long Next)> PeekAsync(CancellationToken cancellation)
    {
        var orders = new Dictionary<string, WaitingOrder>();
        var through = windowStart;
        for (var (count, bytes) = (0, 0); count < WindowMax && bytes < WindowBytesMax;)
        {
            var page = await queue.PeekAsync(through, Math.Min(PageMax, WindowMax - count), cancellation);
            if (page.Count == 0)
                return (orders.Values, Start);
            foreach (var letter in page)
            {
                var id = letter.Message.OrderId;
                if (!orders.TryGetValue(id, out var order))
                    order = orders[id] = new(id);
                order.Add(letter);
            }
            (count, bytes) = (count + page.Count, bytes + page.Sum(letter => letter.Bytes));
            through = page[^1].Sequence;
        }
        return (orders.Values, through);
    }

    List<WaitingOrder> Chosen(IReadOnlyCollection<WaitingOrder> window)
    {
        var now = time.GetUtcNow();
        asked.UnionWith(participant.TakeReplaysAsked());
        var wanted = asked.Count == 0 ? [] : window.Where(order => asked.Remove(order.Id)).ToList();
        if (windowStart == Start && window.Count < WindowMax)
            asked.Clear();
        var byAge = window.OrderBy(order => LookAt(order).At).ToList();
        return
        [
            .. wanted.Union(byAge.Where(order => LookAt(order).Due <= now).Take((LooksMax + 1) / 2)).Union(byAge.Take((LooksMax + 1) / 2)),
        ];

        Look LookAt(WaitingOrder order) => looks.GetValueOrDefault(order.Id, Look.Never);
    }

    async Task<bool> IsDueAsync(WaitingOrder order, Failures failures, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        looks[order.Id] = new(Due: null, now);
        try
        {
            var stream = await participant.LoadAsync(order.Id, cancellation) ?? OrderStream.Empty(order.Id);

            // A crash may have left unpublished that the order is parked. A turn that has only just saved that publishes it itself.
            if (stream.PendingSince < now - Republisher.MinimumAge)
                await participant.RepublishAsync(order.Id, cancellation);
            var isDue = order.Peeked.Any(message => participant.IsDue(stream, message));
            looks[order.Id] = new(isDue ? now : order.NextDue(stream, now), now);
            return isDue;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            failures.Add(order.Id, e);
            return false;
        }
    }

    /// <summary>
    /// Receives up to the last message of an order that is due, and replays each order once all of it is received. What waits is held on
    /// the way, and given back at the end.
    /// </summary>
    async Task<int> WalkAsync(Dictionary<string, WaitingOrder> due, Failures failures, CancellationToken cancellation)
    {
        var last = due.Values.Max(order => order.Last);
        var begun = time.GetTimestamp();
        var handled = 0;
        await using var receiver = queue.Open();
        while (due.Count > 0 && time.GetElapsedTime(begun) < WalkMax)
        {
            var batch = await receiver.ReceiveAsync(BatchMax, cancellation);
            foreach (var letter in batch)
            {
                if (due.TryGetValue(letter.Message.OrderId, out var order) && order.IsReceivedWith(letter))
                    await TryAsync(order);
            }

            // What came meanwhile is for the next run.
            if (batch.Count == 0 || batch.Any(letter => letter.Sequence > last) || failures.AreEnough)
                break;
        }
        foreach (var order in due.Values.Where(_ => !failures.AreEnough).ToList())
            await TryAsync(order);
        return handled;

        async Task TryAsync(WaitingOrder order)
        {
            due.Remove(order.Id);
            try
            {
                handled += await ReplayAsync(order.Held, receiver, cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failures.Add(order.Id, e);
            }
        }
    }

    /// <summary>Replays what was received of one order until none of it makes progress.</summary>
    async Task<int> ReplayAsync(List<DeadMessage> held, IDeadLetterReceiver receiver, CancellationToken cancellation)
    {
        var handled = 0;
        for (var moved = true; moved;)
        {
            moved = false;
            foreach (var letter in held.ToList())
            {
                try
                {
                    await receiver.RenewLockAsync(letter, cancellation);
                    if ((await participant.ReplayAsync(letter.Message, cancellation)).Outcome is TurnOutcome.Waiting)
                        continue;
                    await receiver.CompleteAsync(letter, cancellation);
                    moved = true;
                    handled++;
                }
                catch (LockLostException)
                {
                    // Another replayer holds it now and goes on. If it was handled here, the stream shows that.
                }
                held.Remove(letter);
            }
        }
        return handled;
    }

    /// <param name="Due">When something may become due by itself; null where that is not known.</param>
    sealed record Look(DateTimeOffset? Due, DateTimeOffset At)
    {
        public static readonly Look Never = new(Due: null, DateTimeOffset.MinValue);
    }

    /// <summary>An order's messages in the queue.</summary>
    sealed class WaitingOrder(string id)
    {
        readonly Dictionary<string, ReceivedMessage> peeked = [];

        public string Id => id;
        public long Last { get; private set; }
        public IEnumerable<ReceivedMessage> Peeked => peeked.Values;
        public List<DeadMessage> Held { get; } = [];

        public void Add(DeadMessage letter)
        {
            peeked[letter.Message.Id] = letter.Message;
            Last = letter.Sequence;
        }

        /// <summary>Whether all that was peeked at is received now.</summary>
        public bool IsReceivedWith(DeadMessage letter)
        {
            peeked.Remove(letter.Message.Id);
            Held.Add(letter);
            return peeked.Count == 0;
        }

        /// <summary>The first time from now on that the stream names for one of the messages.</summary>
        public DateTimeOffset? NextDue(OrderStream stream, DateTimeOffset now) =>
            stream.Parked.Where(parked => parked.Due >= now && peeked.ContainsKey(parked.Id)).Min(parked => parked.Due);
    }
}
