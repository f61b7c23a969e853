using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OrderFunctions.Http;
using OrderFunctions.Local.Cli;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using Spectre.Console;

namespace OrderFunctions.Local.Tests;

/// <summary>
/// Every table that the command line prints, at the widths of real terminals: no line is longer than the terminal, and what another command
/// needs, such as an id, is never wrapped, cut or left out.
/// </summary>
public sealed class TerminalTests
{
    static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    static readonly string Id = new('a', 32);

    const string Prose = "The card provider answered 503 to POST charges, and then nothing at all for as long as anybody would wait for it.";

    static readonly Dictionary<string, (Func<int, string> Text, string[] Kept)> Tables = new()
    {
        ["orders"] = (width => OperatorTables.Orders.Text([Order("536370", "17850"), Order(new('k', 255), new('W', 64))], width), [Id]),
        ["timeline"] = (width => OperatorTables.Facts(Facts).Text(Facts, width), [nameof(InventoryReserved), nameof(DiscardRequested)]),
        ["parked"] = (width => OperatorTables.Parked.Text([Parked("inventory/2"), Parked("pick-up/1/2026-01-02T12:00:00Z")], width),
            [Id, "inventory/2", "pick-up/1/2026-01-02T12:00:00Z"]),
        ["replay"] = (width => OperatorTables.Replays.Text([new(Id, "payments")], width), [Id, "payments"]),
        ["discard"] = (width => OperatorTables.Discards.Text([new(Id, "payments", $"{Id}/shipping/3", "ivo", Prose)], width),
            [Id, "shipping/3"]),
        ["stock"] = (width => OperatorTables.Stock.Text([new("85123A", "main", 1_000_000_000_000, 1_000_000_000_000, 0, 0)], width),
            ["85123A", "main", "1,000,000,000,000"]),
        ["outcomes"] = (width => OperatorTables.Outcomes.Text([new("rejected", "parked at inventory, payments", 1_234)], width), ["1,234"]),
    };

    public static TheoryData<string, int> TablesAndWidths =>
        [.. Tables.Keys.SelectMany(_ => (int[])[60, 80, 100, 120, 200], (table, width) => (table, width))];

    [Theory, MemberData(nameof(TablesAndWidths))]
    public void No_line_is_longer_than_the_terminal_and_no_id_is_wrapped_cut_or_left_out(string table, int width)
    {
        var (render, kept) = Tables[table];
        var text = render(width);
        Assert.All(text.Split('\n'), line => Assert.True(line.GetCellWidth() <= width, $"{line.GetCellWidth()}: {line}"));
        Assert.All(kept, id => Assert.Matches($@"(?<!\S){Regex.Escape(id)}(?!\S)", text));
        Assert.DoesNotContain('…', text);
    }

    [Fact]
    public void Columns_that_matter_least_go_first_and_where_there_is_room_all_are_there()
    {
        string[] Headings(int width) => OperatorTables.Orders.Text([Order("536370", "17850")], width)
            .Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(["order", "key", "status"], Headings(60));
        Assert.Equal(["placed", "order", "key", "status"], Headings(80));
        Assert.Equal(["placed", "order", "key", "customer", "status", "total"], Headings(110));
        Assert.Equal(["placed", "order", "key", "customer", "status", "total", "took", "why"], Headings(200));
    }

    [Fact]
    public void Where_not_even_the_ids_fit_each_row_is_a_list_of_all_its_fields()
    {
        var text = OperatorTables.Parked.Text([Parked(new string('m', 60)), Parked("inventory/2")], 60);
        Assert.Contains($"order         {Id}\n", text.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains($"message       {new string('m', 60)}\n", text.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains(Prose, Regex.Replace(text, @"\s+", " "), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_gets_every_column_and_one_line_for_each_row()
    {
        var lines = OperatorTables.Parked.Text([Parked("inventory/2")], int.MaxValue).TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.EndsWith(Prose, lines[1].TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Characters_that_would_drive_the_terminal_are_shown()
    {
        var text = OperatorTables.Orders.Text([Order("key\e[31m", "17850")], 200);
        Assert.Contains("key\\u{1B}[31m", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', text);
    }

    static FactBody[] Facts =>
    [
        new(1, Noon, Noon, "http", $"{Id}/1", nameof(PlaceOrder), "http", null, null, 1, null, new("tenant", "object", "app", "Ada Lovelace")),
        new(2, Noon.AddSeconds(9), Noon, "inventory", $"{Id}/2", nameof(InventoryReserved), "bus", $"{Id}/1", 9_000, 12, Prose, null),
        new(3, Noon.AddHours(9), Noon, "operators", $"{Id}/3", nameof(DiscardRequested), "bus", null, null, 1, "trk_10 無料配達 🎁", null),
    ];

    static OrderBody Order(string key, string customer) => ApiClient.Read<OrderBody>(new JsonObject
    {
        ["id"] = Id,
        ["customerId"] = customer,
        ["status"] = nameof(OrderStatus.Rejected),
        ["reason"] = Prose,
        ["total"] = new JsonObject { ["amount"] = 9_999_999_999.99m, ["currency"] = "GBP" },
        ["parked"] = new JsonArray(),
        ["idempotencyKey"] = key,
        ["placedAt"] = Noon,
        ["finalAt"] = Noon.AddSeconds(3),
    });

    static ParkedBody Parked(string message) => new(
        Id, "17850", OrderStatus.Reserved, "payments", Noon, $"{Id}/{message}", "ParkedBehind", Prose, new FailedAttempt(3, Noon, 503), null);
}
