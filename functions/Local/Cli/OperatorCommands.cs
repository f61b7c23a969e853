using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using OrderFunctions.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Cli;

/// <summary>What the operations page shows and does, on the console, against a running host.</summary>
static class OperatorCommands
{
    const string FoundOrNot = """
        0  found
        1  nothing found
        2  wrong arguments, or the host refuses or is not there
        """;

    static readonly Option<bool> AsJson = new("--json") { Description = "Print the API's own answer instead of a table." };

    public static IEnumerable<Verb> All =>
    [
        Orders(), Timeline(), Cancel(), Stock(), Parked(), Inspect(), Replay(), MessageCommands.Discard(), MessageCommands.Settle(),
        Audit(),
    ];

    static Verb Orders()
    {
        var status = Verb.OneOf<OrderStatus>("--status", "Only orders with this status");
        var text = new Option<string?>("--text")
        {
            Description = "Only orders whose id, customer or idempotency key begins with this.",
            HelpName = "TEXT",
        };
        var parked = new Option<bool>("--parked") { Description = "Only orders that are parked." };
        var limit = Verb.Number("--limit", "How many at most.", 1, Limits.PageMax, 20);
        Option[] all = [status, text, parked, limit];
        return Of("orders", "Lists orders, newest first.", FoundOrNot, all, [], async (host, options, cancellation) =>
        {
            var begin = Uri.EscapeDataString(options.GetValue(text) ?? "");
            var query = $"api/orders?limit={options.GetValue(limit)}&status={options.GetValue(status)}&text={begin}";
            var json = await host.GetAsync(options.GetValue(parked) ? $"{query}&parked=true" : query, cancellation);
            return Show(json, options, ApiClient.Read<OrderListBody>(json).Orders, OperatorTables.Orders, "No order matches.");
        });
    }

    static Verb Timeline()
    {
        var order = Order();
        return Of("timeline", "Shows everything that happened to an order.", FoundOrNot, [], [order], async (host, options, cancellation) =>
        {
            if (await host.FindAsync(options.GetValue(order)!, cancellation) is not { } id)
                return NoSuchOrder(options.GetValue(order));
            var json = await host.GetAsync($"api/orders/{id}/timeline", cancellation);
            var facts = ApiClient.Read<TimelineBody>(json).Facts;
            return Show(json, options, facts, OperatorTables.Facts(facts), "The order has no facts.");
        });
    }

    static Verb Parked() => Of("parked", "Lists parked orders: where and why.", """
        0  done, also where nothing is parked
        2  wrong arguments, or the host refuses or is not there
        """, [], [], async (host, options, cancellation) =>
    {
        var json = await host.GetAsync(ApiClient.ParkedPage, cancellation);
        var parked = ApiClient.Read<ParkedListBody>(json).Parked;
        if (parked.Count > 0)
            return Show(json, options, parked, OperatorTables.Parked, "");
        Console.WriteLine(options.GetValue(AsJson) ? json.ToJsonString(OperatorTables.Indented) : "Nothing is parked.");
        return Exit.Done;
    });

