using System.Globalization;
using OrderFunctions.Saga;
using Spectre.Console;

namespace OrderFunctions.Local.Cli;

/// <param name="Orders">The file of orders to place; null for none.</param>
/// <param name="Exit">End after the audit.</param>
/// <param name="Settings">Of real providers.</param>
public sealed record RunOptions(
    string? Orders, bool Exit, string Data, int Port, int Concurrency, long Stock, IReadOnlyDictionary<string, string?> Settings);

/// <summary>Starts the host, places the orders, waits until they are final, reports, audits, and keeps serving.</summary>
public static class RunCommand
{
    const int AuditFailed = 1;
    const int NotAllPlaced = 2;

    /// <summary>Between two polls of the open orders.</summary>
    static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>If nothing becomes final for this long, nothing will: some order is parked and waits for an operator.</summary>
    static readonly TimeSpan NoProgressMax = TimeSpan.FromSeconds(60);

    public static string Sample => Path.Combine(AppContext.BaseDirectory, "sample", "orders-200.ndjson.gz");

    public static async Task<int> RunAsync(RunOptions options)
    {
        Output.BePlainForPipes();
        if (options.Orders is { } path && !File.Exists(path))
            return Failed($"There is no file {path}.");
        LocalHost host;
        try
        {
            host = await LocalHost.StartAsync(options.Data, options.Port, options.Settings);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return Failed(e.Message);
        }
        await using (host)
        {
            AnsiConsole.MarkupLineInterpolated(
                CultureInfo.InvariantCulture, $"Serving on [link]{host.Address}[/]; all data is in {options.Data}.");
            var status = options.Orders is { } orders ? await PlaceAsync(host, orders, options) : 0;
            if (!options.Exit && !host.Stopping.IsCancellationRequested)
            {
                AnsiConsole.WriteLine("Press Ctrl-C to stop.");
                await host.ServeAsync();
            }
            return status;
        }
    }

    static async Task<int> PlaceAsync(LocalHost host, string file, RunOptions options)
    {
        using var http = new HttpClient { BaseAddress = host.Address };
        var client = new ApiClient(http);
        var placed = new Placed();
        try
        {
            await ShowAsync(client, new(client, new(file), options.Concurrency), options.Stock, placed, host.Stopping);
        }
        catch (OperationCanceledException) when (host.Stopping.IsCancellationRequested)
        {
            return 0;
        }

        Output.Write(placed);
        (await Report.OfAsync(client, placed, host.Stopping)).Write(AnsiConsole.Console);
        return await IsAuditCleanAsync(host.Saga) ? placed.Errors.IsEmpty ? 0 : NotAllPlaced : AuditFailed;
    }

    static async Task ShowAsync(ApiClient client, OrderPlacer placer, long stock, Placed placed, CancellationToken stopping) =>
        await Output.Progress().StartAsync(async progress =>
        {
            var receiving = progress.AddTask("Stock received");
            await placer.ReceiveStockAsync(stock, placed, (done, all) => receiving.MaxValue(all).Value(done), stopping);
            receiving.StopTask();

            var placing = progress.AddTask("Orders placed", maxValue: await placer.LinesAsync(stopping));
            var settling = progress.AddTask("Orders final", maxValue: placing.MaxValue);
            await placer.PlaceAsync(placed, done => placing.Value(done), stopping);
            placing.StopTask();
            await SettleAsync(client, settling, stopping);
        });

    /// <summary>Waits until every order of the store is final, including those of earlier runs.</summary>
    static async Task SettleAsync(ApiClient client, ProgressTask settling, CancellationToken stopping)
    {
        var (least, since) = (long.MaxValue, Environment.TickCount64);
        while (true)
        {
            var counts = await client.CountsAsync(stopping);
            var all = counts.ByStatus.Values.Sum();
            var open = all - counts.ByStatus["Completed"] - counts.ByStatus["Rejected"] - counts.ByStatus["Cancelled"];
            settling.MaxValue(Math.Max(all, 1)).Value(Math.Max(all, 1) - open);
            if (open == 0)
                return;
            if (open < least)
                (least, since) = (open, Environment.TickCount64);
            if (Environment.TickCount64 - since > NoProgressMax.TotalMilliseconds)
                return;
            await Task.Delay(PollInterval, stopping);
        }
    }

    /// <summary>
    /// An order is final before its customer is notified and its last message is completed: the audit allows ten seconds for that.
    /// </summary>
    static async Task<bool> IsAuditCleanAsync(LocalSaga saga)
    {
        var audit = await saga.Audit.RunAsync();
        var since = Environment.TickCount64;
        while (audit.Findings.Count > 0 && Environment.TickCount64 - since < 10_000)
        {
            await Task.Delay(PollInterval);
            audit = await saga.Audit.RunAsync();
        }

        foreach (var finding in audit.Findings)
            AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[red]Audit: {finding}[/]");
        if (audit.Findings.Count > 0)
            return false;
        var takings = string.Join(", ", audit.Takings.Select(money => new Money(money.Value, money.Key)));
        var found = string.Create(
            CultureInfo.InvariantCulture,
            $"{audit.Orders:N0} orders, {audit.Charges:N0} charges and {audit.Refunds:N0} refunds, none of them twice, "
            + $"{(takings.Length > 0 ? takings : "nothing")} taken; stock adds up; nothing open, nothing dead-lettered.");
        AnsiConsole.MarkupLineInterpolated($"[green]Audit clean[/]: {found}");
        return true;
    }

    static int Failed(string error)
    {
        Console.Error.WriteLine(error);
        return NotAllPlaced;
    }
}
