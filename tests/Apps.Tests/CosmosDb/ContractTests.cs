using OrderFunctions.Contracts;
using OrderFunctions.CosmosDb.Gateway;
using OrderFunctions.Runtime;

namespace OrderFunctions.CosmosDb;

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
