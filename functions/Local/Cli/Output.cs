using System.Globalization;
using OrderFunctions.Http;
using OrderFunctions.Saga;
using Spectre.Console;

namespace OrderFunctions.Local.Cli;

/// <summary>What the commands print: answers on standard output, progress and errors on standard error.</summary>
static class Output
{
    /// <summary>More of the same is no news.</summary>
    const int ProblemsMax = 20;

    /// <summary>Characters of a line; all of them where nobody looks at a terminal.</summary>
    public static int Width => Console.IsOutputRedirected ? int.MaxValue : AnsiConsole.Profile.Width;

    /// <summary>For whoever watches: in a log it would only be noise.</summary>
    public static Progress Progress() => AnsiConsole
        .Create(new() { Out = new AnsiConsoleOutput(Console.IsErrorRedirected ? TextWriter.Null : Console.Error) }).Progress()
        .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn());

    public static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    /// <summary>What was placed before, and the lines that were not placed, in their order.</summary>
    public static void Write(Placed placed)
    {
        if (!placed.PlacedBefore.IsEmpty)
            Line($"{placed.PlacedBefore.Count:N0} orders had been placed before; none was placed twice.");
        foreach (var problem in placed.Problems.OrderBy(one => one.Line).Take(ProblemsMax))
            Error($"{problem}");
        if (placed.Problems.Count > ProblemsMax)
            Error($"{placed.Problems.Count - ProblemsMax:N0} more were not placed.");
    }

    /// <summary>True if the audit is clean.</summary>
    public static bool Write(AuditReport audit)
    {
        foreach (var finding in audit.Findings)
            Mark("red", $"Audit: {finding}");
        if (audit.Findings.Count > 0)
            return false;
        var takings = string.Join(", ", audit.Takings.Select(money => new Money(money.Value, money.Key)));
        Mark("green", string.Create(
            CultureInfo.InvariantCulture,
            $"Audit clean: {audit.Orders:N0} orders, {audit.Charges:N0} charges and {audit.Refunds:N0} refunds, none of them twice, "
            + $"{(takings.Length > 0 ? takings : "nothing")} taken; stock adds up; nothing open, nothing dead-lettered."));
        return true;
    }

    /// <inheritdoc cref="Write(AuditReport)"/>
    public static bool Write(AuditBody audit)
    {
        foreach (var finding in audit.Findings)
            Mark("red", $"Audit: Order {finding.OrderId}: {finding.Finding}");
        foreach (var owed in audit.Owed)
            Mark("yellow", $"Audit: {owed.Amount} are owed to customer {owed.CustomerId}: order {owed.OrderId} is {owed.Status}.");
        var rest = audit.More ? " There are more, which one request does not look at." : "";
        var isClean = audit.Findings.Count + audit.Owed.Count == 0;
        if (isClean)
            Mark("green", string.Create(CultureInfo.InvariantCulture, $"Audit clean: {audit.Orders:N0} orders.{rest}"));
        else if (audit.More)
            Line($"{rest.Trim()}");
        return isClean;
    }

    static void Error(FormattableString text) => Console.Error.WriteLine(Characters.Visible(text.ToString(CultureInfo.InvariantCulture)));

    /// <summary>In a colour, where somebody looks.</summary>
    static void Mark(string colour, string text)
    {
        var plain = Characters.Visible(text);
        if (Console.IsOutputRedirected)
            Console.WriteLine(plain);
        else
            AnsiConsole.MarkupLine($"[{colour}]{Markup.Escape(plain)}[/]");
    }
}
