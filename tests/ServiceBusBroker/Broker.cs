using System.Collections.Concurrent;
using Microsoft.Azure.Amqp;
using OrderFunctions.ServiceBusBroker.Entities;
using OrderFunctions.ServiceBusBroker.Wire;

namespace OrderFunctions.ServiceBusBroker;

/// <summary>
/// Service Bus as far as this project uses it, over AMQP on loopback, below Azure's own client: one topic, subscriptions with sessions,
/// dead-letter queues, <c>$management</c> and <c>$cbs</c>. It refuses what it does not know, and lets a test decide what goes wrong.
/// </summary>
public sealed class Broker : IAsyncDisposable
{
    readonly EventLoop loop;
    readonly Listener listener;
    readonly ITimer ticks;
    readonly List<BrokerCall> calls = [];
    readonly List<SessionUse> uses = [];
    readonly ConcurrentQueue<Exception> unknown = [];
    int lastCall;

    public Broker(BrokerOptions options)
    {
        Options = options;
        loop = new(unknown.Enqueue);
        Topic = new(options, uses.Add);
        listener = new(new LinkFactory(this));
        ticks = options.Time.CreateTimer(_ => loop.Post(Topic.Tick), null, options.LockDuration / 10, options.LockDuration / 10);
    }

    public string ConnectionString =>
        $"Endpoint=sb://127.0.0.1:{listener.Port};SharedAccessKeyName=tests;SharedAccessKey=tests;UseDevelopmentEmulator=true";

    /// <summary>Asked before each call; null lets it pass.</summary>
    public Func<BrokerCall, Fault?> Faults { get; set; } = _ => null;

    internal BrokerOptions Options { get; }
    internal Topic Topic { get; }

    /// <summary>What clients asked for and nobody here knows, and what went wrong here: empty, or the test proves nothing.</summary>
    public IReadOnlyCollection<Exception> Unknown => unknown;

    /// <summary>All calls that were carried out, in their order.</summary>
    public Task<IReadOnlyList<BrokerCall>> CallsAsync() => loop.AskAsync<IReadOnlyList<BrokerCall>>(() => [.. calls]);

    /// <summary>How each lock of a session was used that has ended.</summary>
    public Task<IReadOnlyList<SessionUse>> SessionUsesAsync() => loop.AskAsync<IReadOnlyList<SessionUse>>(() => [.. uses]);

    /// <summary>What the topic has accepted, without duplicates.</summary>
    public Task<IReadOnlyList<BrokerMessage>> AcceptedAsync() => loop.AskAsync<IReadOnlyList<BrokerMessage>>(() => [.. Topic.Accepted]);

    /// <summary>What a subscription holds, and the topic for its time.</summary>
    public Task<SubscriptionDepth> DepthAsync(string subscription) => loop.AskAsync(() =>
    {
        var at = Topic.Subscriptions[subscription];
        return new SubscriptionDepth(at.Messages.Count(), at.DeadLetters.Messages.Count, at.HeldSessions, Topic.Scheduled);
    });

    /// <summary>Waits until all that the clock or clients have set off here so far is done.</summary>
    public Task SettledAsync() => loop.AskAsync(() => true);

    /// <summary>Breaks every connection.</summary>
    public void DropConnections() => listener.DropConnections();

    internal void Post(Action action) => loop.Post(action);

    /// <summary>Carries out what a link asked for, unless something is to go wrong with it.</summary>
    /// <param name="answer">Called with null once it is carried out, or with what the client is told instead.</param>
    internal void Perform(AmqpLink link, BrokerCall call, Action act, Action<BrokerException?> answer)
    {
        call = call with { Number = ++lastCall };
        switch (Faults(call))
        {
            case null:
                answer(Try(call, act));
                break;
            case { Kind: FaultKind.Lost } lost:
                if (lost.IsApplied)
                    Try(call, act);
                link.Session.Connection.Abort();
                break;
            case { Kind: FaultKind.Refused } refused:
                answer(new(refused.Condition, "as the test wants it"));
                break;
            case { Kind: FaultKind.Detached } detached:
                link.SafeClose(new BrokerException(detached.Condition, "as the test wants it").ToAmqp());
                break;
            case { Kind: FaultKind.Slow } slow:
                _ = Task.Delay(slow.Delay).ContinueWith(_ => loop.Post(() => answer(Try(call, act))), TaskScheduler.Default);
                break;
        }
    }

    /// <summary>What the client is told of a failure. The test is told, too, where it is not one that Service Bus has.</summary>
    internal BrokerException Report(Exception failure)
    {
        if (failure is not BrokerException { IsUnknown: false })
            unknown.Enqueue(failure);
        return failure as BrokerException ?? new(AmqpErrorCode.InternalError, failure.Message);
    }

    BrokerException? Try(BrokerCall call, Action act)
    {
        try
        {
            act();
            calls.Add(call);
            return null;
        }
        catch (Exception e)
        {
            return Report(e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ticks.DisposeAsync();
        listener.Dispose();
        await loop.DisposeAsync();
    }
}

/// <param name="Waiting">Messages in the subscription.</param>
/// <param name="Dead">Messages in its dead-letter queue.</param>
/// <param name="HeldSessions">Sessions that somebody has locked.</param>
/// <param name="Scheduled">Messages in the whole topic that wait for their time.</param>
public sealed record SubscriptionDepth(int Waiting, int Dead, IReadOnlyList<string> HeldSessions, int Scheduled);

/// <summary>How a session was held.</summary>
/// <param name="Settled">Messages settled under the lock.</param>
/// <param name="Idle">From the last settlement, or from the lock where there was none, to the end.</param>
public sealed record SessionUse(string Subscription, string Session, int Settled, TimeSpan Idle);
