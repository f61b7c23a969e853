using System.CommandLine;
using System.Text.Json.Nodes;
using OrderFunctions.Http;
using Spectre.Console;

namespace OrderFunctions.Local.Cli;

/// <summary>What ends for good: a parked message that nobody will ever handle, and a step that was undone by hand.</summary>
static class MessageCommands
{
    const string DoneOrNot = """
        0  done
        1  there is no such order or message
        2  wrong arguments, or the host refuses or is not there
        """;

    public static Verb Discard()
    {
        var strand = new Option<bool>("--strand") { Description = "Even if the order can never become final without the message." };
        return OnMessage("discard", "Discards a parked message.", [strand], "will never handle", (options, body) =>
        {
            if (options.GetValue(strand))
                body["strand"] = true;
        });
    }

    public static Verb Settle() => OnMessage(
        "settle", "Says that an undoing step was done by hand: a refund by bank transfer, a booking cancelled by phone.", [],
        "goes on as if its provider had done what is asked by", (_, _) => { });

    /// <param name="asked">For the confirmation: what the participant does with the message.</param>
    static Verb OnMessage(string name, string description, Option[] more, string asked, Action<ParseResult, JsonObject> add)
    {
        var order = OperatorCommands.Order();
        var message = new Argument<string>("message") { Description = "The message's id, or its last part as ./run parked shows it." };
        var reason = new Option<string>("--reason") { Description = "Why; kept with the order.", HelpName = "TEXT", Required = true };
        var by = new Option<string>("--by")
        {
            Description = "Who asks, if no token says so.",
            HelpName = "NAME",
            DefaultValueFactory = _ => Environment.UserName,
        };
        var at = new Option<string?>("--participant")
        {
            Description = "Where; needed only if the order is not stopped at that message.",
            HelpName = "NAME",
        };
        var yes = new Option<bool>("--yes") { Description = "Do not ask for confirmation." };
        Option[] all = [reason, by, at, yes, .. more];
        return OperatorCommands.Of(name, description, DoneOrNot, all, [order, message], async (host, options, cancellation) =>
        {
            if (await host.FindAsync(options.GetValue(order)!, cancellation) is not { } id)
                return OperatorCommands.NoSuchOrder(options.GetValue(order));
            var messageId = $"{id}/{options.GetValue(message)!.Replace($"{id}/", "", StringComparison.Ordinal)}";
            var parked = ApiClient.Read<ParkedOrderBody>(await host.GetAsync($"api/operations/parked/{id}", cancellation)).Parked;
            if ((options.GetValue(at) ?? parked.FirstOrDefault(one => one.MessageId == messageId)?.Participant) is not { } participant)
            {
                var stops = parked.Select(one => $"{one.Participant} is stopped at {one.MessageId}");
                return OperatorCommands.Nothing(string.Join('\n', ["The order is not stopped at that message.", .. stops]));
            }
            if (!options.GetValue(yes) && !IsConfirmed($"{participant} {asked} {messageId}. Go on?"))
                return Exit.Failed;

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
            return OperatorCommands.Show(json, options, [ApiClient.Read<DiscardBody>(json)], OperatorTables.Discards, "");
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
}
