using Spectre.Console;

namespace OrderFunctions.Benchmarks.Reporting;

/// <summary>Prints a section to the console.</summary>
static class Tables
{
    public static void Write(Section section)
    {
        AnsiConsole.MarkupLineInterpolated($"\n[bold]{section.Name}[/]");
        AnsiConsole.WriteLine(section.About);
        foreach (var grid in section.Grids)
        {
            var table = new Table().RoundedBorder();
            foreach (var column in grid.Columns)
                table.AddColumn(new TableColumn(Markup.Escape(column)) { Alignment = table.Columns.Count == 0 ? Justify.Left : Justify.Right });
            foreach (var row in grid.Rows)
                table.AddRow([.. row.Select(cell => Markup.Escape(cell.Replace("**", "", StringComparison.Ordinal)))]);
            AnsiConsole.Write(table);
        }
        foreach (var remark in section.Remarks)
            AnsiConsole.WriteLine(remark);
        foreach (var goal in section.Goals)
        {
            AnsiConsole.MarkupLineInterpolated(goal.IsReached
                ? (FormattableString)$"[green]reached[/]: {goal.What}: {goal.Measured} (wanted: {goal.Target})"
                : $"[red]not reached[/]: {goal.What}: {goal.Measured} (wanted: {goal.Target})");
        }
    }
}
