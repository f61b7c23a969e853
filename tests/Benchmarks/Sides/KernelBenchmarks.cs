using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using OrderFunctions.CosmosDb;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Payments;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>
/// The kernel's own work per message, measured with ports that cost nothing. In Azure it is paid for in addition to the time of the
/// services.
/// </summary>
public class KernelBenchmarks
{
    static readonly DateTimeOffset Noon = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);

    readonly PlaceOrder order = Workload.Completing(1)[0].Order;
    Participant participant = null!;
    ReceivedMessage message = null!;
    OrderCreated created = null!;
    byte[] encoded = null!;
    OrderStream stream = null!;
    byte[] document = null!;

    [GlobalSetup]
    public void SetUp()
    {
        const string OrderId = "0197f3a2b1c47d5e8f90a1b2c3d4e5f6";
        var total = new Money(29.97m, "GBP");
        created = new(order.CustomerId, order.Lines, total, order.CardToken, order.ShipTo, order.Warehouse);
        encoded = EventJson.Encode(created);
        participant = new(Participants.Payments, Payment.Decider, Charged, new NoStore(), new NoBus(), new(), TimeProvider.System);
        var reserved = new InventoryReserved(order.CustomerId, total, order.CardToken, order.ShipTo);
        message = new($"{OrderId}/inventory/2", OrderId, nameof(InventoryReserved), reserved, null, null, Noon, 1);
        stream = OrderStream.Empty(OrderId).With(new(message.Id, message.Type, Via.Bus, Noon,
        [
            new($"{OrderId}/payments/1", new ChargeCard(total, order.CardToken, order.CustomerId, order.ShipTo)),
            new($"{OrderId}/payments/2", new PaymentSucceeded("ch_1", total, order.CustomerId, order.ShipTo)),
        ]));
        using var written = StreamDocument.Write(stream, summary: null);
        document = [.. written.ToArray()[..^1], .. ",\"_etag\":\"1\"}"u8];
    }

    [Benchmark(Description = "one turn: load, decide, charge, save, publish")]
    public ValueTask<TurnResult> Turn() => participant.HandleAsync(message, CancellationToken.None);

    [Benchmark(Description = "wire format: encode OrderCreated")]
    public byte[] Encode() => EventJson.Encode(created);

    [Benchmark(Description = "wire format: decode OrderCreated")]
    public OrderEvent Decode() => EventJson.Decode(nameof(OrderCreated), encoded);

    [Benchmark(Description = "mapping: stream to document")]
    public Stream ToDocument() => StreamDocument.Write(stream, summary: null);

    [Benchmark(Description = "mapping: document to stream")]
    public OrderStream FromDocument() => StreamDocument.Read(new MemoryStream(document), document.Length);

    static Task<Answer> Charged(IntentCall call, CancellationToken cancellation) => Task.FromResult<Answer>(new CardCharged("ch_1", new(29.97m, "GBP")));

    /// <summary>
    /// Runs in this process, because BenchmarkDotNet's generated projects would not find this repository's package versions. The job is
    /// short, because only the order of magnitude and the allocations matter, and the allocations are exact.
    /// </summary>
    internal static Dictionary<string, double> Measure(string folder)
    {
        var config = ManualConfig.CreateEmpty()
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddLogger(NullLogger.Instance)
            .WithArtifactsPath(folder)
            .WithOptions(ConfigOptions.DisableLogFile);
        var measured = new Dictionary<string, double>();
        foreach (var report in BenchmarkRunner.Run<KernelBenchmarks>(config).Reports)
        {
            var what = report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\'');
            measured[$"{what}: µs"] = (report.ResultStatistics ?? throw new InvalidOperationException($"{what} was not measured.")).Median / 1_000;
            measured[$"{what}: bytes allocated"] = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0;
        }
        return measured;
    }

    sealed class NoStore : IStreamStore
    {
        public Task<OrderStream?> LoadAsync(string orderId, CancellationToken cancellation) => Task.FromResult<OrderStream?>(null);

        public Task SaveAsync(OrderStream stream, OrderSummary? summary, CancellationToken cancellation) => Task.CompletedTask;

        public Task<IReadOnlyList<string>> PendingAsync(DateTimeOffset before, int max, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<string>>([]);
    }

    sealed class NoBus : IEventBus
    {
        public Task PublishAsync(IReadOnlyList<OutboundMessage> messages, CancellationToken cancellation) => Task.CompletedTask;
    }
}
