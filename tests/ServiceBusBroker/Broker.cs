using System.Collections.Concurrent;
using Microsoft.Azure.Amqp;
using OrderFunctions.ServiceBusBroker.Entities;
using OrderFunctions.ServiceBusBroker.Wire;

namespace OrderFunctions.ServiceBusBroker;

/// <summary>
/// A fake of Service Bus over AMQP on loopback, used below Azure's own client. It supports what this project uses: one topic, subscriptions
/// with sessions, dead-letter queues, <c>$management</c> and <c>$cbs</c>. It rejects everything else, and tests can inject faults.
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

    /// <summary>Called before each call. Return null for no fault.</summary>
    public Func<BrokerCall, Fault?> Faults { get; set; } = _ => null;

    internal BrokerOptions Options { get; }
    internal Topic Topic { get; }

    /// <summary>
    /// Client requests that the broker does not support, and the broker's own errors. If this is not empty, the test proves nothing.
    /// </summary>
    public IReadOnlyCollection<Exception> Unknown => unknown;

    /// <summary>All calls that were carried out, in order.</summary>
    public Task<IReadOnlyList<BrokerCall>> CallsAsync() => loop.AskAsync<IReadOnlyList<BrokerCall>>(() => [.. calls]);

    /// <summary>How each session lock that has ended was used.</summary>
    public Task<IReadOnlyList<SessionUse>> SessionUsesAsync() => loop.AskAsync<IReadOnlyList<SessionUse>>(() => [.. uses]);

    /// <summary>The messages that the topic has accepted, without duplicates.</summary>
    public Task<IReadOnlyList<BrokerMessage>> AcceptedAsync() => loop.AskAsync<IReadOnlyList<BrokerMessage>>(() => [.. Topic.Accepted]);

    /// <summary>What a subscription holds now, and what is scheduled in the topic.</summary>
    public Task<SubscriptionDepth> DepthAsync(string subscription) => loop.AskAsync(() =>
    {
        var at = Topic.Subscriptions[subscription];
        return new SubscriptionDepth(at.Messages.Count(), at.DeadLetters.Messages.Count, at.HeldSessions, Topic.Scheduled);
    });

    /// <summary>Dead-letters what waits in a subscription, as when its time to live ends.</summary>
    public Task ExpireAsync(string subscription) => loop.AskAsync(() =>
    {
        Topic.Subscriptions[subscription].Expire();
        return true;
    });

    /// <summary>Waits until all work that the clock or clients have triggered so far is done.</summary>
    public Task SettledAsync() => loop.AskAsync(() => true);

    /// <summary>Breaks every connection.</summary>
    public void DropConnections() => listener.DropConnections();

    internal void Post(Action action) => loop.Post(action);

    /// <summary>Carries out what a link requested, unless a fault is injected.</summary>
    /// <param name="answer">Called with null once the call is carried out, or with the error to send to the client.</param>
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

    /// <summary>
    /// Returns the error to send to the client. A failure that Service Bus does not have is reported to the test as well.
    /// </summary>
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
/// <param name="HeldSessions">Sessions that are locked.</param>
/// <param name="Scheduled">Scheduled messages in the whole topic.</param>
public sealed record SubscriptionDepth(int Waiting, int Dead, IReadOnlyList<string> HeldSessions, int Scheduled);

/// <summary>How a session lock was used.</summary>
/// <param name="Settled">Messages settled under the lock.</param>
/// <param name="Idle">The time from the last settlement to the end of the lock; without a settlement, from the start of the lock.</param>
public sealed record SessionUse(string Subscription, string Session, int Settled, TimeSpan Idle);
