using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Payments;

namespace OrderFunctions.Turns;

/// <summary>
/// One participant (Payments) with a store, a bus and a card provider that log every call and fail where a test says so. Most laws check
/// this log: what happened, and in which order.
/// </summary>
public sealed class World : IStreamStore, IEventBus, ICardProvider, ISettlement, IDeadLetterQueue
{
    public const string Order = "o-1";
    public static readonly Address Home = new("Ada", "1 Street", "London", "E1", "GB");
    public static readonly Money Total = new(10, "GBP");
    public static readonly InventoryReserved Reserved = new("17850", Total, "tok_visa", Home);

    readonly Dictionary<string, OrderStream> stored = [];
    readonly HashSet<string> hanging = [];
    readonly Dictionary<string, Queue<(Exception Error, bool Applied)>> faults = [];
    int etags;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
    public List<string> Log { get; } = [];
    public List<OutboundMessage> Published { get; } = [];
    public List<(string Call, string Key)> Asked { get; } = [];
    public List<ReceivedMessage> DeadLetters { get; } = [];
    public int StoredSize { get; set; } = 1_000;
    public Answer? KnownCharge { get; set; }
    public Answer ChargeAnswer { get; set; } = new CardCharged("ch-1", Total);
    public CardRefunded? KnownRefund { get; set; }
    public CardRefunded RefundAnswer { get; set; } = new("re-1");

    /// <summary>Runs after a load and before the next step, for example to simulate another writer.</summary>
    public Func<Task>? AfterLoad { get; set; }

