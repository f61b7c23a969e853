using System.Globalization;

namespace OrderFunctions.Kernel;

/// <summary>
/// The ids of messages and requests, made and parsed only here. They are derived, never random, so that a repeated message has the same id:
/// <c>order/participant/sequence</c> for what a participant publishes, <c>order/http/request</c> for what comes over HTTP,
/// <c>order/carrier/event</c> for what the carrier's webhook publishes.
/// </summary>
public static class MessageId
{
    /// <param name="sequence">The event's place in the participant's stream, from 1.</param>
    public static string Of(string orderId, string participant, int sequence) => $"{orderId}/{participant}/{sequence}";

    /// <param name="request">The request's name, and what tells it from other requests of that name.</param>
    public static string OfRequest(string orderId, string request) => $"{orderId}/http/{request}";

    /// <param name="eventId">As the carrier states it.</param>
    public static string OfCarrierEvent(string orderId, string eventId) => $"{orderId}/carrier/{eventId}";

    /// <summary>A participant's name, <c>http</c> or <c>carrier</c>; null where the id is not one of ours.</summary>
    public static string? SenderOf(string id) => id.Split('/') is [_, { Length: > 0 } sender, ..] ? sender : null;

    /// <summary>
    /// Whether the sender of <paramref name="other"/> sent <paramref name="id"/> later, for the same order. False for ids of two senders.
    /// </summary>
    public static bool IsLater(string id, string other) => Line(id) == Line(other) && SequenceOf(id) > SequenceOf(other);

    static string Line(string id) => id[..Math.Max(0, id.LastIndexOf('/'))];

    /// <summary>The event's place in its participant's stream; 0 in the id of a request.</summary>
    public static int SequenceOf(string id) =>
        int.TryParse(id.AsSpan(id.LastIndexOf('/') + 1), CultureInfo.InvariantCulture, out var sequence) ? sequence : 0;
}
