using System.Diagnostics;

namespace OrderFunctions.EndToEnd;

/// <summary>What the README promises about its first command.</summary>
public sealed class SampleTests : IDisposable
{
    readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task The_sample_reaches_every_outcome_and_the_audit_is_clean()
    {
        var (status, output) = await HostProcess.RunAsync(data.Database, "--exit");
        Assert.True(status == 0, output);
        string[] outcomes =
            ["completed", "out of stock", "card declined", "carrier refused", "cancelled", "cancellation refused", "delayed"];
        foreach (var outcome in outcomes)
            Assert.Contains(outcome, output);
        Assert.DoesNotContain("parked at", output);
    }

    [Fact]
    public async Task A_second_run_on_the_same_data_places_nothing_twice_and_says_so()
    {
        await HostProcess.RunAsync(data.Database, "--exit");
        var (status, output) = await HostProcess.RunAsync(data.Database, "--exit");
        Assert.True(status == 0, output);
        Assert.Contains("200 orders had been placed before", output);
    }

    [Fact]
    public async Task In_memory_it_does_the_same()
    {
        var (status, output) = await HostProcess.RunAsync(":memory:", "--exit");
        Assert.True(status == 0, output);
        Assert.False(File.Exists(":memory:"));
    }

    [Fact]
    public async Task Errors_in_an_orders_file_name_their_line_and_stop_no_other_line()
    {
        const string Template = """
            {"key":"k-%","customerId":"1","currency":"GBP","lines":[{"sku":"A","description":"a","quantity":1,"unitPrice":2.5}],
            "payment":{"cardToken":"tok_visa"},"shipTo":{"name":"n","line1":"l","city":"c","postalCode":"E1","country":"GB"}}
            """;
        static string Order(int number) => Template.ReplaceLineEndings("").Replace("%", $"{number}");
        var none = Order(2).Replace("\"quantity\":1", "\"quantity\":0");
        var file = data.Write("orders.ndjson", string.Join('\n',
            Order(1), "not json", "[]", "{}", none, """{"cancel":"k-9"}""", "", Order(3)));
        var (status, output, errors) = await HostProcess.RunAsync(["--data", data.Database, "--port", "0", "--exit", "--orders", file]);

        // The orders that were placed are well: what was refused has a status of its own.
        Assert.Equal(3, status);
        string[] starts = ["line 2: ", "line 3: ", "line 4: ", "line 5, key k-2: ", "line 6: "];
        var lines = errors.Split('\n').Where(line => line.StartsWith("line ", StringComparison.Ordinal)).ToList();
        Assert.Equal(starts.Length, lines.Count);
        Assert.All(starts.Zip(lines), pair => Assert.StartsWith(pair.First, pair.Second));
        Assert.Contains("lines[0].quantity", errors);
        Assert.Matches(@"completed\W+2", output);
    }

    [Fact]
    public async Task Orders_that_are_parked_end_a_run_at_once_and_the_next_one_audits_what_is_there()
    {
        var file = data.Write("orders.ndjson", $"{PlaceTests.Order("k-1", token: "tok_down")}\n{PlaceTests.Order("k-2")}");
        var begun = Stopwatch.StartNew();
        var (status, output) = await HostProcess.RunAsync(data.Database, "--exit", "--orders", file);

        // Ten attempts take ten seconds. Nothing would become final in the minute after.
        Assert.True(begun.Elapsed < TimeSpan.FromSeconds(50), $"{begun.Elapsed}");
        Assert.True(status == 1, output);
        Assert.Matches(@"completed\W+1\b", output);
        Assert.Matches(@"reserved\W+parked at payments\W+1\b", output);
        Assert.Contains("inventory/2", output);
        Assert.Contains("./run replay --all", output);

        (status, output) = await HostProcess.RunAsync(data.Database, "--exit", "--no-orders");
        Assert.True(status == 1, output);
        Assert.Matches("Audit: Order [0-9a-f]{32} is parked at payments", output);
    }

    [Fact]
    public async Task A_collector_that_is_not_there_is_said_once()
    {
        var (status, _, errors) = await HostProcess.RunAsync(
            ["--data", ":memory:", "--port", "0", "--no-orders", "--exit", "--otlp", "http://127.0.0.1:1"]);
        Assert.Equal(0, status);
        var line = Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("http://127.0.0.1:1/ takes no traces and metrics: Connection refused", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_is_a_clear_error()
    {
        var (status, output) = await HostProcess.RunAsync(data.Database, "--exit", "--orders", "/nowhere/orders.gz");
        Assert.NotEqual(0, status);
        Assert.Contains("/nowhere/orders.gz", output);
        Assert.DoesNotContain("   at ", output);
    }

    [Fact]
    public async Task Help_names_every_option()
    {
        var (status, output) = await HostProcess.RunAsync(data.Database, "--help");
        Assert.Equal(0, status);
        foreach (var option in new[] { "--orders", "--no-orders", "--exit", "--data", "--port", "--concurrency", "--stock" })
            Assert.Contains(option, output);
    }
}
