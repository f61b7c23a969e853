using System.Diagnostics.Tracing;

namespace OrderFunctions.Local.Cli;

/// <summary>Says once that a collector does not take what is sent. The exporter tells nobody but its own event source.</summary>
sealed class SilentCollector(Uri collector, TextWriter writer) : EventListener
{
    const string Exporter = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    int told;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name is Exporter)
            EnableEvents(eventSource, EventLevel.Warning);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        // The base constructor calls this class before its own fields are set.
        if (writer is null || eventData.EventSource.Name is not Exporter || Interlocked.Exchange(ref told, 1) != 0)
            return;

        // An exception comes as its whole text; what counts is its message.
        var why = $"{eventData.Payload?.LastOrDefault()}".Split('\n')[0].Trim();
        why = why[(why.LastIndexOf("Exception: ", StringComparison.Ordinal) is >= 0 and var at ? at + "Exception: ".Length : 0)..];
        writer.WriteLine($"{collector} takes no traces and metrics: {why}. Is the collector running? Sending goes on.");
    }
}
