using Microsoft.Azure.Cosmos;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OrderFunctions.CosmosDb;

namespace OrderFunctions.Hosting;

/// <summary>
/// Creates the containers in an emulator, which starts empty, before the first message comes. In Azure, Bicep creates them and an app may
/// not.
/// </summary>
sealed class EmulatorContainers(CosmosClient client, IOptions<CosmosOptions> options) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => new Uri(options.Value.Endpoint).IsLoopback
        ? CosmosContainers.CreateAsync(client, options.Value.Database, cancellationToken)
        : Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
