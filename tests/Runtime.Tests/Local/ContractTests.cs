using Microsoft.Extensions.Time.Testing;
using OrderFunctions.Contracts;
using OrderFunctions.Kernel;
using OrderFunctions.Local.Bus;
using OrderFunctions.Local.Outside;
using OrderFunctions.Local.Storage;
using OrderFunctions.Local.Streams;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Tests;

// The contracts, each on a file and in memory.

public sealed class StreamsInAFile : SqliteStreamStoreContract
{
    public StreamsInAFile() : base(inMemory: false, ordersMax: 20_000)
    {
    }
}

public sealed class StreamsInMemory : SqliteStreamStoreContract
{
    public StreamsInMemory() : base(inMemory: true, ordersMax: 20_000)
    {
    }
}

/// <summary>Memory holds one order only, so that streams are read from the file again.</summary>
public sealed class StreamsReadAgain : SqliteStreamStoreContract
{
    public StreamsReadAgain() : base(inMemory: false, ordersMax: 1)
    {
    }
}

public sealed class OrderListsInAFile() : SqliteOrderQueriesContract(inMemory: false);

public sealed class OrderListsInMemory() : SqliteOrderQueriesContract(inMemory: true);

public sealed class StockInAFile() : SqliteStockContract(inMemory: false);

public sealed class StockInMemory() : SqliteStockContract(inMemory: true);

public sealed class BusInAFile() : SqliteEventBusContract(inMemory: false);

public sealed class BusInMemory() : SqliteEventBusContract(inMemory: true);

public abstract class SqliteStreamStoreContract(bool inMemory, int ordersMax) : StreamStoreContract, IAsyncDisposable
{
    readonly DataFile file = new(inMemory);

    protected override ValueTask<IStreamStore> StoreAsync() => new(new SqliteStreams(file.Open(), ordersMax).Of(Participants.Orders));

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await file.DisposeAsync();
    }
}

public abstract class SqliteOrderQueriesContract(bool inMemory) : OrderQueriesContract, IAsyncDisposable
{
    readonly DataFile file = new(inMemory);

    protected override ValueTask<(IStreamStore Streams, IOrderQueries Orders)> StoreAsync()
    {
        var database = file.Open();
        return new((new SqliteStreams(database).Of(Participants.Orders), new OrderLists(database)));
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await file.DisposeAsync();
    }
}

public abstract class SqliteStockContract(bool inMemory) : StockContract, IAsyncDisposable
{
    readonly DataFile file = new(inMemory);

    protected override ValueTask<IStock> StockAsync() => new(new SqliteStock(file.Open()));

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await file.DisposeAsync();
    }
}

public abstract class SqliteEventBusContract(bool inMemory) : EventBusContract
{
    protected override ValueTask<IBusUnderTest> BusAsync() => new(new BusUnderTest(inMemory));

    sealed class BusUnderTest : IBusUnderTest
    {
        readonly FakeTimeProvider time = new(Samples.Noon);
        readonly BusOptions options = new() { DeliveriesMax = 5 };
        readonly DataFile file;
        Database database;
        SqliteBus bus;

        public BusUnderTest(bool inMemory)
        {
            file = new(inMemory);
            database = file.Open();
            bus = new(database, options, time);
        }

        public IEventBus Topic => bus;
        public TimeSpan LockDuration => BusOptions.LockDuration;
        public TimeSpan DuplicateWindow => BusOptions.DuplicateWindow;
        public int DeliveriesMax => options.DeliveriesMax;
        public bool IsDurable => database.IsDurable;

        public IDeadLetterQueue DeadLetters(string subscription) => bus.DeadLetters(subscription);

        public async Task<IDelivery?> ReceiveAsync(string subscription, TimeSpan patience)
        {
            if (bus.TryReceive(subscription) is { } at)
                return new DeliveryUnderTest(at);
            using var end = new CancellationTokenSource(patience);
            try
            {
                return new DeliveryUnderTest(await bus.ReceiveAsync(subscription, end.Token));
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }

        public Task AdvanceAsync(TimeSpan span)
        {
            time.Advance(span);
            return Task.CompletedTask;
        }

        public async Task RestartAsync()
        {
            bus.Dispose();

            // Nobody waits for a settlement, but this test needs it on disk.
            await database.CommittedAsync();
            file.Crash();
            database = file.Open();
            bus = new(database, options, time);
        }

        public async ValueTask DisposeAsync()
        {
            bus.Dispose();
            await file.DisposeAsync();
        }
    }

    sealed class DeliveryUnderTest(Delivery delivery) : IDelivery
    {
        public ReceivedMessage Message => delivery.Message;
        public Task CompleteAsync(CancellationToken cancellation) => delivery.CompleteAsync(cancellation);
        public Task AbandonAsync(CancellationToken cancellation) => delivery.AbandonAsync(cancellation);
        public Task DeadLetterAsync(string reason, string description, CancellationToken cancellation) =>
            delivery.DeadLetterAsync(reason, description, cancellation);
        public Task ReleaseSessionAsync(CancellationToken cancellation) => delivery.ReleaseSessionAsync(cancellation);
        public Task RenewLockAsync(CancellationToken cancellation) => delivery.RenewLockAsync(cancellation);
    }
}
