namespace OrderFunctions.Simulation;

/// <summary>
/// One chain of awaits on a host, for example a delivery, a request or one run of a timer. A cancelled <c>Task.Delay</c> continues on the
/// thread pool, where the run could not be repeated. So whatever cancels a strand waits until the strand is awake.
/// </summary>
sealed class Strand(DateTimeOffset startedAt) : IDisposable
{
    readonly CancellationTokenSource stopping = new();
    readonly List<Action> onceAwake = [];
    int asleep;

    /// <summary>The strand that is running now. There is at most one, because every awaited continuation runs inline.</summary>
    [ThreadStatic]
    static Strand? current;

    public static Strand? Current => current;

    public DateTimeOffset StartedAt => startedAt;

    /// <summary>It asks a provider what was done for an order that is being called off.</summary>
    public bool CallsOff { get; set; }

    /// <summary>The names of the calls it has made, in order.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Cancelled when its host stops.</summary>
    public CancellationToken Stopping => stopping.Token;

    public void Stop() => Awake(() => Run(stopping.Cancel));

    /// <summary>Starts or continues the strand.</summary>
    public void Run(Action step)
    {
        var before = current;
        current = this;
        step();
        current = before;
    }

    public void Dispose()
    {
        onceAwake.Clear();
        stopping.Dispose();
    }

    public void FallAsleep() => asleep++;

    public void WakeUp()
    {
        asleep--;
        while (asleep == 0 && onceAwake.Count > 0)
        {
            var action = onceAwake[0];
            onceAwake.RemoveAt(0);
            action();
        }
    }

    /// <summary>Runs the action now, or as soon as the strand is not asleep.</summary>
    public void Awake(Action action)
    {
        if (asleep == 0)
            action();
        else
            onceAwake.Add(action);
    }
}
