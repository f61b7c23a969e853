using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.Time.Testing;
using OrderFunctions.Contracts;
using OrderFunctions.Runtime;
using OrderFunctions.ServiceBus;
using OrderFunctions.ServiceBusBroker;

namespace OrderFunctions.Apps.Tests.ServiceBus.Wire;

// The bus contract over Azure's own client: against the test broker, and against a namespace or emulator if one is configured.

public sealed class DeliveriesOverTheWire : BusDeliveryContract<WireBus>;

public sealed class LocksOverTheWire : BusLockContract<WireBus>;

public sealed class DeadLettersOverTheWire : BusDeadLetterContract<WireBus>;

public sealed class TimesOverTheWire : BusTimeContract<WireBus>;

public sealed class RestartsOverTheWire : BusRestartContract<WireBus>;

/// <summary>The test broker behind the shipped adapters.</summary>
public sealed class WireBus : IBusFactory, IBusUnderTest
{
    readonly FakeTimeProvider clock = new(Samples.Noon);
    readonly Broker broker;
    ServiceBusClient client;

    WireBus()
    {
        broker = new(OfTopology with
        {
            DeliveriesMax = DeliveriesMax, DuplicateWindow = DuplicateWindow, LockDuration = LockDuration, Time = clock,
        });
        client = Client(broker.ConnectionString);
        Topic = new ServiceBusEventBus(client.CreateSender(Topology.Current.Topic));
    }

    /// <summary>The topic and subscriptions of topology.json.</summary>
    public static BrokerOptions OfTopology { get; } = new(
        Topology.Current.Topic,
        Topology.Current.Subscriptions.ToDictionary(subscription => subscription.Name,
            IReadOnlySet<string> (subscription) => subscription.Hears.ToHashSet()));

    public static ValueTask<IBusUnderTest> OpenAsync() => new(new WireBus());

    public IEventBus Topic { get; private set; }
    public TimeSpan LockDuration { get; } = TimeSpan.FromMinutes(1);
    public TimeSpan DuplicateWindow { get; } = TimeSpan.FromMinutes(10);
    public int DeliveriesMax => 5;
    public bool IsDurable => true;

    public Task<IDelivery?> ReceiveAsync(string subscription, TimeSpan wait) =>
        WireDelivery.ReceiveAsync(client, Topology.Current.Topic, subscription,
            TimeSpan.FromMilliseconds(Math.Max(wait.TotalMilliseconds, 150)));

    public IDeadLetterQueue DeadLetters(string subscription) =>
        new ServiceBusDeadLetters(() => client.CreateReceiver(Topology.Current.Topic, subscription, ServiceBusDeadLetters.ReceiverOptions));

    public Task DeadLetterAllAsync(string subscription) => broker.ExpireAsync(subscription);

    public Task AdvanceAsync(TimeSpan time)
    {
        clock.Advance(time);
        return broker.SettledAsync();
    }

    /// <summary>The broker keeps running. Its clients lose their locks with their connections.</summary>
    public async Task RestartAsync()
    {
        broker.DropConnections();
        await broker.SettledAsync();
        await client.DisposeAsync();
        client = Client(broker.ConnectionString);
        Topic = new ServiceBusEventBus(client.CreateSender(Topology.Current.Topic));
    }

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await broker.DisposeAsync();
        Assert.Empty(broker.Unknown);
    }

    public static ServiceBusClient Client(string connectionString) => new(
        connectionString,
        new ServiceBusClientOptions
        {
            RetryOptions = new() { MaxRetries = 1, Delay = TimeSpan.FromMilliseconds(50), TryTimeout = TimeSpan.FromSeconds(15) },
        });
}
