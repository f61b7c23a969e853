using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Azure.Amqp;
using Microsoft.Azure.Amqp.Framing;
using Microsoft.Azure.Amqp.Sasl;
using Microsoft.Azure.Amqp.Transport;

namespace OrderFunctions.ServiceBusBroker.Wire;

/// <summary>
/// Listens for AMQP on a free port of 127.0.0.1, with the only SASL mechanism that Service Bus clients use. Authorization happens over
/// <c>$cbs</c>.
/// </summary>
sealed class Listener : IDisposable
{
    readonly AmqpTransportListener transports;
    readonly AmqpSettings settings;
    readonly ConcurrentDictionary<AmqpConnection, bool> connections = [];

    public Listener(IRuntimeProvider runtime)
    {
        settings = new AmqpSettings { RuntimeProvider = runtime };
        var sasl = new SaslTransportProvider();
        sasl.Versions.Add(AmqpConstants.DefaultProtocolVersion);
        sasl.AddHandler(new SaslAnonymousHandler("MSSBCBS"));
        var amqp = new AmqpTransportProvider();
        amqp.Versions.Add(AmqpConstants.DefaultProtocolVersion);
        settings.TransportProviders.Add(sasl);
        settings.TransportProviders.Add(amqp);
        transports = new([new TcpTransportListener(new() { Host = "127.0.0.1", Port = Port })], settings);
        transports.Listen(Accepted);
    }

    public int Port { get; } = FreePort();

    public void DropConnections()
    {
        foreach (var connection in connections.Keys)
            connection.Abort();
    }

    public void Dispose()
    {
        transports.Abort();
        DropConnections();
    }

    void Accepted(TransportListener from, TransportAsyncCallbackArgs args)
    {
        var connection = settings.RuntimeProvider.CreateConnection(
            args.Transport, (ProtocolHeader)args.UserToken, isInitiator: false, settings,
            new AmqpConnectionSettings { ContainerId = "broker" });
        connections[connection] = true;
        connection.SafeAddClosed((_, _) => connections.TryRemove(connection, out _));
        connection.BeginOpen(AmqpConstants.DefaultTimeout, result =>
        {
            try
            {
                connection.EndOpen(result);
            }
            catch (Exception e)
            {
                connection.SafeClose(e);
            }
        }, null);
    }

    /// <summary>Needed because the library's listener does not report which port it got.</summary>
    static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
