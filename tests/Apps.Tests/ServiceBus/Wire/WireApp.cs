using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using OrderFunctions.CosmosDb.Gateway;
using OrderFunctions.Hosting;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.ServiceBus;

namespace OrderFunctions.Apps.Tests.ServiceBus.Wire;

/// <summary>
/// One app as the Functions host runs it, with the app's own registrations. The host's connection is separate; its session receivers call
/// the function with one message of a session at a time.
/// </summary>
sealed class WireApp : IAsyncDisposable
{
    /// <summary>The interval of the app's timer, shortened for the tests.</summary>
    static readonly TimeSpan UpkeepPause = TimeSpan.FromMilliseconds(500);

    /// <summary>The same value as in host.json.</summary>
    static readonly TimeSpan SessionIdleTimeout = TimeSpan.FromSeconds(2);

    const int SessionsMax = 8;

    readonly string name;
    readonly IHost app;
    readonly ServiceBusClient client;
    readonly CancellationTokenSource stopping = new();
    Task[] running = [];

    public WireApp(
        string name, Func<IServiceProvider, Perform> perform,
        string connectionString, CosmosGateway cosmos, TurnOptions options)
    {
        this.name = name;
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ServiceBus"] = connectionString,
            ["Cosmos:Endpoint"] = "https://cosmos.test",
            ["Cosmos:Database"] = CosmosGateway.Database,
        });
        builder.AddParticipant(name, perform);
        builder.Services.Replace(ServiceDescriptor.Singleton(options));
        builder.Services.Replace(ServiceDescriptor.Singleton(_ => cosmos.Client()));
        app = builder.Build();

        client = WireBus.Client(connectionString);
    }

    public T Service<T>()
        where T : notnull => app.Services.GetRequiredService<T>();

    public void Start() => running = [Task.Run(KeepUpAsync), .. Enumerable.Range(0, SessionsMax).Select(_ => Task.Run(WorkAsync))];

    /// <summary>
    /// One of the host's session slots. Deliberately not the client's own session processor: if the link is lost while a message is being
    /// handled, its slot keeps using the closed receiver forever (7.21.0).
    /// </summary>
    async Task WorkAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using var receiver =
                    await client.AcceptNextSessionAsync(Topology.Current.Topic, name, cancellationToken: stopping.Token);
                await CallAsync(receiver);
            }
            catch (Exception e) when (e is OperationCanceledException or ServiceBusException or ObjectDisposedException)
            {
                // No session or no connection: try again in the next round.
            }
        }
    }

    /// <summary>
    /// Calls the function with one message after another until it releases the session or the session is idle for too long.
    /// </summary>
    async Task CallAsync(ServiceBusSessionReceiver receiver)
    {
        var session = new ReceiverSessionActions();
        while (!session.IsReleased && await receiver.ReceiveMessageAsync(SessionIdleTimeout, stopping.Token) is { } message)
        {
            try
            {
                await Service<MessageHandler>().HandleAsync(message, new ReceiverActions(receiver), session, stopping.Token);
            }
            catch (UnsettledException)
            {
                await receiver.AbandonMessageAsync(message, cancellationToken: stopping.Token);
            }
        }
    }

    async Task KeepUpAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await Service<Upkeep>().RunAsync(stopping.Token);
                await Task.Delay(UpkeepPause, stopping.Token);
            }
            catch (Exception e) when (e is TransientException or AggregateException or OperationCanceledException)
            {
                // The next run comes soon, so ignore the failure.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running);
        await client.DisposeAsync();
        await ((IAsyncDisposable)app).DisposeAsync();
        stopping.Dispose();
    }
}
