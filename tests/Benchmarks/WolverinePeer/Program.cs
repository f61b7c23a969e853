using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderFunctions.Benchmarks.Peer;
using OrderFunctions.Benchmarks.Sides;
using OrderFunctions.Benchmarks.WolverinePeer;
using OrderFunctions.Saga;
using Weasel.Sqlite;
using Wolverine;
using Wolverine.ErrorHandling;
using Wolverine.Runtime;
using Wolverine.Sqlite;
using OrderShipped = OrderFunctions.Benchmarks.WolverinePeer.OrderShipped;

// The same saga on Wolverine with its SQLite store: a stateful saga instead of Orders, and a handler for each of the four services, all on
// durable local queues with its inbox and outbox. It measures itself and prints one line. Arguments:
// how the file is synchronized (NORMAL is the library's default; FULL survives a power cut, as our own does), and the number of orders.
const int OneAtATime = 200;
var folder = Directory.CreateTempSubdirectory("wolverine-");
var builder = Host.CreateEmptyApplicationBuilder(null);
builder.Logging.ClearProviders();
builder.Services.AddSingleton<Finals>().AddSingleton(all => new Outside(
    all.GetRequiredService<Finals>(),
    async (order, trackingId) =>
        await new MessageBus(all.GetRequiredService<IWolverineRuntime>()).PublishAsync(new OrderShipped(order, trackingId))));
builder.UseWolverine(options =>
{
    options.PersistMessagesWithSqlite(new SqliteDataSource(
        $"Data Source={Path.Combine(folder.FullName, "saga.db")}",
        new SqlitePragmaSettings { Synchronous = Enum.Parse<SynchronousMode>(args[0]) }));
    options.Policies.UseDurableLocalQueues();
    options.Policies.AutoApplyTransactions();

    // Two messages of an order at once, and a locked file, are tried again; by default they would be dead-lettered.
    options.Policies.OnAnyException().RetryWithCooldown([.. new[] { 10, 50, 100, 250, 500, 1_000, 2_000, 4_000, 8_000 }.Select(ms => TimeSpan.FromMilliseconds(ms))]);
    options.MultipleHandlerBehavior = MultipleHandlerBehavior.Separated;
    options.Durability.Mode = DurabilityMode.Solo;
    options.UseRuntimeCompilation();
});

using (var host = builder.Build())
{
    await host.StartAsync();
    await using var contender = new WolverineContender(host);

    // One at a time until it has seen every type: where several messages of a type are its first, it may dead-letter some (its issue 1427).
    foreach (var (id, order) in Workload.Orders(OneAtATime, seed: 3))
    {
        var before = contender.Finals.Completed + contender.Finals.Rejected;
        await contender.PlaceAsync(id, order);
        await contender.Finals.ReachAsync(before + 1);
    }
    Console.WriteLine(JsonSerializer.Serialize(
        await Throughput.MeasureAsync(contender, int.Parse(args[1], CultureInfo.InvariantCulture))));
}
folder.Delete(recursive: true);

sealed class WolverineContender(IHost host) : IContender
{
    public Finals Finals { get; } = host.Services.GetRequiredService<Finals>();

    public async Task PlaceAsync(Guid id, PlaceOrder order)
    {
        var total = new Money(order.Lines.Sum(line => line.Quantity * line.UnitPrice), order.Currency);
        await host.MessageBus().PublishAsync(
            new PlacedOrder(id, order.CustomerId, order.Lines, total, order.CardToken, order.ShipTo, order.Warehouse));
    }

    public Task SettledAsync() => Task.CompletedTask;

    public async ValueTask DisposeAsync() => await host.StopAsync();
}
