using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Local;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>The local host's saga as shipped.</summary>
sealed class OurSaga : IContender
{
    readonly LocalSaga saga;
    readonly IAsyncDisposable owner;
    readonly MeterListener listener = new();

    OurSaga(LocalSaga saga, IAsyncDisposable owner)
    {
        this.saga = saga;
        this.owner = owner;

        // Deliberately uses the existing counter: polling the store would change what is measured.
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            if (tags[0].Value is nameof(OrderCompleted))
                Finals.Complete();
            else
                Finals.Reject();
        });
        listener.EnableMeasurementEvents(Telemetry.OrdersFinished);
        listener.Start();
    }

    public Finals Finals { get; } = new();

    public LocalSaga Saga => saga;

    public static async Task<OurSaga> StartAsync(string data)
    {
        var saga = new LocalSaga(data, new(), TimeProvider.System, NullLoggerFactory.Instance);
        await ReceiveAsync(saga);
        await saga.StartAsync();
        return new(saga, saga);
    }

    /// <summary>Counts the final orders of a saga that serves HTTP.</summary>
    public static async Task<OurSaga> OfAsync(LocalHost host)
    {
        await ReceiveAsync(host.Saga);
        return new(host.Saga, host);
    }

    static Task ReceiveAsync(LocalSaga saga) => ReceiveAsync(saga, Workload.Skus, 1_000_000_000);

    public static Task ReceiveAsync(LocalSaga saga, IEnumerable<string> skus, long received) =>
        Task.WhenAll(skus.Select(sku => saga.Stock.SetReceivedAsync(Workload.Warehouse, sku, received, CancellationToken.None)));

    public Task PlaceAsync(Guid id, PlaceOrder order) =>
        saga[Participants.Orders].RequestAsync($"{id:N}", $"{id:N}/http/{nameof(PlaceOrder)}", order, CancellationToken.None);

    /// <summary>A read of the lists waits until everything queued before it is on disk.</summary>
    public Task SettledAsync() => saga.Lists.CountAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        listener.Dispose();
        await owner.DisposeAsync();
    }
}
