using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.CosmosDb.Gateway;
using OrderFunctions.Http;
using OrderFunctions.Kernel;
using OrderFunctions.Providers;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.ServiceBusBroker;

namespace OrderFunctions.Apps.Tests.ServiceBus.Wire;

/// <summary>The five apps, connected only by Service Bus over AMQP, with their state in Cosmos DB through the real SDK.</summary>
sealed class WireSaga : IAsyncDisposable
{
    /// <summary>A good order of one piece of A.</summary>
    public const string Body = """
        {"customerId":"1","currency":"GBP","lines":[{"sku":"A","description":"a","quantity":1,"unitPrice":2.5}],
        "payment":{"cardToken":"tok_visa"},"shipTo":{"name":"n","line1":"l","city":"c","postalCode":"E1","country":"GB"}}
        """;

    static readonly Page OperationsPage = new();
    static readonly OrderStatus[] Finals = [OrderStatus.Completed, OrderStatus.Rejected, OrderStatus.Cancelled];

    readonly Dictionary<string, WireApp> apps = [];
    readonly SimulatedCarrier carrier;

    public WireSaga(TurnOptions options)
    {
        Broker = new(WireBus.OfTopology with { LockDuration = TimeSpan.FromMinutes(1), DeliveriesMax = 100 });
        carrier = new(
            (orderId, trackingId, cancellation) => this[Participants.Shipping].Service<IEventBus>()
                .ReportPickUpAsync(orderId, eventId: trackingId, trackingId, cancellation),
            TimeProvider.System,
            NullLogger<SimulatedCarrier>.Instance);
        Ledger.Carrier = carrier;
        var ports = new Dictionary<string, Func<IServiceProvider, Perform>>
        {
            [Participants.Inventory] = services => Intents.On(services.GetRequiredService<IStock>()),
            [Participants.Payments] = _ => Intents.On(Ledger),
            [Participants.Shipping] = _ => Intents.On(Ledger.Shipments),
            [Participants.Notifications] = _ => Intents.On(new SimulatedNotifier(NullLogger<SimulatedNotifier>.Instance)),
        };
        foreach (var name in Participants.Deciders.Keys)
            apps[name] = new(name, ports.GetValueOrDefault(name, _ => Intents.Nothing), Broker.ConnectionString, Cosmos, options);
    }

    public Broker Broker { get; }
    public CosmosGateway Cosmos { get; } = new();
    public Ledger Ledger { get; } = new(new SimulatedCardProvider());
    public WireApp this[string participant] => apps[participant];
    public IOrderQueries Orders => this[Participants.Orders].Service<IOrderQueries>();
    OrdersApi Api => new(this[Participants.Orders].Service<Participant>(), Orders, OperationsPage);

    public async Task StartAsync()
    {
        foreach (var app in apps.Values)
            app.Start();
        await carrier.StartAsync(CancellationToken.None);
    }

    public Task ReceiveStockAsync(IEnumerable<string> skus, long received)
    {
        var stock = this[Participants.Inventory].Service<IStock>();
        return Parallel.ForEachAsync(skus, async (sku, cancellation) => await stock.SetReceivedAsync("main", sku, received, cancellation));
    }

    /// <summary>
    /// Places an order as a shop does: without an answer, it repeats the request with the same key. Returns the order's id.
    /// </summary>
    public async Task<string> PlaceAsync(string key, string body)
    {
        while (true)
        {
            var context = Request(body);
            context.Request.Headers["Idempotency-Key"] = key;
            await (await Api.PlaceAsync(context.Request)).ExecuteAsync(context);
            if (context.Response.StatusCode is StatusCodes.Status202Accepted)
                return context.Response.Headers.Location.ToString().Split('/')[^1];
            Assert.True(context.Response.StatusCode >= 500, $"Status {context.Response.StatusCode}");
        }
    }

    /// <summary>Requests an order's cancellation, which may be too late.</summary>
    public async Task CancelAsync(string orderId)
    {
        int status;
        do
        {
            var context = Request("");
            await (await Api.CancelAsync(context.Request, orderId)).ExecuteAsync(context);
            status = context.Response.StatusCode;
        }
        while (status >= 500);
        Assert.True(status is StatusCodes.Status202Accepted or StatusCodes.Status409Conflict, $"Status {status}");
    }

    public async Task<OrderSummary?> FindAsync(string orderId) =>
        (await Orders.ListAsync(new OrderFilter(Text: orderId), CancellationToken.None)).Orders.SingleOrDefault();

    /// <summary>Waits until every order is final and all queues are empty.</summary>
    public async Task SettledAsync(int orders, TimeSpan wait)
    {
        var report = "";
        for (var end = DateTime.UtcNow + wait; DateTime.UtcNow < end; await Task.Delay(250))
        {
            var counts = await Orders.CountAsync(CancellationToken.None);
            var final = counts.ByStatus.Where(pair => Finals.Contains(pair.Key)).Sum(pair => pair.Value);
            var depths = await Task.WhenAll(apps.Keys.Select(Broker.DepthAsync));
            report = $"{final} of {orders} orders are final, {counts.Parked} parked; {string.Join(", ", apps.Keys.Zip(depths))}";
            if (final == orders && depths.All(depth => depth is { Waiting: 0, Dead: 0, HeldSessions.Count: 0 }))
                return;
        }
        Assert.Fail(report);
    }

    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var end = DateTime.UtcNow + TimeSpan.FromSeconds(30); !await isSo(); await Task.Delay(100))
            Assert.True(DateTime.UtcNow < end, "It did not come to be in time.");
    }

    static DefaultHttpContext Request(string body)
    {
        var context = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };
        context.Request.ContentType = "application/json";
        context.Request.Method = HttpMethods.Post;
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        context.Request.ContentLength = Encoding.UTF8.GetByteCount(body);
        return context;
    }

    public async ValueTask DisposeAsync()
    {
        await carrier.StopAsync(CancellationToken.None);
        carrier.Dispose();
        await Task.WhenAll(apps.Values.Select(app => app.DisposeAsync().AsTask()));
        await Broker.DisposeAsync();
    }
}
