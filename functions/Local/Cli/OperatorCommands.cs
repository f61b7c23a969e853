using System.CommandLine;
using System.Text.Json.Nodes;
using OrderFunctions.Http;
using OrderFunctions.Runtime;
using Spectre.Console;

namespace OrderFunctions.Local.Cli;

/// <summary>
/// What the operations page shows and does, on the console, against a running host. Exit status: 0 done; 1 nothing found; 2 refused or
/// unreachable.
/// </summary>
static class OperatorCommands
{
    const int NothingFound = 1;
    const int Failed = 2;

    static readonly Option<bool> AsJson = new("--json") { Description = "Print the API's own answer instead of a table." };

    public static IEnumerable<Command> All => [Orders(), Timeline(), Parked(), Inspect(), Cancel(), Replay(), Discard(), Settle()];

    static Command Orders()
    {
        var status = new Option<OrderStatus?>("--status") { Description = "Only orders with this status." };
        var text = new Option<string?>("--text") { Description = "Only orders whose id, customer or idempotency key begins with this." };
        var parked = new Option<bool>("--parked") { Description = "Only orders that are parked." };
        var limit = new Option<int>("--limit") { Description = "How many, 1 to 200.", DefaultValueFactory = _ => 20 };
        return Command("orders", "Lists orders, newest first.", [status, text, parked, limit], [], async (host, options, cancellation) =>
        {
            var begin = Uri.EscapeDataString(options.GetValue(text) ?? "");
            var query = $"api/orders?limit={options.GetValue(limit)}&status={options.GetValue(status)}&text={begin}";
            var json = await host.GetAsync(options.GetValue(parked) ? $"{query}&parked=true" : query, cancellation);
            return Show(json, options, ApiClient.Read<OrderListBody>(json).Orders, OperatorTables.Orders);
        });
    }

    static Command Timeline()
    {
        var order = new Argument<string>("order") { Description = "The order's id or its idempotency key." };
        return Command("timeline", "Shows everything that happened to an order.", [], [order], async (host, options, cancellation) =>
        {
            if (await host.FindAsync(options.GetValue(order)!, cancellation) is not { } id)
                return Nothing("There is no such order.");
            var json = await host.GetAsync($"api/orders/{id}/timeline", cancellation);
            return Show(json, options, ApiClient.Read<TimelineBody>(json).Facts, OperatorTables.Facts);
        });
    }

    static Command Parked() => Command("parked", "Lists parked orders: where and why.", [], [], async (host, options, cancellation) =>
    {
        var json = await host.GetAsync("api/operations/parked?limit=200", cancellation);
        var parked = ApiClient.Read<ParkedListBody>(json).Parked;
        if (parked.Count > 0 || options.GetValue(AsJson))
            return Show(json, options, parked, OperatorTables.Parked);
        Console.WriteLine("Nothing is parked.");
        return 0;
    });

    static Command Inspect()
    {
        var order = new Argument<string>("order") { Description = "The order's id or its idempotency key." };
        return Command("inspect", "Shows the messages that stop a parked order.", [], [order], async (host, options, cancellation) =>
        {
            if (await host.FindAsync(options.GetValue(order)!, cancellation) is not { } id)
                return Nothing("There is no such order.");
            var json = await host.GetAsync($"api/operations/parked/{id}", cancellation);
            var parked = ApiClient.Read<ParkedOrderBody>(json).Parked;
            if (parked.Count == 0)
                return Nothing("The order is not parked.");
            if (options.GetValue(AsJson))
                return Show(json, options, parked, _ => new());
            foreach (var one in parked)
                Console.WriteLine(OperatorTables.Describe(one));
            return 0;
        });
    }

