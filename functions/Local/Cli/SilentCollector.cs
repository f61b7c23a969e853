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
        writer.WriteLine($"{collector} takes no traces and metrics: {string.Join(' ', eventData.Payload ?? [])}");
    }
}