    static Verb Stock()
    {
        var sku = new Argument<string?>("sku")
        {
            Description = "The SKU. Without one: those with the most pieces reserved and consumed.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var warehouse = new Option<string?>("--warehouse") { Description = "Where. Default: main.", HelpName = "NAME" };
        var received = Verb.Number("--received", "Set how many pieces were received in all, ever.", 0, Limits.ReceivedMax);
        return Of("stock", "Shows the stock of a SKU, or sets what was received of it.", FoundOrNot, [warehouse, received], [sku],
            async (host, options, cancellation) =>
            {
                var query = options.GetValue(warehouse) is { } place ? $"?warehouse={Uri.EscapeDataString(place)}" : "";
                if (options.GetValue(sku) is not { } name)
                {
                    if (options.GetValue(received) is not null)
                        return Exit.Fail($"--received needs a SKU. See {RunCommand.Name} stock --help.");
                    var hottest = await host.GetAsync("api/local/stock", cancellation);
                    var levels = ApiClient.Read<IReadOnlyList<StockLevel>>(hottest);
                    return Show(hottest, options, levels, OperatorTables.Stock, "Receive some: ./run stock SKU --received 100");
                }
                try
                {
                    var json = options.GetValue(received) is { } pieces
                        ? await host.ReceiveStockAsync(name, pieces, cancellation, query)
                        : await host.GetAsync($"api/stock/{Uri.EscapeDataString(name)}{query}", cancellation);
                    return Show(json, options, [ApiClient.Read<StockLevel>(json)], OperatorTables.Stock, "");
                }
                catch (RefusedByApiException e) when (e.Status is HttpStatusCode.NotFound)
                {
                    return Nothing("This warehouse has never received this SKU.");
                }
            });
    }

    static Verb Audit() => Of(
        "audit", "Compares what Orders says of each order with what the simulated providers and the stock did; in Azure with itself.",
        """
        0  the audit is clean
        1  it found something, or some orders are not final yet
        2  wrong arguments, or the host refuses or is not there
        """, [], [], async (host, options, cancellation) =>
        {
            var (json, isClean) = await AuditAsync(host, options.GetValue(AsJson), cancellation);
            if (options.GetValue(AsJson))
                Console.WriteLine(json.ToJsonString(OperatorTables.Indented));
            return isClean ? Exit.Done : Exit.Negative;
        });

    /// <summary>Only the local host has the books of its providers.</summary>
    static async Task<(JsonNode Json, bool IsClean)> AuditAsync(ApiClient host, bool isSilent, CancellationToken cancellation)
    {
        try
        {
            var json = await host.GetAsync("api/local/audit", cancellation);
            var audit = ApiClient.Read<AuditReport>(json);
            return (json, isSilent ? audit.Findings.Count == 0 : Output.Write(audit));
        }
        catch (RefusedByApiException e) when (e.Status is HttpStatusCode.NotFound)
        {
            var json = await host.GetAsync("api/operations/audit", cancellation);
            var audit = ApiClient.Read<AuditBody>(json);
            return (json, isSilent ? audit.Findings.Count + audit.Owed.Count == 0 : Output.Write(audit));
        }
    }

    static Verb Inspect()
    {
        var order = Order();
        return Of("inspect", "Shows the messages that stop a parked order.", FoundOrNot, [], [order], async (host, options, cancellation) =>
        {
            if (await host.FindAsync(options.GetValue(order)!, cancellation) is not { } id)
                return NoSuchOrder(options.GetValue(order));
            var json = await host.GetAsync($"api/operations/parked/{id}", cancellation);
            var parked = ApiClient.Read<ParkedOrderBody>(json).Parked;
            if (parked.Count == 0)
                return Nothing("The order is not parked.");
            Console.WriteLine(options.GetValue(AsJson)
                ? json.ToJsonString(OperatorTables.Indented)
                : string.Join('\n', parked.Select(OperatorTables.Describe)));
            return Exit.Done;
        });
    }

    static Verb Replay()
    {
        var orders = new Argument<string[]>("order")
        {
            Description = "Ids or idempotency keys of parked orders.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var participant = new Option<string?>("--participant")
        {
            Description = "Only orders parked at this participant.",
            HelpName = "NAME",
        };
        var reason = new Option<string?>("--reason") { Description = "Only orders parked for this reason.", HelpName = "REASON" };
        var all = new Option<bool>("--all") { Description = "All parked orders." };
        return Of("replay", "Replays parked orders: tries again what stopped them.", """
            0  requested, or --all and nothing is parked
            1  no parked order matches
            2  wrong arguments, or the host refuses or is not there
            """, [participant, reason, all], [orders], async (host, options, cancellation) =>
        {
            var body = new JsonObject();
            if (options.GetValue(orders) is { Length: > 0 } named)
            {
                var ids = new JsonArray();
                foreach (var name in named)
                {
                    if (await host.FindAsync(name, cancellation) is not { } id)
                        return NoSuchOrder(name);
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
            var requested = ApiClient.Read<ReplayBody>(json).Requested;
            var status = Show(json, options, requested, OperatorTables.Replays, "No parked order matches.");
            return status is Exit.Negative && options.GetValue(all) ? Exit.Done : status;
        });
    }

    static Verb Cancel()
    {
        var order = Order();
        var reason = new Option<string?>("--reason") { Description = "Why; kept with the order.", HelpName = "TEXT" };
        return Of("cancel", "Requests an order's cancellation.", """
            0  requested
            1  there is no such order
            2  too late, wrong arguments, or the host refuses or is not there
            """, [reason], [order], async (host, options, cancellation) =>
        {
            if (await host.FindAsync(options.GetValue(order)!, cancellation) is not { } id)
                return NoSuchOrder(options.GetValue(order));
            var body = new JsonObject();
            if (options.GetValue(reason) is { } why)
                body["reason"] = why;
            var json = await host.PostAsync($"api/orders/{id}/cancel", body, cancellation);
            return Show(json, options, [ApiClient.Read<OrderBody>(json)], OperatorTables.Orders, "");
        });
    }

    public static Argument<string> Order() => new("order") { Description = "The order's id or its idempotency key." };

    public static Verb Of(
        string name, string description, string exits, Option[] options, Argument[] arguments,
        Func<ApiClient, ParseResult, CancellationToken, Task<int>> act)
    {
        var command = new Verb(name, description, exits);
        foreach (var option in options.Concat([Remote.Url, Remote.Token, AsJson]))
            command.Options.Add(option);
        foreach (var argument in arguments)
            command.Arguments.Add(argument);
        command.SetAction((parsed, cancellation) =>
            Remote.CallAsync(parsed, http => act(new(http), parsed, cancellation), cancellation));
        return command;
    }

    /// <param name="none">What to say where there are no rows.</param>
    public static int Show<T>(JsonNode json, ParseResult options, IReadOnlyList<T> rows, Table<T> table, string none)
    {
        if (options.GetValue(AsJson))
        {
            Console.WriteLine(json.ToJsonString(OperatorTables.Indented));
            return rows.Count > 0 ? Exit.Done : Exit.Negative;
        }
        if (rows.Count == 0)
            return Nothing(none);
        table.Write(rows);
        return Exit.Done;
    }

    public static int NoSuchOrder(string? name) =>
        Nothing($"There is no order {Characters.Visible(name ?? "")}. See {RunCommand.Name} orders.");

    public static int Nothing(string text)
    {
        Console.Error.WriteLine(text);
        return Exit.Negative;
    }
}