    public TurnOptions Options { get; } = new()
    {
        DeliveriesMax = 3,
        ConflictsMax = 2,
        ConflictPauseMax = TimeSpan.Zero,
        RetriesMax = 2,
        RetryPause = TimeSpan.Zero,
        AbandonPause = TimeSpan.Zero,
        ReplayPauses = [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)],
    };

    public Participant Participant => new(Participants.Payments, Decider, Intents.On((ICardProvider)this), this, this, Options, Time);
    public IDecider Decider { get; set; } = Payment.Decider;
    public Replayer Replayer => new(Participant, this, Time);
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static ReceivedMessage Message(string id, OrderEvent? @event, int delivery = 1, string? type = null) => new(
        $"{Order}/{id}", Order, type ?? @event!.GetType().Name, @event, "cause-1", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        new DateTimeOffset(2026, 11, 22, 11, 59, 58, TimeSpan.Zero), delivery);

    /// <summary>Delivers a message as a subscription does. What the kernel dead-letters goes to the dead-letter queue.</summary>
    public async Task<TurnResult?> DeliverAsync(ReceivedMessage message)
    {
        var result = await new MessageHandler(Participant, Options, Time, NullLogger<MessageHandler>.Instance).HandleAsync(message, this, Cancellation);
        if (result?.Outcome is TurnOutcome.Parked)
            DeadLetters.Add(message);
        return result;
    }

    /// <summary>Makes the next call with this name fail. Each use of this method makes one call fail.</summary>
    public void Fail(string call, Exception? error = null, bool applied = false)
    {
        if (!faults.TryGetValue(call, out var queue))
            faults[call] = queue = [];
        queue.Enqueue((error ?? new TransientException($"{call} is away"), applied));
    }

    /// <summary>Calls with this name never end by themselves.</summary>
    public void Hang(string call) => hanging.Add(call);

    public OrderStream Stream => Load(Order) ?? OrderStream.Empty(Order);

    async Task CallAsync(string name, Action apply, string? logged = null)
    {
        if (faults.TryGetValue(name, out var queue) && queue.TryDequeue(out var fault))
        {
            Log.Add($"{name} fails");
            if (fault.Applied)
                apply();
            throw fault.Error;
        }
        apply();
        Log.Add(logged ?? name);
        await Task.CompletedTask;
    }

    public async Task<OrderStream?> LoadAsync(string orderId, CancellationToken cancellation)
    {
        OrderStream? stream = null;
        await CallAsync("load", () => stream = Load(orderId));
        if (AfterLoad is { } interleaved)
        {
            AfterLoad = null;
            await interleaved();
        }
        return stream;
    }

    public Task SaveAsync(OrderStream stream, OrderSummary? summary, CancellationToken cancellation) => CallAsync("save", () =>
    {
        if (Load(stream.OrderId)?.ETag != stream.ETag)
        {
            Log.Add("conflict");
            throw new StreamConflictException(stream.OrderId);
        }
        // As every store does: what cannot be written is not saved.
        _ = JsonSerializer.SerializeToUtf8Bytes(stream.Entries, EventJson.Options);
        stored[stream.OrderId] = stream with { ETag = $"{++etags}" };
    });

    public async Task<IReadOnlyList<string>> PendingAsync(DateTimeOffset before, int max, CancellationToken cancellation)
    {
        await CallAsync("pending", () => { });
        return [.. stored.Keys.Where(id => Load(id)!.PendingSince < before)];
    }

    public Task PublishAsync(IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation) =>
        CallAsync("publish", () => Published.AddRange(messages), $"publish {string.Join(' ', messages.Select(m => m.Event.GetType().Name))}");

    public async Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation)
    {
        if (hanging.Contains("charge"))
            await Task.Delay(Timeout.Infinite, cancellation);
        await CallAsync("charge", () => Asked.Add(("charge", key)));
        return ChargeAnswer;
    }

    public async Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation)
    {
        await CallAsync("find charge", () => { });
        return KnownCharge;
    }

    public async Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation)
    {
        await CallAsync("refund", () => Asked.Add(("refund", key)));
        return RefundAnswer;
    }

    public Task<Answer?> EndChargeAsync(string key, string orderId, CancellationToken cancellation) => FindChargeAsync(orderId, cancellation);

    public async Task<CardRefunded?> FindRefundAsync(string orderId, string chargeId, Money amount, CancellationToken cancellation)
    {
        if (hanging.Contains("find refund"))
            await Task.Delay(Timeout.Infinite, cancellation);
        await CallAsync("find refund", () => { });
        return KnownRefund;
    }

    public Task CompleteAsync(CancellationToken cancellation) => CallAsync("complete", () => { });
    public Task AbandonAsync(CancellationToken cancellation) => CallAsync("abandon", () => { });

    public Task DeadLetterAsync(string reason, string description, CancellationToken cancellation) =>
        CallAsync("dead-letter", () => { }, $"dead-letter {reason}");

    public Task ReleaseSessionAsync(CancellationToken cancellation) => CallAsync("release", () => { });

    readonly HashSet<string> locked = [];

    public Task<IReadOnlyList<DeadMessage>> PeekAsync(long after, int max, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<DeadMessage>>([.. Letters.Where(letter => letter.Sequence > after).Take(max)]);

    public IDeadLetterReceiver Open()
    {
        Log.Add("open");
        return new Receiver(this);
    }

    IEnumerable<DeadMessage> Letters => DeadLetters.ToList().Select((message, index) => new DeadMessage(index, message));

    OrderStream? Load(string orderId) => stored.TryGetValue(orderId, out var stream) ? stream with { Size = StoredSize } : null;

    sealed class Receiver(World world) : IDeadLetterReceiver
    {
        public Task<IReadOnlyList<DeadMessage>> ReceiveAsync(int max, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<DeadMessage>>([.. world.Letters.Where(letter => world.locked.Add(letter.Message.Id)).Take(max)]);

        public Task RenewLockAsync(DeadMessage letter, CancellationToken cancellation) => world.CallAsync("renew", () => { });

        public Task CompleteAsync(DeadMessage letter, CancellationToken cancellation) => world.CallAsync("complete dead letter", () =>
        {
            world.DeadLetters.RemoveAll(m => m.Id == letter.Message.Id);
            world.locked.Remove(letter.Message.Id);
        });

        public ValueTask DisposeAsync()
        {
            world.locked.Clear();
            return ValueTask.CompletedTask;
        }
    }
}
