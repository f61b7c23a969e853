using System.Globalization;
using OrderFunctions.Http;
using Spectre.Console;

namespace OrderFunctions.Local.Cli;

/// <summary>What the commands that place orders have in common on the console.</summary>
static class Output
{
    /// <summary>For a file or another program: no colours, no line breaks of its own.</summary>
    public static void BePlainForPipes()
    {
        if (!Console.IsOutputRedirected)
            return;
        AnsiConsole.Console = AnsiConsole.Create(new()
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        AnsiConsole.Profile.Width = 1_000;
    }

    public static Progress Progress() => AnsiConsole.Progress()
        .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn());

    public static void Write(Placed placed)
    {
        if (!placed.PlacedBefore.IsEmpty)
        {
            AnsiConsole.MarkupLineInterpolated(
                CultureInfo.InvariantCulture, $"{placed.PlacedBefore.Count:N0} orders had been placed before; none was placed twice.");
        }
        foreach (var error in placed.Errors)
            AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[red]{Characters.Visible(error)}[/]");
    }
}
