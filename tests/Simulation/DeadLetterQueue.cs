using OrderFunctions.Runtime;

namespace OrderFunctions.Simulation;

/// <summary>A subscription's dead-letter queue: no sessions, and each received message is locked for a minute.</summary>
sealed class DeadLetterQueue(World world, string participant)
{
    static readonly TimeSpan LockTime = TimeSpan.FromMinutes(1);

    readonly List<DeadLetter> letters = [];
    long lastSequence;

    public Service Service { get; } = new("dead-letter queue", Fault.DeadLettersBusy, Fault.DeadLettersAnswerLost, Fault.DeadLettersDown);

    public IReadOnlyList<DeadLetter> Letters => letters;

    /// <summary>Changes whenever a dead letter is added or removed.</summary>
    public int Version { get; private set; }

    public void Add(Copy copy)
    {
        letters.Add(new(copy, ++lastSequence));
        Version++;
        world.Upkeep(participant).Wake();
    }

    public List<DeadLetter> Peek(long after, int max) =>
        letters.Where(letter => letter.Sequence > after).Take(AtHand(max)).ToList();

    public List<DeadLetter> Lock(int max)
    {
        foreach (var letter in letters.Where(letter => letter.LockedUntil <= world.Scheduler.Now))
        {
            if (world.Faults.Strike(Fault.DeadLetterHeld, participant))
                (letter.Lock, letter.LockedUntil) = (letter.Lock + 1, world.Scheduler.Now + LockTime);
        }
        var free = letters.Where(letter => letter.LockedUntil <= world.Scheduler.Now).Take(AtHand(max)).ToList();
        foreach (var letter in free)
        {
            letter.Lock++;
            letter.LockedUntil = world.Scheduler.Now + LockTime;
            letter.WasHandled = world.Store(participant)[letter.Copy.OrderId]?.IndexOf(letter.Copy.Id) >= 0;
        }
        return free;
    }

    public void Renew(DeadLetter letter, int held)
    {
        Check(letter, held, Branch.LockLostAtRenewal);
        letter.LockedUntil = world.Scheduler.Now + LockTime;
    }

    public void Complete(DeadLetter letter, int held)
    {
        Check(letter, held, Branch.LockLostAtCompletion);
        world.Reach.Saw(letter.WasHandled ? Branch.DeadLetterWasHandled : Branch.ReplayedHead);
        world.Invariants.Completing(world.Bus[participant], letter.Copy.Message);
        letters.Remove(letter);
        Version++;
    }

    public void Abandon(DeadLetter letter, int held)
    {
        Check(letter, held, Branch.LockLostAtAbandoning);
        letter.Lock++;
        letter.LockedUntil = default;
    }

    /// <summary>A receiver gets the messages that the broker has at hand, rarely all at once.</summary>
    int AtHand(int max) => Math.Min(max, 1 + world.Chance.Below(8));

    void Check(DeadLetter letter, int held, Branch lost)
    {
        if (world.Faults.Strike(Fault.DeadLetterLockLost, participant))
        {
            letter.Lock++;
            letter.LockedUntil = default;
        }
        if (letter.Lock == held && letter.LockedUntil > world.Scheduler.Now)
            return;
        world.Reach.Saw(lost);
        throw new LockLostException("The lock on the dead letter is lost.");
    }
}

sealed class DeadLetter(Copy copy, long sequence)
{
    public Copy Copy => copy;
    public long Sequence => sequence;

    /// <summary>The number of the valid lock. Each new lock gets the next number.</summary>
    public int Lock { get; set; }

    public DateTimeOffset LockedUntil { get; set; }

    /// <summary>Whether the stream already recorded the message as handled when it was last received.</summary>
    public bool WasHandled { get; set; }

    public DeadMessage Read(Host reader) => new(sequence, copy.Received(reader));
}

sealed class DeadLetterPort(Host host, Subscription subscription) : IDeadLetterQueue
{
    DeadLetterQueue Queue => subscription.DeadLetters;

    public async Task<IReadOnlyList<DeadMessage>> PeekAsync(long after, int max, CancellationToken cancellation)
    {
        var letters = await host.CallAsync(
            Queue.Service, "peeks at dead letters", subscription.Name, () => Queue.Peek(after, max), cancellation);
        return letters.ConvertAll(letter => letter.Read(host));
    }

    public IDeadLetterReceiver Open() => new DeadLetterReceiver(host, subscription);
}

sealed class DeadLetterReceiver(Host host, Subscription subscription) : IDeadLetterReceiver
{
    readonly Dictionary<long, (DeadLetter Letter, int Lock)> held = [];

    DeadLetterQueue Queue => subscription.DeadLetters;

    public async Task<IReadOnlyList<DeadMessage>> ReceiveAsync(int max, CancellationToken cancellation)
    {
        var letters = await host.CallAsync(
            Queue.Service, "receives dead letters", subscription.Name, () => Queue.Lock(max).ConvertAll(l => (l, l.Lock)), cancellation);
        foreach (var (letter, @lock) in letters)
            held[letter.Sequence] = (letter, @lock);
        return letters.ConvertAll(one => one.l.Read(host));
    }

    public Task RenewLockAsync(DeadMessage message, CancellationToken cancellation) => OnHeldAsync("renews", message, Queue.Renew, cancellation);

    public async Task CompleteAsync(DeadMessage message, CancellationToken cancellation)
    {
        await OnHeldAsync("completes dead letter", message, Queue.Complete, cancellation);
        held.Remove(message.Sequence);
    }

    public async ValueTask DisposeAsync()
    {
        if (held.Count == 0)
            return;
        try
        {
            await host.CallAsync(Queue.Service, "leaves dead letters", subscription.Name, GiveBack, CancellationToken.None);
        }
        catch (TransientException)
        {
            // The locks end by themselves.
        }
    }

    void GiveBack()
    {
        foreach (var (letter, @lock) in held.Values)
        {
            try
            {
                Queue.Abandon(letter, @lock);
            }
            catch (LockLostException)
            {
                // Given back already.
            }
        }
    }

    Task OnHeldAsync(string what, DeadMessage message, Action<DeadLetter, int> effect, CancellationToken cancellation)
    {
        var (letter, @lock) = held.TryGetValue(message.Sequence, out var mine) ? mine : throw new InvalidOperationException("This receiver never held it.");
        return host.CallAsync(Queue.Service, what, message.Message.Id, () => effect(letter, @lock), cancellation);
    }
}
