using System.Globalization;
using OrderFunctions.Http;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Cli;

/// <summary>The outcomes of all orders in one table, and how long they took.</summary>
public sealed class Report
{
    readonly Dictionary<(string Outcome, string Reason), int> rows = [];
    readonly List<double> milliseconds = [];
    readonly List<DateTimeOffset> finals = [];
    DateTimeOffset first = DateTimeOffset.MaxValue;

    /// <summary>Covers all orders of the store; the times are of the orders that this run placed.</summary>
    public static async Task<Report> OfAsync(ApiClient client, Placed placed, CancellationToken cancellation) =>
        Of(await client.OrdersAsync(cancellation).ToListAsync(cancellation), placed);

    /// <summary>Covers these orders; the times are of those among them that this run placed.</summary>
    public static Report Of(IEnumerable<OrderBody> orders, Placed placed)
    {
        var report = new Report();
        foreach (var order in orders)
            report.Add(order, placed);
        return report;
    }

    void Add(OrderBody order, Placed placed)
    {
        var row = (order.Status.ToString().ToLowerInvariant(), Reason(order, placed));
        rows[row] = rows.GetValueOrDefault(row) + 1;
        if (order.FinalAt is not { } final || !placed.SentAt.TryGetValue(order.Id, out var sent))
            return;
        milliseconds.Add((final - sent).TotalMilliseconds);
        finals.Add(final);
        if (sent < first)
            first = sent;
    }

    static string Reason(OrderBody order, Placed placed) => order switch
    {
        { FinalAt: null, Parked.Count: > 0 } => $"parked at {string.Join(", ", order.Parked)}",
        { FailedAt: FailedStep.Stock } => "out of stock",
        { FailedAt: FailedStep.Payment } => "card declined",
        { FailedAt: not null } => "carrier refused",
        { Status: OrderStatus.Completed } when order.CancellationRefused || placed.CancellationRefused.ContainsKey(order.Id) =>
            "cancellation refused",
        { Status: OrderStatus.Completed, Delayed: true } => "delayed",
        { Status: OrderStatus.Cancelled, Reason: "cancelled by an operator" } => "by an operator",
        { Status: OrderStatus.Cancelled, Reason: "cancelled by the shop" } => "by the shop",
        { Status: OrderStatus.Cancelled } => "by the customer",
        _ => "",
    };

    public void Write()
    {
        if (rows.Count == 0)
            return;
        var outcomes = rows.Select(row => new Outcome(row.Key.Outcome, row.Key.Reason, row.Value));
        OperatorTables.Outcomes.Write([.. outcomes.OrderBy(outcome => outcome.Status).ThenBy(outcome => outcome.Reason)]);
        if (milliseconds.Count == 0)
            return;
        milliseconds.Sort();
        finals.Sort();
        var seconds = (finals[(int)(0.95 * (finals.Count - 1))] - first).TotalSeconds;
        var rate = 0.95 * finals.Count / Math.Max(seconds, 0.001);
        var times = string.Create(CultureInfo.InvariantCulture, $"p50 {At(0.5):N0} ms, p95 {At(0.95):N0} ms, p99 {At(0.99):N0} ms");
        Output.Line($"From POST to final: {times}; {rate:N0} orders/s until 95 % were final.");
    }

    double At(double share) => milliseconds[(int)Math.Ceiling(share * milliseconds.Count) - 1];
}
