using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>
/// A caller from outside that repeats the same HTTP request until there is an answer, or gives up. Customers may give up; the carrier and
/// operators never do.
/// </summary>
sealed class HttpRequest
{
    static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(30);
    static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10)];

    readonly World world;
    readonly string who;
    readonly string participant;
    readonly string orderId;
    readonly string requestId;
    readonly OrderEvent request;
    readonly Action? answered;
    int attempt;
    bool ended;

    public HttpRequest(World world, string who, string participant, string orderId, string requestId, OrderEvent request, Action? answered = null)
    {
        (this.world, this.who, this.participant, this.orderId, this.requestId, this.request) = (world, who, participant, orderId, requestId, request);
        this.answered = answered;
        world.OpenRequests++;
        world.Requests[(participant, orderId, requestId)] = request;
        Send();
    }

    void Send()
    {
        var mine = ++attempt;
        if (world.AnyHost(participant) is { } host)
        {
            world.History.Add(who, "asks " + host.Name, $"{orderId} {requestId}", request.GetType().Name);
            host.Start(stopping => SendAsync(host, mine, stopping));
        }
        world.Scheduler.After(AnswerMax, () => Retry(mine));
    }

    async Task SendAsync(Host host, int mine, CancellationToken stopping)
    {
        var calls = Strand.Current!.Calls;
        var wasHandled = world.Store(participant)[orderId]?.IndexOf(requestId) >= 0;
        try
        {
            await host.Participant.RequestAsync(orderId, requestId, request, stopping);
            world.Invariants.Answering(participant, orderId, requestId);
            world.Invariants.Economical(participant, orderId, requestId, wasHandled ? 0 : 1, calls);
            if (wasHandled)
                world.Reach.Saw(Branch.RequestAnsweredFromEntries);
            if (world.Faults.Strike(Fault.HttpAnswerLost))
                return;
            if (!ended)
                End("answered");
        }
        catch (Exception e) when (Host.IsExpected(e))
        {
            world.History.Add(host.Name, "cannot answer", $"{orderId} {requestId}", e.GetType().Name);
            Retry(mine);
        }
        catch (Exception e)
        {
            world.Invariants.Broken("A request fails for transient reasons only", orderId, e.ToString());
        }
    }

    void Retry(int expected)
    {
        if (ended || attempt != expected)
            return;
        if (who == World.Customer && world.Faults.Strike(Fault.ClientGaveUp))
        {
            End("given up");
            return;
        }
        var mine = ++attempt;
        world.Scheduler.After(Pauses[Math.Min(mine / 2, Pauses.Length) - 1], () =>
        {
            if (!ended && attempt == mine)
                Send();
        });
    }

    void End(string how)
    {
        ended = true;
        world.OpenRequests--;
        world.History.Add(who, how, $"{orderId} {requestId}");
        if (how == "answered")
            answered?.Invoke();
    }
}
