using OrderFunctions.Runtime;
using Spectre.Console;

namespace OrderFunctions.Local.Cli;

/// <param name="Concurrency">Orders placed at once.</param>
/// <param name="Stock">Pieces received of each SKU.</param>
sealed record RunOptions(int Concurrency, long Stock);

/// <summary>Places the orders on a local host, waits until they are final, reports, and audits.</summary>
sealed class Run(LocalHost host, RunOptions options)
{
    /// <summary>Between two polls of the open orders.</summary>
    static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>If nothing becomes final for this long, nothing will: a real carrier picks up tomorrow.</summary>
    static readonly TimeSpan NoProgressMax = TimeSpan.FromSeconds(60);

    /// <summary>After this long without progress, it says what it waits for.</summary>
    static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    /// <summary>An order is final before its customer is notified and its last message is completed: the audit waits for that.</summary>
    static readonly TimeSpan AftermathMax = TimeSpan.FromSeconds(10);

    /// <summary>The same for orders that are parked: then something stays open in any case.</summary>
    static readonly TimeSpan AftermathOfParked = TimeSpan.FromSeconds(1);

    readonly Placed placed = new();

    /// <param name="file">Null to place nothing, and audit what is there.</param>
    /// <param name="survey">What is in the file.</param>
    /// <returns>The exit status.</returns>
    public async Task<int> ToEndAsync(OrdersFile? file, Survey? survey)
    {
        using var http = new HttpClient { BaseAddress = host.Address };
        var client = new ApiClient(http);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(host.Stopping);
        _ = host.Saga.Database.Broken.ContinueWith(_ => stop.Cancel(), TaskScheduler.Default);
        try
        {
            await PlaceAsync(client, file, survey, stop.Token);
            Output.Write(placed);
            (await Report.OfAsync(client, placed, stop.Token)).Write();
            await ShowParkedAsync(client, stop.Token);
            if (!await IsAuditCleanAsync(stop.Token))
                return Exit.Negative;
        }
        catch (Exception e) when (stop.IsCancellationRequested && (e is OperationCanceledException || ApiClient.IsFailure(e)))
        {
            if (host.Saga.Database.Broken.IsFaulted)
                await host.Saga.Database.Broken;
            await ShowProgressAsync(survey);
            return Exit.Interrupted;
        }
        return placed.ExitStatus;
    }

    async Task PlaceAsync(ApiClient client, OrdersFile? file, Survey? survey, CancellationToken stopping) =>
        await Output.Progress().StartAsync(async progress =>
        {
            if (file is not null && survey is not null)
            {
                var placer = new OrderPlacer(client, file, options.Concurrency);
                var receiving = progress.AddTask("Stock received", maxValue: survey.Skus.Count);
                var placing = progress.AddTask("Orders placed", maxValue: survey.Lines);
                await placer.ReceiveStockAsync(survey.Skus, options.Stock, placed, done => receiving.Value(done), stopping);
                receiving.StopTask();
                await placer.PlaceAsync(placed, done => placing.Value(done), stopping);
                placing.StopTask();
            }
            var settling = progress.AddTask("Orders final");
            await SettleAsync(client, (final, all) => settling.MaxValue(Math.Max(all, 1)).Value(all == 0 ? 1 : final), stopping);
        });

    /// <summary>
    /// Waits until every order of the store is final, including those of earlier runs, or waits for an operator, or nothing has moved for
    /// long.
    /// </summary>
    static async Task SettleAsync(ApiClient client, Action<long, long> progress, CancellationToken stopping)
    {
        var (least, since, isTold) = (long.MaxValue, Environment.TickCount64, false);
        while (true)
        {
            var counts = await client.CountsAsync(stopping);
            var (all, final) = Final(counts.ByStatus);
            progress(final, all);
            if (all == final || (counts.Parked > 0 && await AreParkedAsync(client, all - final, stopping)))
                return;
            if (all - final < least)
                (least, since, isTold) = (all - final, Environment.TickCount64, false);
            var quiet = TimeSpan.FromMilliseconds(Environment.TickCount64 - since);
            if (quiet > NoProgressMax)
                return;
            if (quiet > Silence && !isTold)
            {
                isTold = true;
                var open = string.Join(", ", counts.ByStatus
                    .Where(one => one.Value > 0 && !Finals.Contains(one.Key)).Select(one => $"{one.Value} {one.Key}"));
                Console.Error.WriteLine($"Nothing moves: {open}. Waiting for up to {NoProgressMax.TotalSeconds} s.");
            }
            await Task.Delay(PollInterval, stopping);
        }
    }

    static readonly string[] Finals = [nameof(OrderStatus.Completed), nameof(OrderStatus.Rejected), nameof(OrderStatus.Cancelled)];

    static (long All, long Final) Final(IReadOnlyDictionary<string, long> byStatus) =>
        (byStatus.Values.Sum(), Finals.Sum(status => byStatus.GetValueOrDefault(status)));

    static async Task<bool> AreParkedAsync(ApiClient client, long open, CancellationToken stopping) =>
        await client.OrdersAsync(stopping, filter: "parked=true").CountAsync(order => order.FinalAt is null, stopping) >= open;

    static async Task ShowParkedAsync(ApiClient client, CancellationToken stopping)
    {
        var parked = await client.ParkedAsync(stopping);
        if (parked.Count == 0)
            return;
        Output.Line($"Parked, and waiting for an operator:");
        OperatorTables.Parked.Write(parked);
        Output.Line($"While the host serves: ./run inspect ORDER, then ./run replay ORDER or ./run replay --all.");
    }

    async Task<bool> IsAuditCleanAsync(CancellationToken stopping)
    {
        var begun = Environment.TickCount64;
        while (true)
        {
            var audit = await host.Saga.Audit.RunAsync();
            var max = (await host.Saga.Lists.CountAsync(stopping)).Parked > 0 ? AftermathOfParked : AftermathMax;
            if (audit.Findings.Count == 0 || Environment.TickCount64 - begun > max.TotalMilliseconds)
                return Output.Write(audit);
            await Task.Delay(PollInterval, stopping);
        }
    }

    /// <summary>How far an interrupted run came.</summary>
    async Task ShowProgressAsync(Survey? survey)
    {
        var (all, final) = Final((await host.Saga.Lists.CountAsync(CancellationToken.None)).ByStatus
            .ToDictionary(one => one.Key.ToString(), one => one.Value));
        var sent = placed.SentAt.Count + placed.PlacedBefore.Count;
        var placing = survey is null ? "" : FormattableString.Invariant($"{sent:N0} orders of {survey.Orders:N0} were placed; ");
        Console.Error.WriteLine(FormattableString.Invariant(
            $"Interrupted: {placing}{final:N0} of the {all:N0} orders of the store are final.")
            + " The same command goes on here; no order is placed twice.");
    }
}
