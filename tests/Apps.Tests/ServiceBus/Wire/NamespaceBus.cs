using Azure.Messaging.ServiceBus;
using Azure.Messaging.ServiceBus.Administration;
using OrderFunctions.Contracts;
using OrderFunctions.Runtime;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.Apps.Tests.ServiceBus.Wire;

public sealed class DeliveriesOnANamespace : BusDeliveryContract<NamespaceBus>;

public sealed class LocksOnANamespace : BusLockContract<NamespaceBus>;

public sealed class DeadLettersOnANamespace : BusDeadLetterContract<NamespaceBus>;

public sealed class TimesOnANamespace : BusTimeContract<NamespaceBus>;

/// <summary>
/// A namespace or emulator. Each test gets its own topic. <c>ORDERFUNCTIONS_SERVICEBUS</c> is a connection string with manage rights. The
/// clock cannot be moved, so locks and windows are as short as Service Bus allows, and the tests wait for them.
/// </summary>
public sealed class NamespaceBus : IBusFactory, IBusUnderTest
{
    /// <summary>Over a network it takes time to find a session.</summary>
    static readonly TimeSpan WaitMin = TimeSpan.FromSeconds(3);

    readonly string topic = $"test-{Guid.NewGuid():N}";
    readonly ServiceBusAdministrationClient administration;
    readonly ServiceBusClient client;

    NamespaceBus(string connectionString)
    {
        administration = new(connectionString);
        client = WireBus.Client(connectionString);
        Topic = new ServiceBusEventBus(client.CreateSender(topic));
    }

    public static async ValueTask<IBusUnderTest> OpenAsync()
    {
        var connectionString = Environment.GetEnvironmentVariable("ORDERFUNCTIONS_SERVICEBUS");
        Assert.SkipWhen(string.IsNullOrEmpty(connectionString), "ORDERFUNCTIONS_SERVICEBUS names no Service Bus namespace or emulator.");
        var bus = new NamespaceBus(connectionString!);
        await bus.CreateAsync();
        return bus;
    }

    public IEventBus Topic { get; }
    public TimeSpan LockDuration { get; } = TimeSpan.FromSeconds(5);
    public TimeSpan DuplicateWindow { get; } = TimeSpan.FromSeconds(20);
    public int DeliveriesMax => 5;
    public bool IsDurable => false;

    public Task<IDelivery?> ReceiveAsync(string subscription, TimeSpan wait) =>
        WireDelivery.ReceiveAsync(client, topic, subscription, wait > WaitMin ? wait : WaitMin);

    public IDeadLetterQueue DeadLetters(string subscription) =>
        new ServiceBusDeadLetters(() => client.CreateReceiver(topic, subscription, ServiceBusDeadLetters.ReceiverOptions));

    public async Task DeadLetterAllAsync(string subscription)
    {
        while (await ReceiveAsync(subscription, WaitMin) is { } delivery)
        {
            await delivery.DeadLetterAsync("TTLExpiredException", "", CancellationToken.None);
            await delivery.ReleaseSessionAsync(CancellationToken.None);
        }
    }

    public Task AdvanceAsync(TimeSpan time) => Task.Delay(time);

    public Task RestartAsync() => throw new NotSupportedException("Nobody but its connection can be made to forget.");

    async Task CreateAsync()
    {
        await administration.CreateTopicAsync(
            new CreateTopicOptions(topic) { RequiresDuplicateDetection = true, DuplicateDetectionHistoryTimeWindow = DuplicateWindow });
        foreach (var subscription in Topology.Current.Subscriptions)
        {
            await administration.CreateSubscriptionAsync(new CreateSubscriptionOptions(topic, subscription.Name)
            {
                RequiresSession = true, LockDuration = LockDuration, MaxDeliveryCount = DeliveriesMax,
            });
            await administration.DeleteRuleAsync(topic, subscription.Name, RuleProperties.DefaultRuleName);
            foreach (var type in subscription.Hears)
            {
                var rule = new CreateRuleOptions(type, new CorrelationRuleFilter { Subject = type });
                await administration.CreateRuleAsync(topic, subscription.Name, rule);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await administration.DeleteTopicAsync(topic);
    }
}
