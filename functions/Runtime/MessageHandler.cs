using Microsoft.Extensions.Logging;
using OrderFunctions.Kernel;

namespace OrderFunctions.Runtime;

/// <summary>
/// Takes one delivery from its turn to its settlement: completes only what was published, gives back what could not be handled now,
/// dead-letters only what the stream lists as parked, and releases the session last.
/// </summary>
public sealed partial class MessageHandler(Participant participant, TurnOptions options, TimeProvider time, ILogger<MessageHandler> log)
{
    readonly TimeLimits limits = new(options.TurnMax, time);

    public string Participant => participant.Name;

    /// <summary>Returns what became of the message; null where it will be delivered again.</summary>
    /// <param name="stopping">The host stops: an unsettled message is delivered again once its lock has ended.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> was signalled.</exception>
    public async ValueTask<TurnResult?> HandleAsync(ReceivedMessage message, ISettlement settlement, CancellationToken stopping)
    {
        var result = await TurnAsync(message, stopping);
        try
        {
            if (result is null)
                await settlement.AbandonAsync(stopping);
            else if (result is { Outcome: TurnOutcome.Parked } parked)
                await settlement.DeadLetterAsync(parked.Reason, parked.Description, stopping);
            else
                await settlement.CompleteAsync(stopping);
            await settlement.ReleaseSessionAsync(stopping);
            return result;
        }
        catch (Exception e) when (e is LockLostException or TransientException)
        {
            // Deliberately not released: another consumer may hold the session by now. The message is delivered again and found in the
            // stream.
            LogUnsettled(message.OrderId, message.Id, participant.Name, e.Message);
            return null;
        }
    }

    /// <summary>Null where the message is to be given back.</summary>
    async ValueTask<TurnResult?> TurnAsync(ReceivedMessage message, CancellationToken stopping)
    {
        using var limit = limits.Start();
        await using var stop = limit.EndsWith(stopping);
        try
        {
            var result = await participant.HandleAsync(message, limit.Token, stopping);
            if (result.Outcome is TurnOutcome.Parked)
                LogParked(message.OrderId, message.Id, participant.Name, result.Reason, result.Description);
            return result;
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // An error that is not transient comes from the store itself, for example an unreadable stream: parking was not possible
            // either.
            LogGivenBack(e is TransientException or OperationCanceledException ? LogLevel.Warning : LogLevel.Error,
                e is TransientException ? null : e, message.OrderId, message.Id, participant.Name, message.DeliveryCount, e.Message);

            // The session is kept during the pause, so that no other message of the order comes first; other orders go on.
            await Task.Delay(options.AbandonPause * Math.Min(message.DeliveryCount, 10), time, stopping);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Order {OrderId}: {MessageId} is parked at {Participant}: {Reason}: {Description}")]
    partial void LogParked(string orderId, string messageId, string participant, string reason, string description);

    [LoggerMessage(Message = "Order {OrderId}: {MessageId} is given back by {Participant} at delivery {DeliveryCount}: {Description}")]
    partial void LogGivenBack(
        LogLevel level, Exception? exception, string orderId, string messageId, string participant, int deliveryCount, string description);

    [LoggerMessage(LogLevel.Information,
        "Order {OrderId}: {MessageId} could not be settled by {Participant} and will come again: {Description}")]
    partial void LogUnsettled(string orderId, string messageId, string participant, string description);
}
