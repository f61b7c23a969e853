using System.Collections.Concurrent;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Contracts;

/// <summary>Streams of Payments in which every order's first message is parked: one order is due, all others wait for an operator.</summary>
sealed class ParkedStreams(string due) : IStreamStore, IEventBus
{
    readonly ConcurrentDictionary<string, OrderStream> saved = new();
    int loads;

    public Participant Participant => new(
        Participants.Payments, Participants.Deciders[Participants.Payments], Charge, this, this, new(), TimeProvider.System);

    public int Loads => loads;
    public ICollection<string> Saved => saved.Keys;

    public Task<OrderStream?> LoadAsync(string orderId, CancellationToken cancellation)
    {
        Interlocked.Increment(ref loads);
        return Task.FromResult<OrderStream?>(saved.GetValueOrDefault(orderId) ?? Parked(orderId));
    }

    public Task SaveAsync(OrderStream stream, OrderSummary? summary, CancellationToken cancellation)
    {
        saved[stream.OrderId] = stream;
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<string>> PendingAsync(DateTimeOffset before, int max, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<string>>([]);

    public Task PublishAsync(IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation) => Task.CompletedTask;

    OrderStream Parked(string orderId) => OrderStream.Empty(orderId) with
    {
        Parked =
        [
            new($"{orderId}/sender/1", nameof(InventoryReserved), ParkingReasons.Failed, "a bug", Samples.Noon, orderId == due ? Samples.Noon : null),
        ],
    };

    static Task<Answer> Charge(IntentCall call, CancellationToken cancellation) => Task.FromResult<Answer>(new CardCharged("ch-1", Samples.Total));
}
