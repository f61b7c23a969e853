using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using OrderFunctions.Http;

namespace OrderFunctions.Local;

/// <summary>
/// One line on standard error for each entry of the log. Whatever a name, a reason or a provider's answer holds, no character of it drives
/// the terminal.
/// </summary>
sealed class PlainLog(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    const string FormatterName = "plain";

    public static void Use(ILoggingBuilder logging)
    {
        logging.Services.AddSingleton(TimeProvider.System);
        logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddConsoleFormatter<PlainLog, ConsoleFormatterOptions>()
            .AddConsole(console => (console.FormatterName, console.LogToStandardErrorThreshold) = (FormatterName, LogLevel.Trace));

        // The command line says itself why the host does not start.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
    }

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var level = logEntry.LogLevel is LogLevel.Warning ? "warning" : $"{logEntry.LogLevel}".ToLowerInvariant();
        var clock = time.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        textWriter.WriteLine($"{clock} {level}: {Characters.Visible(logEntry.Formatter(logEntry.State, logEntry.Exception))}");
        foreach (var line in logEntry.Exception?.ToString().ReplaceLineEndings("\n").Split('\n') ?? [])
            textWriter.WriteLine(Characters.Visible(line));
    }
}
