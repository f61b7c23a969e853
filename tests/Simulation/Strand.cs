namespace OrderFunctions.Simulation;

/// <summary>
/// One course of awaits on a host: a delivery, a request, a run of a timer. A cancelled <c>Task.Delay</c> goes on in the thread pool, where
/// nothing could be repeated, so that whatever cancels a strand waits until it is awake.
/// </summary>
sealed class Strand(DateTimeOffset startedAt) : IDisposable
{
    readonly CancellationTokenSource stopping = new();
    readonly List<Action> onceAwake = [];
    int asleep;

    /// <summary>The one that runs now: everything that is awaited goes on inline, so there is at most one.</summary>
    [ThreadStatic]
    static Strand? current;

    public static Strand? Current => current;

    public DateTimeOffset StartedAt => startedAt;

    /// <summary>It asks a provider what was made of an order that is called off.</summary>
    public bool CallsOff { get; set; }

    /// <summary>What it has called, in order, by the calls' names.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Its host stops.</summary>
    public CancellationToken Stopping => stopping.Token;

    public void Stop() => Awake(() => Run(stopping.Cancel));

    /// <summary>Starts it, or goes on with it.</summary>
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

    /// <summary>Now, or as soon as it does not sleep.</summary>
    public void Awake(Action action)
    {
        if (asleep == 0)
            action();
        else
            onceAwake.Add(action);
    }
}
