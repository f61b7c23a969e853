using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>
/// A caller from outside that repeats the same HTTP request until there is an answer, or gives up. Customers may give up, most of
/// them while the bus is down; the carrier and operators never do.
/// </summary>
sealed class HttpRequest
{
    static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(30);
    static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10)];

    readonly World world;
    readonly string who;
    readonly string participant;
    readonly string orderId;
    readonly string about;
    readonly string request;
    readonly Func<Host, CancellationToken, Task> call;
    readonly Action? answered;
    readonly Func<bool>? mayRepeat;
    int attempt;
    bool ended;

    /// <summary>A request that a participant handles on the order's stream.</summary>
    /// <param name="mayRepeat">Whether what it says still holds, where it is to be sent once more.</param>
    public HttpRequest(
        World world, string who, string participant, string orderId, string requestId, OrderEvent request, Action? answered = null,
        Func<bool>? mayRepeat = null)
        : this(world, who, participant, orderId, requestId, request.GetType().Name,
            (host, stopping) => AskAsync(host, orderId, requestId, request, stopping), answered, mayRepeat)
    {
        world.Requests[(participant, orderId, requestId)] = request;
    }

    /// <summary>The carrier's webhook, at Shipping's app.</summary>
    public static HttpRequest ToWebhook(World world, string orderId, string trackingId) =>
        new(world, "carrier", Participants.Shipping, orderId, trackingId, nameof(CarrierPickedUp),
            (host, stopping) => ReportAsync(host, orderId, trackingId, stopping), answered: null);

    HttpRequest(
        World world, string who, string participant, string orderId, string id, string request, Func<Host, CancellationToken, Task> call,
        Action? answered, Func<bool>? mayRepeat = null)
    {
        (this.world, this.who, this.participant, this.orderId, this.request) = (world, who, participant, orderId, request);
        (about, this.call, this.answered, this.mayRepeat) = ($"{orderId} {id}", call, answered, mayRepeat);
        world.Requested(orderId);
        Send();
    }

    static async Task AskAsync(Host host, string orderId, string requestId, OrderEvent request, CancellationToken stopping)
    {
        var (world, participant) = (host.World, host.Participant.Name);
        var calls = Strand.Current!.Calls;
        var wasHandled = world.Store(participant)[orderId]?.IndexOf(requestId) >= 0;
        await host.Participant.RequestAsync(orderId, requestId, request, stopping);
        world.Invariants.Answering(participant, orderId, requestId);
        world.Invariants.Economical(participant, orderId, requestId, wasHandled ? 0 : 1, calls);
        if (wasHandled)
            world.Reach.Saw(Branch.RequestAnsweredFromEntries);
    }

    static async Task ReportAsync(Host host, string orderId, string trackingId, CancellationToken stopping)
    {
        var calls = Strand.Current!.Calls;
        await host.Bus.ReportPickUpAsync(orderId, eventId: trackingId, trackingId, stopping);
        if (host.World.Bus.Published(MessageId.OfCarrierEvent(orderId, trackingId)) is null)
            host.World.Invariants.Broken("No webhook is answered before the bus has its message", orderId, trackingId);
        if (calls is not ["publishes"])
            host.World.Invariants.Broken("A webhook publishes, and touches no stream", orderId, string.Join(", ", calls));
    }

    void Send()
    {
        var mine = ++attempt;
        if (world.AnyHost(participant) is { } host)
        {
            world.History.Add(who, "asks " + host.Name, about, request);
            host.Start(stopping => SendAsync(host, mine, stopping));
        }
        world.Scheduler.After(AnswerMax, () => Retry(mine));
    }

    async Task SendAsync(Host host, int mine, CancellationToken stopping)
    {
        try
        {
            await call(host, stopping);
            if (world.Faults.Strike(Fault.HttpAnswerLost))
                return;
            if (!ended)
                End("answered");
        }
        catch (Exception e) when (Host.IsExpected(e))
        {
            world.History.Add(host.Name, "cannot answer", about, e.GetType().Name);
            Retry(mine);
        }
        catch (Exception e)
        {
            world.Invariants.Broken("A request fails for transient reasons only", about, e.ToString());
        }
    }

    void Retry(int expected)
    {
        if (ended || attempt != expected)
            return;
        if (who == World.Customer && world.Faults.Strike(Fault.ClientGaveUp, often: world.Bus.Service.DownUntil > world.Scheduler.Now))
        {
            End("given up");
            return;
        }
        var mine = ++attempt;
        world.Scheduler.After(Pauses[Math.Min(mine / 2, Pauses.Length) - 1], () =>
        {
            if (ended || attempt != mine)
                return;
            if (mayRepeat?.Invoke() is false)
                End("thinks better of it");
            else
                Send();
        });
    }

    void End(string how)
    {
        ended = true;
        world.Answered(orderId);
        world.History.Add(who, how, about);
        if (how == "answered")
            answered?.Invoke();
    }
}
