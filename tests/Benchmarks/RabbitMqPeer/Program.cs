using System.Text.Json;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrderFunctions.Benchmarks.Peer;
using OrderFunctions.Benchmarks.Sides;
using OrderFunctions.Saga;

// The peer over RabbitMQ. It measures itself and prints one line. Arguments: the broker's port and the number of orders.
var builder = Host.CreateEmptyApplicationBuilder(null);
PeerSaga.Add(builder.Services, x => x.UsingRabbitMq((context, bus) =>
{
    // Durable queues and persistent messages are MassTransit's defaults. A publication completes once the broker has confirmed it.
    bus.Host("127.0.0.1", ushort.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture), "/", host => host.PublisherConfirmation = true);
    bus.Durable = true;
    bus.ConfigureEndpoints(context);
}));
builder.Services.Configure<MassTransitHostOptions>(options =>
{
    options.WaitUntilStarted = true;
    options.StartTimeout = TimeSpan.FromSeconds(60);
});

using var host = builder.Build();
await host.StartAsync();
await using var contender = new RabbitMqContender(host);
var measured = await Throughput.MeasureAsync(contender, int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture));
Console.WriteLine(JsonSerializer.Serialize(measured));

sealed class RabbitMqContender(IHost host) : IContender
{
    readonly IBus bus = host.Services.GetRequiredService<IBus>();

    public Finals Finals { get; } = host.Services.GetRequiredService<Finals>();

    public Task PlaceAsync(Guid id, PlaceOrder order) => PeerSaga.PlaceAsync(bus, id, order);

    public Task SettledAsync() => Task.CompletedTask;

    public async ValueTask DisposeAsync() => await host.StopAsync();
}
