using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.CosmosDb;
using OrderFunctions.CosmosDb.Gateway;
using OrderFunctions.Kernel;
using OrderFunctions.Local.Outside;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>The operations that one order needed.</summary>
sealed record Counts
{
    /// <summary>HTTP requests and messages; each is one turn.</summary>
    public int Turns { get; set; }
    public int StreamReads { get; set; }
    public int StreamWrites { get; set; }
    public int StockReads { get; set; }
    public int StockWrites { get; set; }
    public double StreamUnits { get; set; }
    public double StockUnits { get; set; }
    public int Sent { get; set; }
    public int Batches { get; set; }
    public int Received { get; set; }
    public int Settled { get; set; }
    public int BodyBytes { get; set; }

    /// <summary>By the republisher, in runs long after each of the order's stages: messages, and reads and writes of streams.</summary>
    public int SentAgain { get; set; }
    public int OperationsAgain { get; set; }

    public double StreamOperationsPerTurn => (double)(StreamReads + StreamWrites) / Turns;

    public static Counts operator -(Counts all, Counts part) => new()
    {
        Turns = all.Turns - part.Turns,
        StreamReads = all.StreamReads - part.StreamReads,
        StreamWrites = all.StreamWrites - part.StreamWrites,
        StockReads = all.StockReads - part.StockReads,
        StockWrites = all.StockWrites - part.StockWrites,
        StreamUnits = all.StreamUnits - part.StreamUnits,
        StockUnits = all.StockUnits - part.StockUnits,
        Sent = all.Sent - part.Sent,
        Batches = all.Batches - part.Batches,
        Received = all.Received - part.Received,
        Settled = all.Settled - part.Settled,
        BodyBytes = all.BodyBytes - part.BodyBytes,
        SentAgain = all.SentAgain - part.SentAgain,
        OperationsAgain = all.OperationsAgain - part.OperationsAgain,
    };
}

/// <summary>
/// Runs one order through the shipped kernel, the shipped Cosmos DB adapters and the real SDK. Below are an in-memory gateway, a bus that
/// only counts, and the simulated outside.
/// </summary>
sealed class CountedOrder : IEventBus, IAsyncDisposable
{
    const string OrderId = "0197f3a2b1c47d5e8f90a1b2c3d4e5f6";
    const int Lines = 3;

    readonly CosmosGateway gateway = new();
    readonly Microsoft.Azure.Cosmos.CosmosClient client;
    readonly Database outside = Database.Open(Database.InMemory, NullLogger.Instance);
    readonly SqliteCarrier carrier;
    readonly Dictionary<string, Participant> participants = [];
    readonly List<Republisher> republishers = [];
    readonly Dictionary<string, Queue<ReceivedMessage>> subscriptions =
        Topology.Current.Subscriptions.ToDictionary(s => s.Name, _ => new Queue<ReceivedMessage>());
    readonly HashSet<string> accepted = [];
    readonly List<OutboundMessage> scheduled = [];
    readonly TaskCompletionSource<PickUpEvent> pickedUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    Counts counts = new();
    readonly CosmosStock stock;
    readonly string? deliveredTwice;

    // A single field is enough, because calls run one after another here.
    GatewayCall? current;

    /// <param name="deliveredTwice">The message whose first delivery to Shipping is handled but not completed.</param>
    CountedOrder(string? deliveredTwice)
    {
        this.deliveredTwice = deliveredTwice;
        client = gateway.Client();
        var time = TimeProvider.System;
        carrier = new(outside, new() { Promise = TimeSpan.FromHours(1) }, time, NullLogger<SqliteCarrier>.Instance);
        stock = new(client.GetContainer(CosmosGateway.Database, CosmosContainers.Stock), time);
        var ports = new Dictionary<string, Perform>
        {
            [Participants.Inventory] = Intents.On(stock),
            [Participants.Payments] = Intents.On(new SqliteCardProvider(outside, time)),
            [Participants.Shipping] = Intents.On(carrier),
            [Participants.Notifications] = Intents.On(new SqliteNotifier(outside, time)),
        };
        foreach (var (name, decider) in Participants.Deciders)
        {
            var store = new CosmosStreamStore(client.GetContainer(CosmosGateway.Database, name), time);
            participants[name] = new(name, decider, ports.GetValueOrDefault(name, Intents.Nothing), store, this, new(), time);
            republishers.Add(new(participants[name], store, new Later()));
        }
    }

