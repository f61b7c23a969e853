using Microsoft.Azure.Cosmos;
using OrderFunctions.Contracts;
using OrderFunctions.CosmosDb.Gateway;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

// Runs the port contracts: all of them on the test gateway, the point operations on an independent server, and all on a real account or
// emulator if one is configured.

public sealed class CosmosStreamStoreTests : StreamStoreContract
{
    protected override ValueTask<IStreamStore> StoreAsync() =>
        new(new CosmosStreamStore(new CosmosGateway().Client().GetContainer(CosmosGateway.Database, Participants.Orders), TimeProvider.System));
}

public sealed class CosmosOrderQueriesTests : OrderQueriesContract
{
    protected override ValueTask<(IStreamStore Streams, IOrderQueries Orders)> StoreAsync()
    {
        var container = new CosmosGateway().Client().GetContainer(CosmosGateway.Database, Participants.Orders);
        return new((new CosmosStreamStore(container, TimeProvider.System), new CosmosOrderQueries(container, TimeProvider.System)));
    }
}

public sealed class CosmosStockTests : StockContract
{
    protected override ValueTask<IStock> StockAsync() =>
        new(new CosmosStock(new CosmosGateway().Client().GetContainer(CosmosGateway.Database, CosmosContainers.Stock), TimeProvider.System));
}

public sealed class WitnessedStreamStoreTests(CosmosServer server) : StreamStoreContract, IClassFixture<CosmosServer>
{
    /// <summary>Where the independent server is known to differ from Cosmos DB.</summary>
    static readonly Dictionary<string, string> Deviations = new()
    {
        [nameof(An_unknown_order_has_no_stream)] = NoAnswer,
        [nameof(Replacing_what_is_not_there_conflicts)] = NoAnswer,
    };

    const string NoAnswer = "The witness answers 500 to a read of a document that is not there; Cosmos DB answers 404.";

    protected override async ValueTask<IStreamStore> StoreAsync()
    {
        if (Deviations.TryGetValue(TestContext.Current.TestMethod!.MethodName, out var deviation))
            Assert.Skip(deviation);
        var client = server.Client();
        var database = $"test-{Guid.NewGuid():N}";
        await CosmosContainers.CreateAsync(client, database, TestContext.Current.CancellationToken);
        return new CosmosStreamStore(client.GetContainer(database, Participants.Orders), TimeProvider.System);
    }
}

public sealed class AccountStreamStoreTests : StreamStoreContract, IAsyncDisposable
{
    readonly CosmosAccount account = new();

    protected override async ValueTask<IStreamStore> StoreAsync() =>
        new CosmosStreamStore(await account.ContainerAsync(Participants.Orders), TimeProvider.System);

    public ValueTask DisposeAsync() => account.DisposeAsync();
}

public sealed class AccountOrderQueriesTests : OrderQueriesContract, IAsyncDisposable
{
    readonly CosmosAccount account = new();

    protected override async ValueTask<(IStreamStore Streams, IOrderQueries Orders)> StoreAsync()
    {
        var container = await account.ContainerAsync(Participants.Orders);
        return (new CosmosStreamStore(container, TimeProvider.System), new CosmosOrderQueries(container, TimeProvider.System));
    }

    public ValueTask DisposeAsync() => account.DisposeAsync();
}

public sealed class AccountStockTests : StockContract, IAsyncDisposable
{
    readonly CosmosAccount account = new();

    protected override async ValueTask<IStock> StockAsync() =>
        new CosmosStock(await account.ContainerAsync(CosmosContainers.Stock), TimeProvider.System);

    public ValueTask DisposeAsync() => account.DisposeAsync();
}

/// <summary>
/// An account or emulator. Each test gets its own database. Set <c>ORDERFUNCTIONS_COSMOS_ENDPOINT</c>, and for an account also
/// <c>ORDERFUNCTIONS_COSMOS_KEY</c>, because an identity may not create databases.
/// </summary>
sealed class CosmosAccount : IAsyncDisposable
{
    readonly string name = $"test-{Guid.NewGuid():N}";
    CosmosClient? client;

    public async Task<Container> ContainerAsync(string container)
    {
        var endpoint = Environment.GetEnvironmentVariable("ORDERFUNCTIONS_COSMOS_ENDPOINT");
        Assert.SkipWhen(string.IsNullOrEmpty(endpoint), "ORDERFUNCTIONS_COSMOS_ENDPOINT names no Cosmos DB account or emulator.");
        var key = Environment.GetEnvironmentVariable("ORDERFUNCTIONS_COSMOS_KEY");
        client = key is null
            ? new(endpoint, CosmosSettings.EmulatorKey, CosmosSettings.ForEmulator())
            : new(endpoint, key, CosmosSettings.ForAzure());
        await CosmosContainers.CreateAsync(client, name, TestContext.Current.CancellationToken);
        return client.GetContainer(name, container);
    }

    public async ValueTask DisposeAsync()
    {
        if (client is null)
            return;
        await client.GetDatabase(name).DeleteStreamAsync();
        client.Dispose();
    }
}
