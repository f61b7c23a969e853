using System.Globalization;

namespace OrderFunctions.Kernel;

/// <summary>
/// The ids of messages and requests, made and read here only. Derived, never random, so that a repetition has the same id:
/// <c>order/participant/sequence</c> for what a participant publishes, <c>order/http/request</c> for what comes over HTTP,
/// <c>order/carrier/event</c> for what the carrier reports.
/// </summary>
public static class MessageId
{
    /// <param name="sequence">The event's place in the participant's stream, from 1.</param>
    public static string Of(string orderId, string participant, int sequence) => $"{orderId}/{participant}/{sequence}";

    /// <param name="request">The request's name, and what tells repetitions of it apart.</param>
    public static string OfRequest(string orderId, string request) => $"{orderId}/http/{request}";

    /// <param name="eventId">As the carrier states it.</param>
    public static string OfCarrierEvent(string orderId, string eventId) => $"{orderId}/carrier/{eventId}";

    /// <summary>A participant's name, <c>http</c> or <c>carrier</c>; null where it is no id of ours.</summary>
    public static string? SenderOf(string id) => id.Split('/') is [_, { Length: > 0 } sender, ..] ? sender : null;

    /// <summary>Whether one sender sent <paramref name="id"/> after <paramref name="other"/>, of the same order. False where two senders did.</summary>
    public static bool IsLater(string id, string other) => Line(id) == Line(other) && SequenceOf(id) > SequenceOf(other);

    static string Line(string id) => id[..Math.Max(0, id.LastIndexOf('/'))];

    static int SequenceOf(string id) =>
        int.TryParse(id.AsSpan(id.LastIndexOf('/') + 1), CultureInfo.InvariantCulture, out var sequence) ? sequence : 0;
}
