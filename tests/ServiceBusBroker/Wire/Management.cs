using Microsoft.Azure.Amqp;
using Microsoft.Azure.Amqp.Encoding;
using OrderFunctions.ServiceBusBroker.Entities;

namespace OrderFunctions.ServiceBusBroker.Wire;

/// <summary>The operations of a subscription's management link.</summary>
sealed class SubscriptionRequests(Subscription subscription)
{
    public Reply Answer(AmqpMessage request)
    {
        var map = (AmqpMap)request.ValueBody.Value;
        switch ((string)request.ApplicationProperties.Map["operation"])
        {
            case "com.microsoft:renew-session-lock":
                return new(200, Map("expiration", Held(map).Hold.Renew().UtcDateTime));
            case "com.microsoft:get-session-state":
                return new(200, Map("session-state", Held(map).Session.State is { } state ? (object)new ArraySegment<byte>(state) : null));
            case "com.microsoft:set-session-state":
                Held(map).Session.State = map.Of("session-state") is ArraySegment<byte> set ? [.. set] : null;
                return new(200);
            case "com.microsoft:peek-message":
                var session = map.Of("session-id") as string;
                return Requests.Peek(map, subscription.Messages.Where(message => session is null || message.Message.SessionId == session));
            case var other:
                throw BrokerException.Unknown($"{other} of a subscription");
        }
    }

    (Session Session, SessionHold Hold) Held(AmqpMap map) => subscription.Held((string)map.Of("session-id")!);

    static AmqpMap Map(string key, object? value) => new() { [new MapKey(key)] = value! };
}

/// <summary>The operations of a dead-letter queue's management link.</summary>
sealed class DeadLetterRequests(Subscription subscription)
{
    public Reply Answer(AmqpMessage request)
    {
        var map = (AmqpMap)request.ValueBody.Value;
        switch ((string)request.ApplicationProperties.Map["operation"])
        {
            case "com.microsoft:renew-lock":
                var until = Tokens(map).Select(token => subscription.DeadLetters.Renew(token).UtcDateTime).ToArray();
                return new(200, new() { [new MapKey("expirations")] = until });
            case "com.microsoft:update-disposition":
                foreach (var token in Tokens(map))
                    subscription.DeadLetters.Settle(token, SettlementOf((string)map.Of("disposition-status")!));
                return new(200);
            case "com.microsoft:peek-message":
                return Requests.Peek(map, subscription.DeadLetters.Messages);
            case var other:
                throw BrokerException.Unknown($"{other} of a dead-letter queue");
        }
    }

    static IEnumerable<Guid> Tokens(AmqpMap map) => (Guid[])map.Of("lock-tokens")!;

    static Settlement SettlementOf(string status) => status switch
    {
        "completed" => new Settlement.Complete(),
        "abandoned" => new Settlement.Abandon(),
        _ => throw BrokerException.Unknown($"the disposition {status} of a dead-letter queue"),
    };
}

/// <summary>The operations of the topic's management link.</summary>
sealed class TopicRequests(Topic topic)
{
    public Reply Answer(AmqpMessage request)
    {
        var map = (AmqpMap)request.ValueBody.Value;
        switch ((string)request.ApplicationProperties.Map["operation"])
        {
            case "com.microsoft:schedule-message":
                var messages = ((IEnumerable<object>)map.Of("messages")!)
                    .Select(one => BrokerMessage.Read((ArraySegment<byte>)((AmqpMap)one).Of("message")!));
                return new(200, new() { [new MapKey("sequence-numbers")] = topic.Accept([.. messages]).ToArray() });
            case "com.microsoft:cancel-scheduled-message":
                foreach (var number in (long[])map.Of("sequence-numbers")!)
                    topic.Cancel(number);
                return new(200);
            case var other:
                throw BrokerException.Unknown($"{other} of a topic");
        }
    }
}

static class Requests
{
    /// <summary>Returns null if the map has no such key.</summary>
    public static object? Of(this AmqpMap map, string key) => map[new MapKey(key)];

    /// <summary>Returns messages without locking them.</summary>
    public static Reply Peek(AmqpMap map, IEnumerable<QueuedMessage> messages)
    {
        var from = (long)map.Of("from-sequence-number")!;
        var found = messages.Where(message => message.SequenceNumber >= from).Take((int)map.Of("message-count")!).Select(message =>
        {
            using var stream = message.Message.Write(message).ToStream();
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            return new AmqpMap { [new MapKey("message")] = new ArraySegment<byte>(copy.ToArray()) };
        }).ToList();
        return found.Count == 0 ? new(204) : new(200, new() { [new MapKey("messages")] = found });
    }
}
