using System.Globalization;
using System.Text.Json;
using OrderFunctions.Http;
using OrderFunctions.Kernel;
using OrderFunctions.Saga;
using Spectre.Console;

namespace OrderFunctions.Local.Cli;

/// <summary>The API's answers as tables on the console.</summary>
static class OperatorTables
{
    public static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Table Orders(IReadOnlyList<OrderBody> orders)
    {
        var table = Columns("placed", "order", "key", "customer", "status", "total", "took", "why");
        foreach (var order in orders)
        {
            var parked = order.Parked.Count > 0 ? $", parked at {string.Join(", ", order.Parked)}" : "";
            Add(
                table, Time(order.PlacedAt), order.Id, order.IdempotencyKey, order.CustomerId, $"{order.Status}{parked}", order.Total.ToString(),
                Span(order.FinalAt - order.PlacedAt), order.Reason);
        }
        return table;
    }

    public static Table Facts(IReadOnlyList<FactBody> facts)
    {
        var table = Columns("after", "service", "fact", "since its cause", "caused by", "deliveries", "detail", "by");
        foreach (var fact in facts)
        {
            var since = fact.SinceCauseMs is { } ms ? Span(TimeSpan.FromMilliseconds(ms)) : "";
            var cause = facts.FirstOrDefault(f => f.MessageId == fact.Cause)?.Type
                ?? (fact.Cause is { } id ? MessageId.SenderOf(id) : null);
            Add(table, Span(fact.At - facts[0].At), fact.Service, fact.Type, since, cause, $"{fact.Deliveries}", fact.Detail,
                fact.Caller?.Name ?? fact.Caller?.ObjectId);
        }
        return table;
    }

    public static Table Parked(IReadOnlyList<ParkedBody> parked)
    {
        var table = Columns("since", "order", "message", "customer", "at", "reason", "last attempt", "why");
        foreach (var one in parked)
        {
            Add(table, Time(one.Since), one.OrderId, Short(one.MessageId, one.OrderId), one.CustomerId, one.Participant, one.Reason,
                Attempt(one.Failed), one.Description);
        }
        return table;
    }

    public static string Describe(ParkedMessageBody one) => $"""
        {Plain(one.Type ?? "A message")} at {one.Participant}, parked since {Time(one.Since)}: {one.Reason}. {Plain(one.Description)}
        Last attempt: {Plain(Attempt(one.Failed) ?? "none here")}
        {Plain(one.MessageId)} in {one.Queue}
        {one.Message?.ToJsonString(Indented) ?? "Its body is only in that queue."}
        """;

    static string? Attempt(FailedAttempt? failed) => failed is null
        ? null
        : $"{failed.Attempt} at {Time(failed.At)}{(failed.Status is { } status ? $", status {status}" : "")}";

    public static Table Replays(IReadOnlyList<ReplayTarget> targets)
    {
        var table = Columns("replay requested", "at");
        foreach (var (orderId, participant) in targets)
            Add(table, orderId, participant);
        return table;
    }

    public static Table Discards(IReadOnlyList<DiscardBody> discards)
    {
        var table = Columns("requested", "message", "at", "by", "reason");
        foreach (var one in discards)
            Add(table, one.OrderId, Short(one.MessageId, one.OrderId), one.Participant, one.By, one.Reason);
        return table;
    }

    /// <summary>Without the order's id, which has a column of its own.</summary>
    static string? Short(string? messageId, string orderId) => messageId?.Replace($"{orderId}/", "", StringComparison.Ordinal);

    static Table Columns(params string[] names) => new Table().AddColumns([.. names.Select(name => new TableColumn(name).NoWrap())]);

    static void Add(Table table, params string?[] cells) => table.AddRow([.. cells.Select(cell => new Text(Plain(cell)))]);

    /// <summary>What comes from elsewhere must not drive the terminal.</summary>
    static string Plain(string? text) => Characters.Visible(text ?? "");

    static string Time(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    static string Span(TimeSpan? span) => span switch
    {
        null => "",
        { TotalSeconds: < 10 } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalMilliseconds:N0} ms"),
        { TotalMinutes: < 10 } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalSeconds:N1} s"),
        { } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalMinutes:N0} min"),
    };
}
