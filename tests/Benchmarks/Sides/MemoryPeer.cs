using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrderFunctions.Benchmarks.Peer;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>The peer over MassTransit's in-memory transport, with a minimal endpoint that accepts orders.</summary>
sealed class MemoryPeer : IContender
{
    readonly WebApplication app;
    readonly IBus bus;

    MemoryPeer(WebApplication app)
    {
        this.app = app;
        bus = app.Services.GetRequiredService<IBus>();
        Finals = app.Services.GetRequiredService<Finals>();
    }

    public Finals Finals { get; }

    public Uri Address => new(app.Urls.First());

    public static async Task<MemoryPeer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        PeerSaga.Add(builder.Services, x => x.UsingInMemory((context, bus) => bus.ConfigureEndpoints(context)));
        builder.Services.Configure<MassTransitHostOptions>(options => options.WaitUntilStarted = true);
        var app = builder.Build();
        app.MapPost("/api/orders", async (PostedOrder posted, IBus bus) =>
        {
            var id = Guid.CreateVersion7();
            await PeerSaga.PlaceAsync(bus, id, posted.Order);
            return Results.Accepted($"/api/orders/{id:N}", new { id, status = "Placed" });
        });
        await app.StartAsync();
        return new(app);
    }

    public Task PlaceAsync(Guid id, PlaceOrder order) => PeerSaga.PlaceAsync(bus, id, order);

    public Task SettledAsync() => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
