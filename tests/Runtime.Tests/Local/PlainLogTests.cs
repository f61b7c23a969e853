using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace OrderFunctions.Local.Tests;

/// <summary>What a log says cannot drive the terminal that shows it.</summary>
public sealed class PlainLogTests
{
    [Fact]
    public void Characters_that_are_not_seen_are_shown_in_messages_and_exceptions()
    {
        var time = new FakeTimeProvider(new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        using var written = new StringWriter();
        var entry = new LogEntry<string>(
            LogLevel.Warning, "category", default, "red\e[31m\u202Etfel\r\nforged: all is well",
            new InvalidOperationException("its own\u0007bell\nsecond line"), (state, _) => state);

        new PlainLog(time).Write(entry, null, written);

        Assert.Equal(
            ["03:04:05 warning: red\\u{1B}[31m\\u{202E}tfel\\u{D}\\u{A}forged: all is well",
                "System.InvalidOperationException: its own\\u{7}bell", "second line", ""],
            written.ToString().ReplaceLineEndings("\n").Split('\n'));
    }
}
