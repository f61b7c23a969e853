namespace OrderFunctions.Local.Storage;

/// <summary>Holds items until they are due, with one timer for all of them.</summary>
/// <param name="due">Called on the timer's thread with the items that are due, in order.</param>
sealed class TimerQueue<T>(TimeProvider time, Action<IReadOnlyList<T>> due) : IDisposable
{
    /// <summary>A timer takes no more than some weeks.</summary>
    static readonly TimeSpan SleepMax = TimeSpan.FromDays(1);

    /// <summary>Between two calls: where much is due, each takes what has come due meanwhile.</summary>
    static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(10);

    readonly Lock gate = new();
    readonly PriorityQueue<T, (DateTimeOffset Due, long Order)> waiting = new();
    ITimer? timer;
    DateTimeOffset? setFor;
    long order;
    bool disposed;

    public int Count
    {
        get
        {
            lock (gate)
                return waiting.Count;
        }
    }

    public void Add(T item, DateTimeOffset at)
    {
        lock (gate)
        {
            waiting.Enqueue(item, (at, order++));
            SetTimer(time.GetUtcNow());
        }
    }

    void SetTimer(DateTimeOffset now, TimeSpan atLeast = default)
    {
        if (disposed || !waiting.TryPeek(out _, out var next) || setFor <= next.Due)
            return;
        var pause = next.Due - now;
        pause = pause < atLeast ? atLeast : pause > SleepMax ? SleepMax : pause;
        setFor = now + pause;
        if (timer is null)
            timer = time.CreateTimer(_ => Wake(), null, pause, Timeout.InfiniteTimeSpan);
        else
            timer.Change(pause, Timeout.InfiniteTimeSpan);
    }

    void Wake()
    {
        var now = time.GetUtcNow();
        var found = new List<T>();
        lock (gate)
        {
            setFor = null;
            while (waiting.TryPeek(out var item, out var next) && next.Due <= now)
            {
                waiting.Dequeue();
                found.Add(item);
            }
            SetTimer(now, PauseMin);
        }
        if (found.Count > 0)
            due(found);
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            timer?.Dispose();
        }
    }
}
