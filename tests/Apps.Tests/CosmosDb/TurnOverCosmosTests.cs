using System.Collections.Concurrent;
using OrderFunctions.Contracts;
using OrderFunctions.CosmosDb.Gateway;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Payments;

namespace OrderFunctions.CosmosDb;

/// <summary>A participant's whole turn over Cosmos DB, with a fault at each of its calls.</summary>
public sealed class TurnOverCosmosTests
{
    const string Order = "o-1";
    static readonly TurnOptions Impatient = new() { RetriesMax = 1, ConflictsMax = 3 };

    readonly CosmosGateway gateway = new();
    readonly Cards cards = new();
    readonly Topic topic = new();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    Participant Host() => new(
        Participants.Payments, Payment.Decider, Intents.On(cards),
        new CosmosStreamStore(gateway.Client().GetContainer(CosmosGateway.Database, Participants.Payments), new NoWaiting()),
        topic, Impatient, new NoWaiting());

    [Fact]
    public async Task A_message_takes_one_read_and_one_write_and_a_redelivery_only_the_read()
    {
        var host = Host();
        await host.HandleAsync(Reserved(1), Cancellation);
        Assert.Equal(["read", "create"], gateway.Calls.Select(call => call.Operation));

        await host.HandleAsync(Reserved(2), Cancellation);
        Assert.Equal(["read", "create", "read"], gateway.Calls.Select(call => call.Operation));

        await host.HandleAsync(Refund(), Cancellation);
        Assert.Equal(["read", "create", "read", "read", "replace"], gateway.Calls.Select(call => call.Operation));
    }

    [Fact]
    public async Task The_card_is_charged_once_and_every_message_published_whatever_fails_at_any_one_call()
    {
        var met = 0;
        foreach (var fault in Fault.OfWrites.Union(Fault.OfReadsAtOnce))
        {
            for (var number = 1; number <= 5; number++)
            {
                var turn = new TurnOverCosmosTests();
                turn.gateway.Faults = call =>
                {
                    if (call.Number != number || !Among(call).Contains(fault))
                        return null;
                    met++;
                    return fault;
                };
                await turn.AssertHandledOnceAsync();
            }
        }
        Assert.InRange(met, 40, int.MaxValue);
    }

    [Fact]
    public async Task The_card_is_charged_once_and_every_message_published_whatever_fails_at_many_calls()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var turn = new TurnOverCosmosTests();
            turn.gateway.Faults = call =>
            {
                return call.Number < 40 && random.NextDouble() < 0.5 ? Among(call)[random.Next(Among(call).Count)] : null;
            };
            await turn.AssertHandledOnceAsync();
        }
    }

    [Fact]
    public async Task Two_hosts_with_the_same_message_at_once_charge_and_save_once()
    {
        for (var round = 0; round < 10; round++)
        {
            var turn = new TurnOverCosmosTests();
            await Task.WhenAll(DeliverAsync(turn.Host(), Reserved), DeliverAsync(turn.Host(), Reserved));
            await turn.AssertHandledOnceAsync();
        }
    }

    static IReadOnlyList<Fault> Among(GatewayCall call) => call.Operation == "read" ? Fault.OfReadsAtOnce : Fault.OfWrites;

    async Task AssertHandledOnceAsync()
    {
        await DeliverAsync(Host(), Reserved);
        await DeliverAsync(Host(), _ => Refund());

        Assert.Equal(["o-1/ChargeCard"], cards.Charges.Keys);
        Assert.Equal(["o-1/RefundCard"], cards.Refunds.Keys);
        gateway.Faults = _ => null;
        var stream = (await Host().LoadAsync(Order, Cancellation))!;
        Assert.Equal(["o-1/inventory/1", "o-1/shipping/1"], stream.Entries.Select(entry => entry.On));
        var said = stream.Entries.SelectMany(entry => entry.Events).Where(e => e.Event is PublicEvent).ToDictionary(e => e.Id, e => e.Event);
        Assert.Equal(["PaymentSucceeded", "PaymentRefunded", "RestockInventory"], said.Values.Select(e => e.GetType().Name));
        Assert.Equal(said.OrderBy(e => e.Key), topic.Published.OrderBy(e => e.Key));
    }

    /// <summary>Delivers the message until it is handled, as a bus does.</summary>
    static async Task DeliverAsync(Participant host, Func<int, ReceivedMessage> message)
    {
        for (var delivery = 1; delivery <= 10; delivery++)
        {
            try
            {
                if ((await host.HandleAsync(message(delivery), Cancellation)).Outcome is TurnOutcome.Handled or TurnOutcome.Duplicate)
                    return;
            }
            catch (TransientException)
            {
                // The message is delivered again.
            }
        }
        Assert.Fail("Not handled in 10 deliveries.");
    }

    static ReceivedMessage Reserved(int delivery) => new(
        "o-1/inventory/1", Order, nameof(InventoryReserved),
        new InventoryReserved("17850", Samples.Total, "tok_visa", Samples.Address), null, null, Samples.Noon, delivery);

    static ReceivedMessage Refund() =>
        new("o-1/shipping/1", Order, nameof(RefundPayment), new RefundPayment("refused"), null, null, Samples.Noon, 1);

    sealed class Topic : IEventBus
    {
        public ConcurrentDictionary<string, OrderEvent> Published { get; } = [];

        public Task PublishAsync(IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation)
        {
            foreach (var message in messages)
                Assert.Equal(message.Event, Published.GetOrAdd(message.Id, message.Event));
            return Task.CompletedTask;
        }
    }

    /// <summary>Remembers its idempotency keys, as every card provider does for a day.</summary>
    sealed class Cards : ICardProvider
    {
        public ConcurrentDictionary<string, CardCharged> Charges { get; } = [];
        public ConcurrentDictionary<string, CardRefunded> Refunds { get; } = [];

        public Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation) =>
            Task.FromResult<Answer>(Charges.GetOrAdd(key, _ => new($"ch-{Charges.Count + 1}", amount)));

        public Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation) =>
            Task.FromResult<Answer?>(Charges.Values.FirstOrDefault());

        public Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation) =>
            Task.FromResult(Refunds.GetOrAdd(key, _ => new($"re-{Refunds.Count + 1}")));

        public Task<Answer?> EndChargeAsync(string key, string orderId, CancellationToken cancellation) => FindChargeAsync(orderId, cancellation);

        public Task<CardRefunded?> FindRefundAsync(string orderId, string chargeId, Money amount, CancellationToken cancellation) =>
            Task.FromResult(Refunds.Values.FirstOrDefault());
    }
}
