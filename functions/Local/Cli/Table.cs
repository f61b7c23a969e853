using System.Text;
using OrderFunctions.Http;
using Spectre.Console;

namespace OrderFunctions.Local.Cli;

/// <summary>One column of a <see cref="Table{T}"/>.</summary>
/// <param name="Name">Its heading.</param>
/// <param name="Cell">What it shows of a row.</param>
/// <param name="Drop">In a narrow terminal the highest goes first. 0 stays: what other commands need, such as an id.</param>
sealed record Column<T>(string Name, Func<T, string?> Cell, int Drop = 0)
{
    /// <summary>Prose, which may go on in the next line. Nothing else is ever broken or cut.</summary>
    public bool Wraps { get; init; }

    /// <summary>A number.</summary>
    public bool IsRight { get; init; }
}

/// <summary>
/// Rows as text that fits the terminal: first prose is wrapped, then columns are left out. Where not even what must stay fits, each row is
/// a list of its fields instead.
/// </summary>
sealed class Table<T>(params IReadOnlyList<Column<T>> columns)
{
    const string Gap = "  ";

    /// <summary>Narrower prose is hard to read.</summary>
    const int ProseMin = 24;

    public void Write(IReadOnlyList<T> rows) => Console.Write(Text(rows, Output.Width));

    /// <param name="rows">What to show.</param>
    /// <param name="width">Of the terminal, in characters.</param>
    public string Text(IReadOnlyList<T> rows, int width)
    {
        var shown = columns.Select(column => new Shown(column, [.. rows.Select(row => Characters.Visible(column.Cell(row) ?? ""))]))
            .Where(column => column.Column.Drop == 0 || column.Cells.Any(cell => cell.Length > 0)).ToList();
        var all = shown.ToList();
        while (Excess() > 0 && shown.Where(column => column.Column.Drop > 0).MaxBy(column => column.Column.Drop) is { } least)
            shown.Remove(least);
        if (Excess() > 0)
            return Listed(all, rows.Count, width);
        foreach (var prose in shown.Where(column => column.Column.Wraps))
            prose.Width = (int)Math.Min(prose.Natural, Math.Max(prose.Least, width - (Needed() - prose.Width)));

        var text = new StringBuilder();
        Append(text, shown, [.. shown.Select(column => column.Column.Name)]);
        for (var row = 0; row < rows.Count; row++)
            Append(text, shown, [.. shown.Select(column => column.Cells[row])]);
        return text.ToString();

        long Needed() => shown.Sum(column => (long)column.Width) + (Gap.Length * (shown.Count - 1));
        long Excess() => Needed() - width;
    }

    static void Append(StringBuilder text, List<Shown> columns, IReadOnlyList<string> cells)
    {
        var lines = cells.Select((cell, index) => columns[index].Column.Wraps ? Wrapped(cell, columns[index].Width) : [cell]).ToList();
        for (var line = 0; line < lines.Max(cell => cell.Count); line++)
        {
            var parts = lines.Select((cell, index) => columns[index].Padded(line < cell.Count ? cell[line] : ""));
            text.AppendLine(string.Join(Gap, parts).TrimEnd());
        }
    }

    static string Listed(List<Shown> columns, int rows, int width)
    {
        var text = new StringBuilder();
        var names = columns.Max(column => column.Column.Name.Length);
        for (var row = 0; row < rows; row++)
        {
            if (row > 0)
                text.AppendLine();
            foreach (var column in columns.Where(column => column.Cells[row].Length > 0))
            {
                var cell = column.Cells[row];
                var lines = column.Column.Wraps ? Wrapped(cell, Math.Max(ProseMin, width - names - Gap.Length)) : [cell];
                for (var line = 0; line < lines.Count; line++)
                    text.AppendLine($"{(line == 0 ? column.Column.Name : "").PadRight(names)}{Gap}{lines[line]}");
            }
        }
        return text.ToString();
    }

    /// <summary>Broken at spaces. A word that is longer than a line stays whole.</summary>
    static List<string> Wrapped(string cell, int width)
    {
        var lines = new List<string> { "" };
        foreach (var word in cell.Split(' '))
        {
            if (lines[^1].Length > 0 && lines[^1].GetCellWidth() + 1 + word.GetCellWidth() > width)
                lines.Add(word);
            else
                lines[^1] = lines[^1].Length == 0 ? word : $"{lines[^1]} {word}";
        }
        return lines;
    }

    sealed class Shown
    {
        public Shown(Column<T> column, IReadOnlyList<string> cells)
        {
            (Column, Cells) = (column, cells);
            Natural = cells.Append(column.Name).Max(cell => cell.GetCellWidth());
            var longestWord = cells.SelectMany(cell => cell.Split(' ')).Append(column.Name).Max(word => word.GetCellWidth());
            Least = column.Wraps ? Math.Min(Natural, Math.Max(ProseMin, longestWord)) : Natural;
            Width = Least;
        }

        public Column<T> Column { get; }
        public IReadOnlyList<string> Cells { get; }

        /// <summary>Where everything stands in one line.</summary>
        public int Natural { get; }

        /// <summary>Where it can still be read.</summary>
        public int Least { get; }

        public int Width { get; set; }

        public string Padded(string cell)
        {
            var space = new string(' ', Math.Max(0, Width - cell.GetCellWidth()));
            return Column.IsRight ? space + cell : cell + space;
        }
    }
}
