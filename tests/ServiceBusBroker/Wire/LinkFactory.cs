using System.Collections.Concurrent;
using Microsoft.Azure.Amqp;
using Microsoft.Azure.Amqp.Framing;
using Microsoft.Azure.Amqp.Transport;

namespace OrderFunctions.ServiceBusBroker.Wire;

/// <summary>Connects each link that a client attaches to the entity named by its address.</summary>
sealed class LinkFactory(Broker broker) : IRuntimeProvider
{
    const string Management = "/$management";
    const string DeadLetters = "/$deadletterqueue";

    /// <summary>The links that carry answers, by connection and reply address.</summary>
    readonly ConcurrentDictionary<(AmqpConnection, string), SendingAmqpLink> replies = [];

    public AmqpConnection CreateConnection(
        TransportBase transport, ProtocolHeader protocolHeader, bool isInitiator, AmqpSettings amqpSettings,
        AmqpConnectionSettings connectionSettings) =>
        new(transport, protocolHeader, isInitiator, amqpSettings, connectionSettings);

    public AmqpSession CreateSession(AmqpConnection connection, AmqpSessionSettings settings) => new(connection, settings, this);

    public AmqpLink CreateLink(AmqpSession session, AmqpLinkSettings settings) =>
        settings.IsReceiver() ? new ReceivingAmqpLink(session, settings) : new SendingAmqpLink(session, settings);

    public IAsyncResult BeginOpenLink(AmqpLink link, TimeSpan timeout, AsyncCallback callback, object state) =>
        TaskToAsyncResult.Begin(OpenAsync(link), callback, state);

    public void EndOpenLink(IAsyncResult result) => TaskToAsyncResult.End(result);

    async Task OpenAsync(AmqpLink link)
    {
        try
        {
            await (link switch
            {
                ReceivingAmqpLink receiving => OpenAsync(receiving, AddressOf((receiving.Settings.Target as Target)?.Address)),
                SendingAmqpLink sending => OpenAsync(sending, AddressOf((sending.Settings.Source as Source)?.Address)),
                _ => throw BrokerException.Unknown(link.GetType().Name),
            });
        }
        catch (BrokerException e)
        {
            throw broker.Report(e).ToAmqp();
        }
    }

    /// <summary>Opens a link on which the client sends.</summary>
    Task OpenAsync(ReceivingAmqpLink link, string address)
    {
        link.Settings.MaxMessageSize = (ulong)broker.Options.TransferBytesMax;
        if (address == "$cbs")
            _ = new RequestLink(broker, link, address, TokenRequests.Answer, ReplyTo);
        else if (address.EndsWith(Management, StringComparison.Ordinal))
            _ = new RequestLink(
                broker, link, EntityOf(address[..^Management.Length]), ManagementOf(address[..^Management.Length]), ReplyTo);
        else if (IsTopic(address))
            _ = new PublishingLink(broker, link);
        else
            throw NotFound(address);
        return Task.CompletedTask;
    }

    /// <summary>Opens a link on which the client receives.</summary>
    Task OpenAsync(SendingAmqpLink link, string address)
    {
        if (address == "$cbs" || address.EndsWith(Management, StringComparison.Ordinal))
        {
            var replyTo = (link.Session.Connection, ((Target)link.Settings.Target).Address.ToString()!);
            replies[replyTo] = link;
            link.SafeAddClosed((_, _) => replies.TryRemove(replyTo, out _));
            return Task.CompletedTask;
        }
        if (link.Settings.SettleType() != SettleMode.SettleOnDispose)
            throw BrokerException.Unknown("receiving without locks");
        return address.EndsWith(DeadLetters, StringComparison.Ordinal)
            ? DeliveryLink.OpenDeadLettersAsync(broker, link, SubscriptionOf(address[..^DeadLetters.Length]))
            : DeliveryLink.OpenSessionAsync(broker, link, SubscriptionOf(address));
    }

    SendingAmqpLink? ReplyTo(AmqpConnection connection, string address) => replies.GetValueOrDefault((connection, address));

    Func<AmqpMessage, Reply> ManagementOf(string address) => IsTopic(address)
        ? new TopicRequests(broker.Topic).Answer
        : address.EndsWith(DeadLetters, StringComparison.Ordinal)
            ? new DeadLetterRequests(SubscriptionOf(address[..^DeadLetters.Length])).Answer
            : new SubscriptionRequests(SubscriptionOf(address)).Answer;

    Entities.Subscription SubscriptionOf(string address) =>
        address.Split('/') is [var topic, "subscriptions", var name] && IsTopic(topic)
            && broker.Topic.Subscriptions.TryGetValue(name, out var subscription)
            ? subscription
            : throw NotFound(address);

    bool IsTopic(string address) => string.Equals(address, broker.Options.Topic, StringComparison.OrdinalIgnoreCase);

    static string EntityOf(string address) => address.Replace(DeadLetters, "", StringComparison.Ordinal).Split('/')[^1];

    static string AddressOf(Address? address) => address?.ToString()?.Trim('/').ToLowerInvariant() ?? "";

    static BrokerException NotFound(string address) => new(AmqpErrorCode.NotFound, $"The messaging entity '{address}' could not be found.");
}
