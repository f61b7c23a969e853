using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrderFunctions.Http;
using OrderFunctions.Runtime;
using Spectre.Console;

namespace OrderFunctions.Local.Operating;

/// <summary>
/// What the operations page shows and does, on the console, against a running host. Exit status: 0 done; 1 nothing found; 2 refused or not reached.
/// </summary>
static class OperatorCommands
{
    const int NothingFound = 1;
    const int Failed = 2;

    static readonly Option<Uri?> Url = new("--url")
    {
        Description = "The host.",
        CustomParser = WebAddress.Parse,
        DefaultValueFactory = _ => new("http://127.0.0.1:7071"),
    };

    static readonly Option<string?> Token = new("--token") { Description = "An access token, where the host wants one." };
    static readonly Option<bool> AsJson = new("--json") { Description = "The API's own answer instead of a table." };

    public static IEnumerable<Command> All => [Orders(), Timeline(), Parked(), Replay()];

    static Command Orders()
    {
        var status = new Option<OrderStatus?>("--status") { Description = "Only orders of this status." };
        var text = new Option<string?>("--text") { Description = "Only orders whose id, customer or key begins with this." };
        var parked = new Option<bool>("--parked") { Description = "Only orders that are parked." };
        var limit = new Option<int>("--limit") { Description = "How many, 1 to 200.", DefaultValueFactory = _ => 20 };
        return Command("orders", "Lists orders, newest first.", [status, text, parked, limit], [], async (host, options, cancellation) =>
        {
            var begin = Uri.EscapeDataString(options.GetValue(text) ?? "");
            var query = $"api/orders?limit={options.GetValue(limit)}&status={options.GetValue(status)}&text={begin}";
            var json = await host.GetAsync(options.GetValue(parked) ? $"{query}&parked=true" : query, cancellation);
            return Show(json, options, OperatorClient.Read<OrderListBody>(json).Orders, OrderTable);
        });
    }

    static Command Timeline()
    {
        var order = new Argument<string>("order") { Description = "The order's id or its key." };
        return Command("timeline", "Tells every fact of an order.", [], [order], async (host, options, cancellation) =>
        {
            if (await host.FindAsync(options.GetValue(order)!, cancellation) is not { } id)
                return Nothing("There is no such order.");
            var json = await host.GetAsync($"api/orders/{id}/timeline", cancellation);
            return Show(json, options, OperatorClient.Read<TimelineBody>(json).Facts, FactTable);
        });
    }

    static Command Parked() => Command("parked", "Lists what is parked: where, why, since when.", [], [], async (host, options, cancellation) =>
    {
        var json = await host.GetAsync("api/operations/parked?limit=200", cancellation);
        var parked = OperatorClient.Read<ParkedListBody>(json).Parked;
        if (parked.Count > 0 || options.GetValue(AsJson))
            return Show(json, options, parked, ParkedTable);
        Console.WriteLine("Nothing is parked.");
        return 0;
    });

    static Command Replay()
    {
        var orders = new Argument<string[]>("order") { Description = "Ids or keys of parked orders.", Arity = ArgumentArity.ZeroOrMore };
        var participant = new Option<string?>("--participant") { Description = "Only what is parked there." };
        var reason = new Option<string?>("--reason") { Description = "Only what is parked for this reason." };
        var all = new Option<bool>("--all") { Description = "Everything that is parked." };
        return Command("replay", "Has parked orders tried again.", [participant, reason, all], [orders], async (host, options, cancellation) =>
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
            var answer = OperatorClient.Read<ReplayBody>(json);
            var status = Show(json, options, answer.Requested, ReplayTable);
            return answer.Requested.Count > 0 ? status : Nothing("Nothing of that is parked.");
        });
    }

    static Command Command(
        string name, string description, Option[] options, Argument[] arguments, Func<OperatorClient, ParseResult, CancellationToken, Task<int>> act)
    {
        var command = new Command(name, description);
        foreach (var option in options.Concat([Url, Token, AsJson]))
            command.Options.Add(option);
        foreach (var argument in arguments)
            command.Arguments.Add(argument);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = new OperatorClient(parsed.GetValue(Url)!, parsed.GetValue(Token));
            try
            {
                return await act(client, parsed, cancellation);
            }
            catch (HttpRequestException e)
            {
                await Console.Error.WriteLineAsync($"{parsed.GetValue(Url)}: {e.Message}");
                return Failed;
            }
        });
        return command;
    }

    static int Show<T>(JsonNode json, ParseResult options, IReadOnlyList<T> rows, Func<IReadOnlyList<T>, Table> table)
    {
        if (options.GetValue(AsJson))
        {
            Console.WriteLine(json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
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

    static Table OrderTable(IReadOnlyList<OrderBody> orders)
    {
        var table = Columns("placed", "order", "key", "customer", "status", "total", "took", "why");
        foreach (var order in orders)
        {
            var parked = order.Parked.Count > 0 ? $", parked at {string.Join(", ", order.Parked)}" : "";
            var total = string.Create(CultureInfo.InvariantCulture, $"{order.Total.Amount:N2} {order.Total.Currency}");
            Add(table, Time(order.PlacedAt), order.Id, order.IdempotencyKey, order.CustomerId, $"{order.Status}{parked}", total,
                Span(order.FinalAt - order.PlacedAt), order.Reason);
        }
        return table;
    }

    static Table FactTable(IReadOnlyList<FactBody> facts)
    {
        var table = Columns("after", "service", "fact", "since its cause", "caused by", "deliveries", "detail");
        foreach (var fact in facts)
        {
            var since = fact.SinceCauseMs is { } ms ? Span(TimeSpan.FromMilliseconds(ms)) : "";
            var cause = facts.FirstOrDefault(f => f.MessageId == fact.Cause)?.Type ?? fact.Cause?.Split('/').ElementAtOrDefault(1);
            Add(table, Span(fact.At - facts[0].At), fact.Service, fact.Type, since, cause, $"{fact.Deliveries}", fact.Detail);
        }
        return table;
    }

    static Table ParkedTable(IReadOnlyList<ParkedBody> parked)
    {
        var table = Columns("since", "order", "customer", "at", "reason", "why");
        foreach (var one in parked)
            Add(table, Time(one.Since), one.OrderId, one.CustomerId, one.Participant, one.Reason, one.Description);
        return table;
    }

    static Table ReplayTable(IReadOnlyList<ReplayTarget> targets)
    {
        var table = Columns("replay asked for", "at");
        foreach (var (orderId, participant) in targets)
            Add(table, orderId, participant);
        return table;
    }

    static Table Columns(params string[] names) => new Table().AddColumns([.. names.Select(name => new TableColumn(name).NoWrap())]);

    static void Add(Table table, params string?[] cells) => table.AddRow([.. cells.Select(cell => new Text(cell ?? ""))]);

    static string Time(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    static string Span(TimeSpan? span) => span switch
    {
        null => "",
        { TotalSeconds: < 10 } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalMilliseconds:N0} ms"),
        { TotalMinutes: < 10 } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalSeconds:N1} s"),
        { } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalMinutes:N0} min"),
    };
}
