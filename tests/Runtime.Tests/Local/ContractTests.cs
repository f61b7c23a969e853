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

/// <summary>Nothing stays in memory for longer than one look, so that everything is read from the file again.</summary>
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

public sealed class DeliveriesInAFile : BusDeliveryContract<BusInAFile>;

public sealed class LocksInAFile : BusLockContract<BusInAFile>;

public sealed class DeadLettersInAFile : BusDeadLetterContract<BusInAFile>;

public sealed class TimesInAFile : BusTimeContract<BusInAFile>;

public sealed class RestartsInAFile : BusRestartContract<BusInAFile>;

public sealed class DeliveriesInMemory : BusDeliveryContract<BusInMemory>;

public sealed class LocksInMemory : BusLockContract<BusInMemory>;

public sealed class DeadLettersInMemory : BusDeadLetterContract<BusInMemory>;

public sealed class TimesInMemory : BusTimeContract<BusInMemory>;

public abstract class SqliteStreamStoreContract(bool inMemory, int ordersMax) : StreamStoreContract, IAsyncDisposable
{
    readonly DataFile file = new(inMemory);

    protected override ValueTask<IStreamStore> StoreAsync() => new(new SqliteStreams(file.Open(ordersMax)).Of(Participants.Orders));

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

public sealed class BusInAFile : IBusFactory
{
    public static ValueTask<IBusUnderTest> OpenAsync() => new(new SqliteBusUnderTest(inMemory: false));
}

public sealed class BusInMemory : IBusFactory
{
    public static ValueTask<IBusUnderTest> OpenAsync() => new(new SqliteBusUnderTest(inMemory: true));
}

sealed class SqliteBusUnderTest : IBusUnderTest
{
    readonly FakeTimeProvider time = new(Samples.Noon);
    readonly BusOptions options = new() { DeliveriesMax = 5 };
    readonly DataFile file;
    Database database;
    SqliteBus bus;

    public SqliteBusUnderTest(bool inMemory)
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

    public async Task DeadLetterAllAsync(string subscription)
    {
        while (bus.TryReceive(subscription) is { } delivery)
        {
            await delivery.DeadLetterAsync("TTLExpiredException", "", CancellationToken.None);
            await delivery.ReleaseSessionAsync(CancellationToken.None);
        }
    }

    public async Task<IDelivery?> ReceiveAsync(string subscription, TimeSpan wait) =>
        await bus.ReceiveAsync(subscription, wait) is { } delivery ? new SqliteDeliveryUnderTest(delivery) : null;

    public Task AdvanceAsync(TimeSpan span)
    {
        time.Advance(span);
        return Task.CompletedTask;
    }

    public async Task RestartAsync()
    {
        bus.Dispose();

        // A settlement is not waited for by anybody, but this test wants to know it on disk.
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

sealed class SqliteDeliveryUnderTest(Delivery delivery) : IDelivery
{
    public ReceivedMessage Message => delivery.Message;
    public Task CompleteAsync(CancellationToken cancellation) => delivery.CompleteAsync(cancellation);
    public Task AbandonAsync(CancellationToken cancellation) => delivery.AbandonAsync(cancellation);
    public Task DeadLetterAsync(string reason, string description, CancellationToken cancellation) =>
        delivery.DeadLetterAsync(reason, description, cancellation);
    public Task ReleaseSessionAsync(CancellationToken cancellation) => delivery.ReleaseSessionAsync(cancellation);
    public Task RenewLockAsync(CancellationToken cancellation) => delivery.RenewLockAsync(cancellation);
}
