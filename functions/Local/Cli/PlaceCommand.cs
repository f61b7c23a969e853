using System.Collections.Concurrent;
using System.CommandLine;
using System.Globalization;
using OrderFunctions.Http;
using Spectre.Console;

namespace OrderFunctions.Local.Cli;

/// <summary>
/// Places a file of orders on a running system, follows each order to its end and prints the table that a run prints. Stock is the
/// system's own.
/// </summary>
static class PlaceCommand
{
    /// <summary>Between two polls of an order.</summary>
    static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>Longer than a deployed app takes to start its first instance.</summary>
    static readonly TimeSpan NoProgressMax = TimeSpan.FromMinutes(2);

    public static Verb Create()
    {
        var orders = new Option<string>("--orders")
        {
            Description = "A file of orders, plain or gzip.",
            HelpName = "FILE",
            Required = true,
        };
        var rate = new Option<double?>("--rate")
        {
            Description = "Orders to place per second. Default: as fast as they are accepted.",
            HelpName = "N",
            CustomParser = result =>
            {
                var text = result.Tokens.Single().Value;
                if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number > 0)
                    return number;
                result.AddError($"--rate must be a number above 0, not {text}.");
                return null;
            },
        };
        var concurrency = Verb.Number("--concurrency", "Orders placed at once.", 1, 1_000, 16);
        var command = new Verb("place", "Places a file of orders on a running system and reports what became of them.", """
            0    all orders are final
            1    some are parked, or not final yet
            2    wrong arguments, or the system refuses or is not there
            3    all that were placed are final, but some lines were refused
            130  interrupted
            """)
        {
            orders, rate, concurrency, Remote.Url, Remote.Token,
        };
        command.SetAction(async (options, cancellation) =>
        {
            var file = new OrdersFile(options.GetValue(orders)!);
            Survey survey;
            try
            {
                survey = await file.SurveyAsync(cancellation);
            }
            catch (IOException e)
            {
                return Exit.Fail(e.Message);
            }
            return await Remote.CallAsync(options, async http =>
            {
                // An unreachable system is one line, not one for each order. Whatever it answers here, it is there.
                using var answer = await http.GetAsync("", cancellation);
                var client = new ApiClient(http);
                var placer = new OrderPlacer(client, file, (int)options.GetValue(concurrency)!, options.GetValue(rate));
                return await RunAsync(client, placer, survey, cancellation);
            }, cancellation);
        });
        return command;
    }

    static async Task<int> RunAsync(ApiClient client, OrderPlacer placer, Survey survey, CancellationToken cancellation)
    {
        var placed = new Placed();
        var followed = new ConcurrentDictionary<string, OrderBody>();
        var isInterrupted = false;
        try
        {
            await Output.Progress().StartAsync(async progress =>
            {
                var placing = progress.AddTask("Orders placed", maxValue: survey.Lines);
                var following = progress.AddTask("Orders final");
                var all = placer.PlaceAsync(placed, done => placing.Value(done), cancellation);
                await FollowAsync(client, placed, followed, all, following, cancellation);
                await all;
            });
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            isInterrupted = true;
        }

        Output.Write(placed);
        Report.Of(followed.Values, placed).Write();
        var open = Ids(placed).Count - followed.Values.Count(order => order.FinalAt is not null);
        if (isInterrupted)
        {
            Console.Error.WriteLine(FormattableString.Invariant(
                $"Interrupted: {Ids(placed).Count:N0} of {survey.Orders:N0} orders were placed; {open:N0} of these were not final yet."));
            return Exit.Interrupted;
        }
        if (open > 0)
            Output.Line($"{open:N0} orders are not final. See ./run parked and ./run orders.");
        return placed.ExitStatus is Exit.Failed ? Exit.Failed : open > 0 ? Exit.Negative : placed.ExitStatus;
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
