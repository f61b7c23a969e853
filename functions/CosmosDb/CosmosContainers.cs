using Microsoft.Azure.Cosmos;
using OrderFunctions.Runtime;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// The containers as the code needs them, for emulators and tests; in Azure, Bicep creates them. Everything but a few paths is left out of
/// the index: an index entry is paid for with every write, and documents are read by id.
/// </summary>
public static class CosmosContainers
{
    public const string Stock = "stock";

    /// <summary>What queries over streams filter and sort by.</summary>
    public static readonly IReadOnlyList<string> StreamPaths = [$"/{StreamDocument.UnconfirmedSince}/?", $"/{StreamDocument.List}/*"];

    public static IEnumerable<ContainerProperties> All =>
        Topology.Current.Subscriptions
            .Select(participant => Lean(participant.Name, "/orderId", StreamPaths))
            .Append(Lean(Stock, "/warehouse", []));

    /// <summary>May be called any number of times.</summary>
    public static async Task CreateAsync(CosmosClient client, string database, CancellationToken cancellation)
    {
        Database created = await client.CreateDatabaseIfNotExistsAsync(database, cancellationToken: cancellation);
        foreach (var container in All)
            await created.CreateContainerIfNotExistsAsync(container, cancellationToken: cancellation);
    }

    static ContainerProperties Lean(string name, string partitionKey, IReadOnlyList<string> paths)
    {
        var container = new ContainerProperties(name, partitionKey);
        foreach (var path in paths)
            container.IndexingPolicy.IncludedPaths.Add(new IncludedPath { Path = path });
        container.IndexingPolicy.ExcludedPaths.Add(new ExcludedPath { Path = "/*" });
        return container;
    }
}
