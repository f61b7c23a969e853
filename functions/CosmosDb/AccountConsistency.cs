using Microsoft.Azure.Cosmos;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// Refuses to start on an account whose reads may be stale: a turn performs its intents on what it reads, so an old stream could have a
/// card charged twice.
/// </summary>
sealed partial class AccountConsistency(CosmosClient client, IOptions<CosmosOptions> options, ILogger<AccountConsistency> log)
    : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // An emulator is one replica, whatever level it states.
        if (options.Value.IsEmulator)
            return;
        try
        {
            var account = await client.ReadAccountAsync().WaitAsync(TimeSpan.FromSeconds(10), cancellationToken);
            Check(account.Consistency.DefaultConsistencyLevel);
        }
        catch (Exception e) when (
            e is CosmosException or HttpRequestException or TimeoutException or Azure.Identity.AuthenticationFailedException)
        {
            // An account that is unavailable for a moment is no reason not to start: messages wait.
            LogUnchecked(e, options.Value.Endpoint);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal static void Check(ConsistencyLevel level)
    {
        if (level is not (ConsistencyLevel.Strong or ConsistencyLevel.BoundedStaleness))
        {
            throw new InvalidOperationException(
                $"The Cosmos DB account's default consistency is {level}. Set it to Strong, or to BoundedStaleness: "
                + "with anything weaker a turn may act on an old stream.");
        }
    }

    [LoggerMessage(LogLevel.Warning, "The consistency level of {Endpoint} could not be checked.")]
    partial void LogUnchecked(Exception exception, string endpoint);
}
