using System.Globalization;
using System.Text.Json;
using OrderFunctions.Http;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Cli;

/// <summary>The API's answers as tables on the console.</summary>
static class OperatorTables
{
    public static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static readonly Table<OrderBody> Orders = new(
        new("placed", order => Time(order.PlacedAt), Drop: 3),
        new("order", order => order.Id),
        new("key", order => order.IdempotencyKey, Drop: 2),
        new("customer", order => order.CustomerId, Drop: 5),
        new("status", order => $"{order.Status}{string.Join(",", order.Parked.Select(place => $", parked at {place}"))}", Drop: 1),
        new("total", order => order.Total.ToString(), Drop: 4) { IsRight = true },
        new("took", order => Span(order.FinalAt - order.PlacedAt), Drop: 7) { IsRight = true },
        new("why", order => order.Reason, Drop: 6) { Wraps = true });

    public static Table<FactBody> Facts(IReadOnlyList<FactBody> facts) => new(
        new("after", fact => Span(fact.At - facts[0].At), Drop: 1) { IsRight = true },
        new("service", fact => fact.Service),
        new("fact", fact => fact.Type),
        new("since its cause", fact => fact.SinceCauseMs is { } ms ? Span(TimeSpan.FromMilliseconds(ms)) : "", Drop: 6) { IsRight = true },
        new("caused by", fact => facts.FirstOrDefault(f => f.MessageId == fact.Cause)?.Type
            ?? (fact.Cause is { } id ? MessageId.SenderOf(id) : null), Drop: 4),
        new("deliveries", fact => fact.Deliveries > 1 ? $"{fact.Deliveries}" : null, Drop: 5) { IsRight = true },
        new("detail", fact => fact.Detail, Drop: 2) { Wraps = true },
        new("by", fact => fact.Caller?.Name ?? fact.Caller?.ObjectId, Drop: 3));

    public static readonly Table<ParkedBody> Parked = new(
        new("since", one => Time(one.Since), Drop: 3),
        new("order", one => one.OrderId),
        new("message", one => Short(one.MessageId, one.OrderId)),
        new("customer", one => one.CustomerId, Drop: 6),
        new("at", one => one.Participant, Drop: 1),
        new("reason", one => one.Reason, Drop: 2),
        new("last attempt", one => Attempt(one.Failed), Drop: 5),
        new("why", one => one.Description, Drop: 4) { Wraps = true });

    public static readonly Table<ReplayTarget> Replays = new(
        new("replay requested", target => target.OrderId),
        new("at", target => target.Participant));

    public static readonly Table<DiscardBody> Discards = new(
        new("requested", one => one.OrderId),
        new("message", one => Short(one.MessageId, one.OrderId)),
        new("at", one => one.Participant, Drop: 1),
        new("by", one => one.By, Drop: 3),
        new("reason", one => one.Reason, Drop: 2) { Wraps = true });

    public static readonly Table<StockLevel> Stock = new(
        new("sku", level => level.Sku),
        new("warehouse", level => level.Warehouse),
        new("received", level => Number(level.Received), Drop: 3) { IsRight = true },
        new("available", level => Number(level.Available)) { IsRight = true },
        new("reserved", level => Number(level.Reserved), Drop: 1) { IsRight = true },
        new("consumed", level => Number(level.Consumed), Drop: 2) { IsRight = true });

    public static readonly Table<Outcome> Outcomes = new(
        new("outcome", outcome => outcome.Status),
        new("reason", outcome => outcome.Reason),
        new("orders", outcome => Number(outcome.Orders)) { IsRight = true });

    public static string Describe(ParkedMessageBody one) => $"""
        {Plain(one.Type ?? "A message")} at {one.Participant}, parked since {Time(one.Since)}: {one.Reason}. {Plain(one.Description)}
        Last attempt: {Plain(Attempt(one.Failed) ?? "none here")}
        {Plain(one.MessageId)} in {one.Queue}
        {one.Message?.ToJsonString(Indented) ?? "Its body is only in that queue."}
        """;

    static string? Attempt(FailedAttempt? failed) => failed is null
        ? null
        : $"{failed.Attempt} at {Time(failed.At)}{(failed.Status is { } status ? $", status {status}" : "")}";

    /// <summary>Without the order's id, which has a column of its own.</summary>
    static string? Short(string? messageId, string orderId) => messageId?.Replace($"{orderId}/", "", StringComparison.Ordinal);

    /// <summary>What comes from elsewhere must not drive the terminal.</summary>
    static string Plain(string? text) => Characters.Visible(text ?? "");

    static string Time(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    static string Span(TimeSpan? span) => span switch
    {
        null => "",
        { TotalSeconds: < 10 } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalMilliseconds:N0} ms"),
        { TotalMinutes: < 10 } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalSeconds:N1} s"),
        { } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalMinutes:N0} min"),
    };
}

/// <param name="Orders">How many ended so.</param>
sealed record Outcome(string Status, string Reason, long Orders);
