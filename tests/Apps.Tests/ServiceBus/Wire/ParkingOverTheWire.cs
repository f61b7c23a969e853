using Azure.Messaging.ServiceBus;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.Apps.Tests.ServiceBus.Wire;

/// <summary>Orders that are parked, and resumed when an operator requests it.</summary>
public sealed class ParkingOverTheWire
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    static readonly TurnOptions Impatient = new()
    {
        DeliveriesMax = 2, RetriesMax = 1, RetryPause = TimeSpan.FromMilliseconds(10), AbandonPause = TimeSpan.FromMilliseconds(10),
        ReplayPauses = [TimeSpan.FromHours(1)],
    };

    [Fact]
    public async Task A_parked_order_waits_in_the_dead_letter_queue_until_an_operator_asks_for_a_replay()
    {
        await using var saga = await StartedAsync();
        saga.Ledger.IsDown = true;
        var id = await saga.PlaceAsync("k-1", WireSaga.Body);
        await WireSaga.UntilAsync(async () => ParkedAtPayments(await saga.FindAsync(id)) is { Reason: ParkingReasons.Transient });

        var dead = await DeadLetterAsync(saga);
        Assert.Equal((nameof(InventoryReserved), id), (dead.Subject, dead.SessionId));
        Assert.Equal(ParkingReasons.Transient, dead.DeadLetterReason);
        Assert.NotEmpty(dead.DeadLetterErrorDescription);

        saga.Ledger.IsDown = false;
        await AskAsync(saga, id, new ReplayRequested(Participants.Payments));
        await saga.SettledAsync(1, Soon);

        var order = (await saga.FindAsync(id))!;
        Assert.Equal(OrderStatus.Completed, order.Status);
        Assert.Null(ParkedAtPayments(order));
        Assert.Empty(await WireAudit.FindingsAsync(saga));
        Assert.Empty(saga.Broker.Unknown);
    }

    [Fact]
    public async Task A_message_of_a_newer_schema_is_parked_with_its_version_and_waits_for_an_operator()
    {
        await using var saga = await StartedAsync();
        var id = await saga.PlaceAsync("k-1", WireSaga.Body);
        await saga.SettledAsync(1, Soon);

        var newer = EventJson.SchemaVersion + 1;
        var message = new OutboundMessage($"{id}/newer/1", id, new RefundPayment("of the future"), null, null, null).ToServiceBus();
        message.ApplicationProperties[MessageMapping.SchemaVersion] = newer;
        await using var client = WireBus.Client(saga.Broker.ConnectionString);
        await client.CreateSender(Topology.Current.Topic).SendMessageAsync(message, TestContext.Current.CancellationToken);
        await WireSaga.UntilAsync(async () => ParkedAtPayments(await saga.FindAsync(id)) is not null);

        Assert.Contains($"schema version {newer}", (await DeadLetterAsync(saga)).DeadLetterErrorDescription);
        Assert.Empty(saga.Ledger.Refunds(id));

        await AskAsync(saga, id, new DiscardRequested(Participants.Payments, $"{id}/newer/1", "olivia", "not for this version"));
        await saga.SettledAsync(1, Soon);

        Assert.Null(ParkedAtPayments(await saga.FindAsync(id)));
        Assert.Empty(saga.Ledger.Refunds(id));
        Assert.Empty(saga.Broker.Unknown);
    }

    static async Task<WireSaga> StartedAsync()
    {
        var saga = new WireSaga(Impatient);
        await saga.ReceiveStockAsync(["A"], 10);
        await saga.StartAsync();
        return saga;
    }

    static Task AskAsync(WireSaga saga, string id, OrderEvent control) => saga[Participants.Orders].Service<Participant>()
        .RequestAsync(id, $"{id}/http/{control.GetType().Name}/{Participants.Payments}/1", control, TestContext.Current.CancellationToken);

    static ParkedAt? ParkedAtPayments(OrderSummary? order) =>
        order?.Parked.GetValueOrDefault(Participants.Payments) is { IsParked: true } parked ? parked : null;

    static async Task<ServiceBusReceivedMessage> DeadLetterAsync(WireSaga saga)
    {
        await using var client = WireBus.Client(saga.Broker.ConnectionString);
        var receiver = client.CreateReceiver(Topology.Current.Topic, Participants.Payments, ServiceBusDeadLetters.ReceiverOptions);
        ServiceBusReceivedMessage? dead = null;
        await WireSaga.UntilAsync(async () => (dead = await receiver.PeekMessageAsync()) is not null);
        return dead!;
    }
}
