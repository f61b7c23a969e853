using System.Diagnostics;
using System.Globalization;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Cli;

/// <summary>
/// Writes one order's trace as it happens, one line per turn; the next order's once that one has been silent for a while.
/// </summary>
sealed class VerboseTrace : IDisposable
{
    static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    readonly Lock gate = new();
    readonly TextWriter writer;
    readonly ActivityListener listener;
    string? order;
    DateTime begun, last;

    public VerboseTrace(TextWriter writer)
    {
        this.writer = writer;
        listener = new()
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = Write,
        };
        ActivitySource.AddActivityListener(listener);
    }

    public void Dispose() => listener.Dispose();

    void Write(Activity turn)
    {
        var of = turn.GetTagItem("messaging.message.conversation_id") as string;
        lock (gate)
        {
            if (turn.DisplayName is "request PlaceOrder" && (order is null || turn.StartTimeUtc - last > Silence))
            {
                (order, begun) = (of, turn.StartTimeUtc);
                writer.WriteLine($"Order {of}, trace {turn.TraceId}");
            }
            if (order is null || of != order)
                return;
            last = turn.StartTimeUtc;
            var who = turn.GetTagItem("messaging.destination.subscription.name") ?? turn.GetTagItem("orderfunctions.participant");
            var result = turn.GetTagItem("orderfunctions.result") ?? turn.GetTagItem("error.type") ?? "";
            var delivery = turn.GetTagItem("messaging.servicebus.message.delivery_count") is > 1 and var count ? $", delivery {count}" : "";
            var (after, took) = ((turn.StartTimeUtc - begun).TotalMilliseconds, turn.Duration.TotalMilliseconds);
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {after,8:N1} ms  {who,-13} {turn.DisplayName,-40} {took,7:N1} ms  {result}{delivery}"));
        }
    }
}
