using OrderFunctions.Local.Storage;

namespace OrderFunctions.Local.Outside;

/// <summary>
/// The key under which a simulated provider did something, and when. It is forgotten after a day, as real providers do: a repeated request
/// is then done again.
/// </summary>
sealed record IdempotencyKey(string Text, DateTimeOffset At)
{
    static readonly TimeSpan Memory = TimeSpan.FromHours(24);

    /// <summary>Whether a request with this key repeats what was done.</summary>
    public bool Is(string text, DateTimeOffset now) => Text == text && At > now - Memory;

    /// <summary>Reads the columns <c>key</c> and <c>at</c>, which follow each other.</summary>
    public static IdempotencyKey Read(Statement row, int column) => new(row.Text(column), new(row.Long(column + 1), TimeSpan.Zero));
}
