using OrderFunctions.Kernel;

namespace OrderFunctions.Runtime;

/// <summary>
/// Replays a participant's dead-letter queue: each order's messages in the order in which its stream lists them as parked. Two replayers
/// may run at once, and either may crash at any moment: the stream and the locks decide.
/// </summary>
public sealed class Replayer(Participant participant, IDeadLetterQueue queue)
{
    /// <summary>Messages locked in one run; the rest is left to later runs.</summary>
    const int HeldMax = 1_000;

    public string Participant => participant.Name;

    /// <summary>Replays what is due. Returns the number of messages that left the queue.</summary>
    /// <exception cref="TransientException">The queue or the store is unavailable.</exception>
    /// <exception cref="AggregateException">Some streams failed for other reasons; all other orders were tried.</exception>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var held = await ReceiveAsync(cancellation);
        var handled = 0;
        var broken = new List<Exception>();
        foreach (var order in held.GroupBy(message => message.OrderId))
        {
            try
            {
                handled += await ReplayAsync([.. order], cancellation);
            }
            catch (Exception e) when (e is not (TransientException or OperationCanceledException))
            {
                // One broken stream must not keep all other orders from being replayed.
                broken.Add(e);
            }
        }
        return broken.Count == 0 ? handled : throw new AggregateException(broken);
    }

    async Task<List<ReceivedMessage>> ReceiveAsync(CancellationToken cancellation)
    {
        var held = new List<ReceivedMessage>();
        while (held.Count < HeldMax && await queue.ReceiveAsync(HeldMax - held.Count, cancellation) is { Count: > 0 } batch)
            held.AddRange(batch);
        return held;
    }

    /// <summary>Replays one order's messages until none of them makes progress, then gives back the rest.</summary>
    async Task<int> ReplayAsync(List<ReceivedMessage> waiting, CancellationToken cancellation)
    {
        var received = waiting.Count;
        for (var moved = true; moved && waiting.Count > 0;)
        {
            moved = false;
            foreach (var message in waiting.ToList())
            {
                try
                {
                    await queue.RenewLockAsync(message, cancellation);
                    if ((await participant.ReplayAsync(message, cancellation)).Outcome is TurnOutcome.Waiting)
                        continue;
                    await queue.CompleteAsync(message, cancellation);
                    moved = true;
                }
                catch (LockLostException)
                {
                    // Another replayer holds it now and goes on. If it was handled here, the stream shows that.
                }
                waiting.Remove(message);
            }
        }
        foreach (var message in waiting)
            await AbandonAsync(message, cancellation);
        return received - waiting.Count;
    }

    async Task AbandonAsync(ReceivedMessage message, CancellationToken cancellation)
    {
        try
        {
            await queue.AbandonAsync(message, cancellation);
        }
        catch (LockLostException)
        {
            // Given back already.
        }
    }
}
