using OrderFunctions.Benchmarks.Reporting;
using OrderFunctions.Local;
using OrderFunctions.Local.Cli;
using OrderFunctions.Runtime;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>Orders that contend with each other. A measurement counts only if its audit is clean.</summary>
static class Contention
{
    static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan AuditMax = TimeSpan.FromMinutes(2);

    /// <summary>There is enough stock for two of five orders.</summary>
    public static async Task<Dictionary<string, double>> FlashSaleAsync(string data, int orders)
    {
        await using var ours = await OurSaga.StartAsync(data);
        await OurSaga.ReceiveAsync(ours.Saga, Workload.HotSkus, orders * 2 / 5);
        var measured = await Throughput.MeasureAsync(ours, Workload.FlashSale(orders));
        await AuditAsync(ours.Saga);
        return measured;
    }

    /// <summary>Sends a file's orders and cancellations through the public API, sixteen at a time.</summary>
    public static async Task<Dictionary<string, double>> AsTheyComeAsync(string data, string file)
    {
        const int OrdersAtOnce = 16;
        const long Received = 5_000;
        await using var host = await LocalHost.StartAsync(data, port: 0);
        await host.Saga.Cards.SetOutageAsync(isOut: false);
        using var http = new HttpClient { BaseAddress = host.Address };
        var lines = new OrdersFile(file);
        var placer = new OrderPlacer(new(http), lines, OrdersAtOnce);
        var placed = new Placed();
        var skus = (await lines.SurveyAsync(CancellationToken.None)).Skus;
        await placer.ReceiveStockAsync(skus, Received, placed, _ => { }, CancellationToken.None);
        await placer.PlaceAsync(placed, _ => { }, CancellationToken.None);
        if (placed.Problems.TryPeek(out var problem))
            throw new InvalidOperationException($"{problem}");
        await AuditAsync(host.Saga);

        var finals = new List<(DateTimeOffset Offered, DateTimeOffset Final)>();
        await foreach (var order in OrdersAsync(host.Saga))
            finals.Add((placed.SentAt[order.OrderId], order.FinalAt!.Value));
        var started = finals.Min(order => order.Offered);
        var seconds = new Samples([.. finals.Select(order => (order.Final - started).TotalSeconds)]);
        var milliseconds = new Samples([.. finals.Select(order => (order.Final - order.Offered).TotalMilliseconds)]);
        return new()
        {
            ["orders"] = finals.Count,
            ["orders/s until 95 % were final"] = 0.95 * finals.Count / seconds.At(0.95),
            ["p50 ms"] = milliseconds.At(0.5),
            ["p95 ms"] = milliseconds.At(0.95),
        };
    }

    static async IAsyncEnumerable<OrderSummary> OrdersAsync(LocalSaga saga)
    {
        for (string? next = null; ;)
        {
            var page = await saga.Lists.ListAsync(new(After: next, Limit: 200), CancellationToken.None);
            foreach (var order in page.Orders)
                yield return order;
            if ((next = page.Next) is null)
                yield break;
        }
    }

    /// <summary>Call this once everything is final and handled.</summary>
    static async Task AuditAsync(LocalSaga saga)
    {
        using var limit = new CancellationTokenSource(AuditMax);
        for (var audit = await saga.Audit.RunAsync(); audit.Findings.Count > 0; audit = await saga.Audit.RunAsync())
        {
            if (limit.IsCancellationRequested)
                throw new InvalidOperationException($"The audit found: {audit.Findings[0]}");
            await Task.Delay(PollInterval);
        }
    }
}
