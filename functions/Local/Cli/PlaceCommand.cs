using System.Collections.Concurrent;
using System.CommandLine;
using System.Globalization;
using OrderFunctions.Http;
using Spectre.Console;

namespace OrderFunctions.Local.Cli;

/// <summary>
/// Places a file of orders on a running system, follows each order to its end and prints the table that a run prints. Stock is the
/// system's own. Exit status: 0 all orders are final; 1 some are not; 2 some lines could not be placed, or the system is unreachable.
/// </summary>
static class PlaceCommand
{
    const int NotAllFinal = 1;
    const int NotAllPlaced = 2;

    /// <summary>Between two polls of an order.</summary>
    static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>Longer than a deployed app takes to start its first instance.</summary>
    static readonly TimeSpan NoProgressMax = TimeSpan.FromMinutes(2);

    public static Command Create()
    {
        var orders = new Option<FileInfo>("--orders")
        {
            Description = "Orders to place: one JSON object per line, plain or gzip.",
            HelpName = "FILE",
            Required = true,
        };
        var rate = new Option<double?>("--rate") { Description = "Orders to place per second. Default: as fast as they are accepted." };
        var concurrency = new Option<int>("--concurrency") { Description = "Orders placed at once.", DefaultValueFactory = _ => 16 };
        orders.AcceptExistingOnly();
        rate.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is <= 0)
                result.AddError("--rate must be more than 0.");
        });
        concurrency.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 1000)
                result.AddError("--concurrency must be 1 to 1000.");
        });
        var command = new Command("place", "Places a file of orders on a running system and reports what became of them.")
        {
            orders, rate, concurrency, Remote.Url, Remote.Token,
        };
        command.SetAction((options, cancellation) => Remote.CallAsync(options, async http =>
        {
            // An unreachable system is one line, not one for each order. Whatever it answers here, it is there.
            using var answer = await http.GetAsync("", cancellation);
            var client = new ApiClient(http);
            var file = new OrdersFile(options.GetValue(orders)!.FullName);
            return await RunAsync(client, new(client, file, options.GetValue(concurrency), options.GetValue(rate)), cancellation);
        }, cancellation));
        return command;
    }

    static async Task<int> RunAsync(ApiClient client, OrderPlacer placer, CancellationToken cancellation)
    {
        Output.BePlainForPipes();
        var placed = new Placed();
        var followed = new ConcurrentDictionary<string, OrderBody>();
        await Output.Progress().StartAsync(async progress =>
        {
            var placing = progress.AddTask("Orders placed", maxValue: await placer.LinesAsync(cancellation));
            var following = progress.AddTask("Orders final");
            var all = placer.PlaceAsync(placed, done => placing.Value(done), cancellation);
            await FollowAsync(client, placed, followed, all, following, cancellation);
            await all;
        });

        Output.Write(placed);
        Report.Of(followed.Values, placed).Write(AnsiConsole.Console);
        var open = Ids(placed).Count - followed.Values.Count(order => order.FinalAt is not null);
        if (open > 0)
            AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[red]{open:N0} orders are not final.[/]");
        return !placed.Errors.IsEmpty ? NotAllPlaced : open > 0 ? NotAllFinal : 0;
    }

    /// <summary>Ends when all orders are placed and each is final or parked, or when none has become so for a long time.</summary>
    static async Task FollowAsync(
        ApiClient client, Placed placed, ConcurrentDictionary<string, OrderBody> followed, Task placing, ProgressTask progress,
        CancellationToken cancellation)
    {
        var (least, since) = (int.MaxValue, Environment.TickCount64);
        while (true)
        {
            var isComplete = placing.IsCompleted;
            var ids = Ids(placed);
            var open = ids.Where(id => !followed.TryGetValue(id, out var order) || !HasEnded(order)).ToList();
            progress.MaxValue(Math.Max(ids.Count, 1)).Value(ids.Count - open.Count);
            if (isComplete && open.Count == 0)
                return;
            if (open.Count < least || !isComplete)
                (least, since) = (open.Count, Environment.TickCount64);
            if (Environment.TickCount64 - since > NoProgressMax.TotalMilliseconds)
                return;
            await Task.Delay(PollInterval, cancellation);
            await Parallel.ForEachAsync(open, cancellation, async (id, c) => await PollAsync(id, c));
        }

        async Task PollAsync(string id, CancellationToken c)
        {
            try
            {
                var order = await client.OrderAsync(id, c);
                followed[id] = order;

                // By one clock: this machine's and the system's differ.
                if (placed.SentAt.ContainsKey(id))
                    placed.SentAt[id] = order.PlacedAt;
            }
            catch (Exception e) when (ApiClient.IsFailure(e) && !c.IsCancellationRequested)
            {
                // Asked again with the next poll.
            }
        }
    }

    static List<string> Ids(Placed placed) => [.. placed.SentAt.Keys, .. placed.PlacedBefore];

    /// <summary>A parked order waits for an operator.</summary>
    static bool HasEnded(OrderBody order) => order.FinalAt is not null || order.Parked.Count > 0;
}
