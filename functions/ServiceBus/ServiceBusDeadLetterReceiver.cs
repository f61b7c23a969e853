using Azure.Messaging.ServiceBus;
using OrderFunctions.Runtime;

namespace OrderFunctions.ServiceBus;

/// <summary>
/// Locks dead letters. Deliberately closed after use: a receiver that stays open leaves its credit with the broker, which then delivers to
/// it what nobody waits for.
/// </summary>
sealed class ServiceBusDeadLetterReceiver(ServiceBusReceiver receiver) : IDeadLetterReceiver
{
    /// <summary>How long to wait for messages: one that comes later is found by the next run.</summary>
    static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(2);

    /// <summary>For giving back what is held. What is not given back in time comes back when its lock ends.</summary>
    static readonly TimeSpan ClosingMax = TimeSpan.FromSeconds(10);

    const int GivenBackAtOnce = 32;

    /// <summary>
    /// By sequence number, the locks alone: nearly all of what is received only waits, and its bodies would fill the memory.
    /// </summary>
    readonly Dictionary<long, Guid> locks = [];

    public async Task<IReadOnlyList<DeadMessage>> ReceiveAsync(int max, CancellationToken cancellation)
    {
        var messages = await AskAsync(() => receiver.ReceiveMessagesAsync(max, WaitMax, cancellation), cancellation);
        foreach (var message in messages)
            locks[message.SequenceNumber] = Guid.Parse(message.LockToken);
        return [.. messages.Select(message => new DeadMessage(message.SequenceNumber, message.ToReceived()))];
    }

    public Task RenewLockAsync(DeadMessage letter, CancellationToken cancellation) =>
        AskAsync(() => receiver.RenewMessageLockAsync(Held(letter.Sequence), cancellation), cancellation);

    public async Task CompleteAsync(DeadMessage letter, CancellationToken cancellation)
    {
        await AskAsync(() => receiver.CompleteMessageAsync(Held(letter.Sequence), cancellation), cancellation);
        locks.Remove(letter.Sequence);
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(ClosingMax);
        try
        {
            await Parallel.ForEachAsync(
                locks.Keys, new ParallelOptions { MaxDegreeOfParallelism = GivenBackAtOnce, CancellationToken = limit.Token },
                async (sequence, cancellation) =>
                {
                    try
                    {
                        await AskAsync(() => receiver.AbandonMessageAsync(Held(sequence), null, cancellation), cancellation);
                    }
                    catch (LockLostException)
                    {
                        // Given back already.
                    }
                });
        }
        catch (Exception e) when (e is TransientException or OperationCanceledException)
        {
            // The locks end by themselves.
        }
        await receiver.DisposeAsync();
    }

    /// <summary>The client settles by the lock alone.</summary>
    ServiceBusReceivedMessage Held(long sequence) => locks.TryGetValue(sequence, out var token)
        ? ServiceBusModelFactory.ServiceBusReceivedMessage(lockTokenGuid: token, sequenceNumber: sequence)
        : throw new ArgumentException($"Number {sequence} is not held here.", nameof(sequence));

    /// <exception cref="LockLostException">Another consumer may hold it.</exception>
    /// <exception cref="TransientException">The outcome is unknown.</exception>
    internal static async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellation)
    {
        try
        {
            return await ask();
        }
        catch (ServiceBusException e) when (e.Reason is ServiceBusFailureReason.MessageLockLost or ServiceBusFailureReason.MessageNotFound)
        {
            throw new LockLostException(e.Message, e);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && e is not ArgumentException)
        {
            throw new TransientException($"The dead-letter queue did not answer: {e.Message}", e);
        }
    }

    static Task<bool> AskAsync(Func<Task> ask, CancellationToken cancellation) => AskAsync(async () =>
    {
        await ask();
        return true;
    }, cancellation);
}