    /// <summary>Places the order and follows it until it is final and the promised time has passed.</summary>
    /// <param name="cancel">Requests a cancellation once the shipment is booked.</param>
    public static async Task<Counts> RunAsync(PlaceOrder order, string final, bool cancel = false, string? deliveredTwice = null)
    {
        await using var run = new CountedOrder(deliveredTwice);
        foreach (var line in order.Lines)
            await run.stock.SetReceivedAsync(order.Warehouse, line.Sku, 1_000, CancellationToken.None);
        await run.carrier.StartAsync((pickUp, _) =>
        {
            run.pickedUp.TrySetResult(pickUp);
            return Task.CompletedTask;
        });
        run.gateway.Before = run.CountAsync;
        run.gateway.After = run.CountWritten;
        await run.RequestAsync(Participants.Orders, nameof(PlaceOrder), order);
        await run.DeliverAsync();
        await run.RepublishAsync();
        if (cancel)
            await run.RequestAsync(Participants.Orders, nameof(CancelOrder), new CancelOrder("changed my mind"));
        else if (run.scheduled.Count > 0)
            await run.ReportPickUpAsync(OrderId, "1", (await run.pickedUp.Task).TrackingId, CancellationToken.None);
        await run.DeliverAsync();
        await run.RepublishAsync();
        foreach (var message in run.scheduled)
            run.Enqueue(message);
        await run.DeliverAsync();
        await run.RepublishAsync();

        run.gateway.Before = (_, _) => Task.CompletedTask;
        var stream = await run.participants[Participants.Orders].LoadAsync(OrderId, CancellationToken.None);
        var said = stream!.History.Last(e => e is OrderCompleted or OrderRejected or OrderCancelled).GetType().Name;
        return said == final ? run.counts : throw new InvalidOperationException($"The order ended with {said} and not with {final}.");
    }

    async Task RequestAsync(string name, string request, OrderEvent input)
    {
        counts.Turns++;
        await participants[name].RequestAsync(OrderId, $"{OrderId}/http/{request}", input, CancellationToken.None);
    }

    async Task DeliverAsync()
    {
        while (subscriptions.FirstOrDefault(s => s.Value.Count > 0) is { Value: not null } subscription)
        {
            var message = subscription.Value.Dequeue();
            await HandleAsync(subscription.Key, message);
            if (message.Type == deliveredTwice && subscription.Key is Participants.Shipping)
                await HandleAsync(subscription.Key, message with { DeliveryCount = 2 });
        }
    }

    /// <summary>Runs every republisher as if the order had waited for an hour at this stage, and counts what it does apart.</summary>
    async Task RepublishAsync()
    {
        var order = counts;
        counts = new();
        foreach (var republisher in republishers)
            await republisher.RunAsync(CancellationToken.None);
        order.SentAgain += counts.Sent;
        order.OperationsAgain += counts.StreamReads + counts.StreamWrites;
        counts = order;
    }

    async Task HandleAsync(string name, ReceivedMessage message)
    {
        counts.Turns++;
        counts.Received++;
        await participants[name].HandleAsync(message, CancellationToken.None);
        counts.Settled++;
    }

    public Task PublishAsync(IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation)
    {
        counts.Batches++;
        foreach (var message in messages)
        {
            counts.Sent++;
            counts.BodyBytes += EventJson.Encode(message.Event).Length;
            if (!accepted.Add(message.Id))
                continue;
            if (message.EnqueueAt is null)
                Enqueue(message);
            else
                scheduled.Add(message);
        }
        return Task.CompletedTask;
    }

    void Enqueue(OutboundMessage message)
    {
        var type = message.Event.GetType().Name;
        foreach (var subscription in Topology.Current.Subscriptions.Where(s => s.Hears.Contains(type)))
        {
            subscriptions[subscription.Name].Enqueue(
                new(message.Id, message.OrderId, type, message.Event, message.CausationId, message.TraceParent, TimeProvider.System.GetUtcNow(), 1));
        }
    }

    Task CountAsync(GatewayCall call, CancellationToken cancellation)
    {
        current = call;
        switch (call)
        {
            case { Container: CosmosContainers.Stock, Operation: "read" }:
                counts.StockReads++;
                counts.StockUnits += RequestUnits.OfRead(0);
                break;
            case { Container: CosmosContainers.Stock, Operation: "batch" }:
                counts.StockWrites++;
                counts.StockUnits += RequestUnits.OfWrite(0) * (1 + Lines);
                break;
            case { Container: CosmosContainers.Stock }:
                counts.StockWrites++;
                counts.StockUnits += RequestUnits.OfWrite(0);
                break;
            case { Operation: "query" }:
                break;
            case { Operation: "read" }:
                counts.StreamReads++;
                counts.StreamUnits += RequestUnits.OfRead(StreamSize(call));
                break;
            default:
                counts.StreamWrites++;
                break;
        }
        return Task.CompletedTask;
    }

    /// <summary>The cost of a write depends on what it has written.</summary>
    void CountWritten()
    {
        if (current is { Container: not CosmosContainers.Stock, Operation: not ("read" or "query") } call)
            counts.StreamUnits += RequestUnits.OfWrite(StreamSize(call));
    }

    /// <summary>The container holds only this order's stream.</summary>
    int StreamSize(GatewayCall call) =>
        gateway.Documents(call.Container) is [var document] ? System.Text.Encoding.UTF8.GetByteCount(document.ToJsonString(EventJson.Options)) : 0;

    public async ValueTask DisposeAsync()
    {
        await carrier.DisposeAsync();
        await outside.DisposeAsync();
        client.Dispose();
    }

    sealed class Later : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddHours(1);
    }
}
