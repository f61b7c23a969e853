using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.Simulation;

/// <summary>A subscription's dead-letter queue: no sessions, and each received message is locked for a minute.</summary>
sealed class DeadLetterQueue(World world, string participant)
{
    static readonly TimeSpan LockTime = TimeSpan.FromMinutes(1);

    readonly List<DeadLetter> letters = [];

    public Service Service { get; } = new("dead-letter queue", Fault.DeadLettersBusy, Fault.DeadLettersAnswerLost, Fault.DeadLettersDown);

    public IReadOnlyList<DeadLetter> Letters => letters;

    /// <summary>Changes whenever a dead letter is added or removed.</summary>
    public int Version { get; private set; }

    public void Add(Copy copy)
    {
        letters.Add(new(copy));
        Version++;
        world.WakeReplayer(participant);
    }

    public List<DeadLetter> Lock(int max)
    {
        // A receiver gets the messages that the broker has at hand, rarely all at once.
        var atHand = Math.Min(max, 1 + world.Chance.Below(8));
        var free = letters.Where(letter => letter.LockedUntil <= world.Scheduler.Now).Take(atHand).ToList();
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

sealed class DeadLetter(Copy copy)
{
    public Copy Copy => copy;

    /// <summary>The number of the valid lock. Each new lock gets the next number.</summary>
    public int Lock { get; set; }

    public DateTimeOffset LockedUntil { get; set; }

    /// <summary>Whether the stream already recorded the message as handled when it was last received.</summary>
    public bool WasHandled { get; set; }
}

sealed class DeadLetterPort(Host host, Subscription subscription) : IDeadLetterQueue
{
    readonly Dictionary<ReceivedMessage, (DeadLetter Letter, int Lock)> held = new(ReferenceEqualityComparer.Instance);

    DeadLetterQueue Queue => subscription.DeadLetters;

    public async Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(int max, CancellationToken cancellation)
    {
        var letters = await host.CallAsync(Queue.Service, "receives dead letters", subscription.Name, () => Queue.Lock(max).ConvertAll(l => (l, l.Lock)), cancellation);
        var messages = new List<ReceivedMessage>();
        foreach (var (letter, @lock) in letters)
        {
            var message = letter.Copy.Received(host.World.Bugs.CanRead(subscription.Name, letter.Copy.Id));
            held.Add(message, (letter, @lock));
            messages.Add(message);
        }
        return messages;
    }

    public Task RenewLockAsync(ReceivedMessage message, CancellationToken cancellation) =>
        SettleAsync("renews", message, Queue.Renew, cancellation);

    public Task CompleteAsync(ReceivedMessage message, CancellationToken cancellation) =>
        SettleAsync("completes dead letter", message, Queue.Complete, cancellation);

    public Task AbandonAsync(ReceivedMessage message, CancellationToken cancellation) =>
        SettleAsync("leaves dead letter", message, Queue.Abandon, cancellation);

    Task SettleAsync(string what, ReceivedMessage message, Action<DeadLetter, int> effect, CancellationToken cancellation)
    {
        var (letter, @lock) = held.TryGetValue(message, out var mine) ? mine : throw new InvalidOperationException("This receiver never held it.");
        return host.CallAsync(Queue.Service, what, message.Id, () => effect(letter, @lock), cancellation);
    }
}
