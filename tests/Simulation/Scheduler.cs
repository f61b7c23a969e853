namespace OrderFunctions.Simulation;

/// <summary>
/// The single thread of a simulated world. Everything that is to happen waits here for its virtual time. Nothing else advances time, and
/// nothing happens immediately.
/// </summary>
sealed class Scheduler
{
    public static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly PriorityQueue<Action, Moment> queue = new(Moment.Order);
    readonly int thread = Environment.CurrentManagedThreadId;
    long now;
    long due;
    long number;

    public DateTimeOffset Now => Start.AddTicks(now);

    /// <summary>
    /// When the current event was due. A call that was in transit when our machines paused arrived on time, because the outside did not
    /// pause.
    /// </summary>
    public DateTimeOffset Due => Start.AddTicks(due);

    /// <summary>Ticks since the start.</summary>
    public long Elapsed => now;

    /// <summary>How many events have happened.</summary>
    public long Steps { get; private set; }

    public void After(TimeSpan delay, Action action)
    {
        // If an await of the kernel continued on another thread, the run could not be repeated, and this queue would be corrupted.
        if (Environment.CurrentManagedThreadId != thread)
            Environment.FailFast("The simulation has left its thread.");
        queue.Enqueue(action, new(now + Math.Max(0, delay.Ticks), ++number));
    }

    /// <summary>Runs the next event; returns false if there is none left.</summary>
    public bool Step()
    {
        if (!queue.TryDequeue(out var action, out var moment))
            return false;
        due = moment.At;
        now = Math.Max(now, due);
        Steps++;
        action();
        return true;
    }

    /// <summary>Makes everything that waits late at once, as after a pause of the machine.</summary>
    public void Jump(TimeSpan by) => now += by.Ticks;

    readonly record struct Moment(long At, long Number)
    {
        public static readonly Comparer<Moment> Order = Comparer<Moment>.Create(
            (a, b) => a.At != b.At ? a.At.CompareTo(b.At) : a.Number.CompareTo(b.Number));
    }
}

/// <summary>Time as one host sees it. Its timers die with the host.</summary>
/// <param name="ahead">Of everyone else's clock; negative where it is behind.</param>
sealed class HostClock(Host host, Scheduler scheduler, TimeSpan ahead) : TimeProvider
{
    /// <summary>
    /// An assumption about hosts: their clocks and the bus's differ by less than five minutes, after which a second copy of a message counts
    /// as one.
    /// </summary>
    public static readonly TimeSpan AheadMax = TimeSpan.FromMinutes(4);

    public override DateTimeOffset GetUtcNow() => scheduler.Now + ahead;

    public void SetBack(Chance chance) => ahead -= chance.Below(AheadMax + ahead);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => scheduler.Elapsed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    // Whole milliseconds, because a backoff is computed with exponentials, and their last digit differs between machines.
    void After(TimeSpan delay, Action fire) => scheduler.After(TimeSpan.FromMilliseconds(Math.Ceiling(delay.TotalMilliseconds)), () =>
    {
        if (host.Alive)
            fire();
    });

    sealed class Timer(HostClock clock, TimerCallback callback, object? state) : ITimer
    {
        readonly Strand strand = Strand.Current ?? throw new InvalidOperationException("Only a strand waits.");

        // A timer that is not a time limit is a delay, in which the strand sleeps.
        readonly bool isLimit = state is CancellationTokenSource;
        int version;
        bool sleeps;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan && period != TimeSpan.Zero)
                throw new NotSupportedException("Nothing that is simulated uses a timer that repeats.");
            var current = ++version;
            if (dueTime == Timeout.InfiniteTimeSpan)
                return true;
            if (!isLimit && !sleeps)
            {
                sleeps = true;
                strand.FallAsleep();
            }
            clock.After(dueTime, () => Fire(current));
            return true;
        }

        void Fire(int expected)
        {
            if (version != expected)
                return;
            if (isLimit)
                strand.Awake(() => Expire(expected));
            else
            {
                strand.Run(() => callback(state));
                WakeUp();
            }
        }

        void Expire(int expected)
        {
            if (version == expected)
                strand.Run(() => callback(state));
        }

        void WakeUp()
        {
            if (!sleeps)
                return;
            sleeps = false;
            strand.WakeUp();
        }

        public void Dispose()
        {
            version++;
            WakeUp();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