    static Command Replay()
    {
        var orders = new Argument<string[]>("order")
        {
            Description = "Ids or idempotency keys of parked orders.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var participant = new Option<string?>("--participant") { Description = "Only orders parked at this participant." };
        var reason = new Option<string?>("--reason") { Description = "Only orders parked for this reason." };
        var all = new Option<bool>("--all") { Description = "All parked orders." };
        return Command("replay", "Replays parked orders.", [participant, reason, all], [orders], async (host, options, cancellation) =>
        {
            var body = new JsonObject();
            if (options.GetValue(orders) is { Length: > 0 } named)
            {
                var ids = new JsonArray();
                foreach (var name in named)
                {
                    if (await host.FindAsync(name, cancellation) is not { } id)
                        return Nothing($"There is no order {name}.");
                    ids.Add(id);
                }
                body["orderIds"] = ids;
            }
            if (options.GetValue(participant) is { } place)
                body["participant"] = place;
            if (options.GetValue(reason) is { } why)
                body["reason"] = why;
            if (options.GetValue(all))
                body["all"] = true;
            var json = await host.PostAsync("api/operations/replay", body, cancellation);
            var answer = ApiClient.Read<ReplayBody>(json);
            var status = Show(json, options, answer.Requested, OperatorTables.Replays);
            return answer.Requested.Count > 0 ? status : Nothing("No parked order matches.");
        });
    }

    static Command Cancel()
    {
        var order = new Argument<string>("order") { Description = "The order's id or its idempotency key." };
        var reason = new Option<string?>("--reason") { Description = "Why; kept with the order." };
        return Command("cancel", "Requests an order's cancellation.", [reason], [order], async (host, options, cancellation) =>
        {
            if (await host.FindAsync(options.GetValue(order)!, cancellation) is not { } id)
                return Nothing("There is no such order.");
            var body = new JsonObject();
            if (options.GetValue(reason) is { } why)
                body["reason"] = why;
            var json = await host.PostAsync($"api/orders/{id}/cancel", body, cancellation);
            return Show(json, options, [ApiClient.Read<OrderBody>(json)], OperatorTables.Orders);
        });
    }

    static Command Discard()
    {
        var strand = new Option<bool>("--strand") { Description = "Even if the order can never become final without the message." };
        return OnMessage("discard", "Discards a parked message.", [strand], "will never handle", (options, body) =>
        {
            if (options.GetValue(strand))
                body["strand"] = true;
        });
    }

    static Command Settle() => OnMessage(
        "settle", "Says that an undoing step was done by hand: a refund by bank transfer, a booking cancelled by phone.", [],
        "goes on as if its provider had done what is asked by", (_, _) => { });

    /// <param name="asked">For the confirmation: what the participant does with the message.</param>
    static Command OnMessage(string name, string description, Option[] more, string asked, Action<ParseResult, JsonObject> add)
    {
        var order = new Argument<string>("order") { Description = "The order's id or its idempotency key." };
        var message = new Argument<string>("message") { Description = "The message's id, or its last part as ./run parked shows it." };
        var reason = new Option<string>("--reason") { Description = "Why; kept with the order.", Required = true };
        var by = new Option<string>("--by")
        {
            Description = "Who asks, if no token says so.",
            DefaultValueFactory = _ => Environment.UserName,
        };
        var at = new Option<string?>("--participant")
        {
            Description = "Where; needed only if the order is not stopped at that message.",
        };
        var yes = new Option<bool>("--yes") { Description = "Do not ask for confirmation." };
        Option[] all = [reason, by, at, yes, .. more];
        return Command(name, description, all, [order, message], async (host, options, cancellation) =>
        {
            if (await host.FindAsync(options.GetValue(order)!, cancellation) is not { } id)
                return Nothing("There is no such order.");
            var messageId = $"{id}/{options.GetValue(message)!.Replace($"{id}/", "", StringComparison.Ordinal)}";
            var parked = ApiClient.Read<ParkedOrderBody>(await host.GetAsync($"api/operations/parked/{id}", cancellation)).Parked;
            if ((options.GetValue(at) ?? parked.FirstOrDefault(one => one.MessageId == messageId)?.Participant) is not { } participant)
            {
                var stops = parked.Select(one => $"{one.Participant} is stopped at {one.MessageId}");
                return Nothing(string.Join('\n', ["The order is not stopped at that message.", .. stops]));
            }
            if (!options.GetValue(yes) && !IsConfirmed($"{participant} {asked} {messageId}. Go on?"))
                return Failed;

            var body = new JsonObject
            {
                ["orderId"] = id,
                ["participant"] = participant,
                ["messageId"] = messageId,
                ["by"] = options.GetValue(by),
                ["reason"] = options.GetValue(reason),
            };
            add(options, body);
            var json = await host.PostAsync($"api/operations/{name}", body, cancellation);
            return Show(json, options, [ApiClient.Read<DiscardBody>(json)], OperatorTables.Discards);
        });
    }

    /// <summary>False if nobody can be asked.</summary>
    static bool IsConfirmed(string question)
    {
        if (!Console.IsInputRedirected && !Console.IsOutputRedirected)
            return AnsiConsole.Confirm(Markup.Escape(question), defaultValue: false);
        Console.Error.WriteLine("Nothing was done: confirm with --yes.");
        return false;
    }

    static Command Command(
        string name, string description, Option[] options, Argument[] arguments,
        Func<ApiClient, ParseResult, CancellationToken, Task<int>> act)
    {
        var command = new Command(name, description);
        foreach (var option in options.Concat([Remote.Url, Remote.Token, AsJson]))
            command.Options.Add(option);
        foreach (var argument in arguments)
            command.Arguments.Add(argument);
        command.SetAction((parsed, cancellation) =>
            Remote.CallAsync(parsed, http => act(new(http), parsed, cancellation), cancellation));
        return command;
    }

    static int Show<T>(JsonNode json, ParseResult options, IReadOnlyList<T> rows, Func<IReadOnlyList<T>, Table> table)
    {
        if (options.GetValue(AsJson))
        {
            Console.WriteLine(json.ToJsonString(OperatorTables.Indented));
            return rows.Count > 0 ? 0 : NothingFound;
        }
        if (rows.Count == 0)
            return Nothing("Nothing found.");
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 250;
        AnsiConsole.Write(table(rows).Border(TableBorder.Simple));
        return 0;
    }

    static int Nothing(string text)
    {
        Console.Error.WriteLine(text);
        return NothingFound;
    }
}
