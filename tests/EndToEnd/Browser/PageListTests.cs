using System.IO.Compression;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace OrderFunctions.EndToEnd.Browser;

/// <summary>Finding orders, taking them away as a file, and dealing with many at once.</summary>
public sealed class PageListTests(Chromium chromium, SampleHost sample) : IClassFixture<Chromium>, IClassFixture<SampleHost>
{
    readonly List<string> errors = [];

    [Fact]
    public async Task The_filters_stand_in_the_address_so_a_reload_or_a_copied_address_shows_the_same()
    {
        var page = await OpenAsync();
        await page.Locator("#tiles .rejected").ClickAsync();
        await page.Locator("#by").SelectOptionAsync("contains");
        await page.Locator("#q").FillAsync("CARRIER DOES");
        await page.Locator("#range").SelectOptionAsync("24h");
        await Expect(page).ToHaveURLAsync(new Regex("#/\\?q=CARRIER\\+DOES&by=contains&status=Rejected&range=24h$"));
        await ShowsTheRefusedAsync(page);

        await page.ReloadAsync();
        await ShowsTheRefusedAsync(page);
        await page.Locator("#orders tbody a").First.ClickAsync();
        await Expect(page.Locator("#story li").First).ToBeVisibleAsync();
        await page.GetByText("All orders").ClickAsync();
        await ShowsTheRefusedAsync(page);
        await page.Locator("#orders tbody a").First.ClickAsync();
        await page.GoBackAsync();
        await ShowsTheRefusedAsync(page);
        var other = await chromium.OpenAsync(new Uri(sample.Host.Api.BaseAddress!, "/"), errors: errors);
        await other.GotoAsync(page.Url);
        await ShowsTheRefusedAsync(other);

        await page.Locator("#clear").ClickAsync();
        await Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(25);
        await Expect(page).ToHaveURLAsync(new Regex("/#/$"));
        Assert.Empty(errors);

        static async Task ShowsTheRefusedAsync(IPage page)
        {
            await Expect(page.Locator("#q")).ToHaveValueAsync("CARRIER DOES");
            await Expect(page.Locator("#orders tbody tr").First).ToContainTextAsync("the carrier does not deliver there");
            await Expect(page.Locator("#orders tbody tr").Filter(new() { HasNotText = "the carrier does" })).ToHaveCountAsync(0);
        }
    }

    [Fact]
    public async Task Orders_are_found_by_sku_by_tracking_id_and_by_time()
    {
        var page = await OpenAsync();
        await page.Locator("#orders tbody tr", new() { HasText = "Completed" }).First.Locator("a").ClickAsync();
        var tracking = await page.Locator(".facts div", new() { HasText = "Tracking id" }).Locator("dd").TextContentAsync();
        var sku = (await page.Locator("section:has(#lines-title) tbody th").First.TextContentAsync())!;
        var id = page.Url.Split('/')[^1];
        await page.GetByText("All orders").ClickAsync();

        await page.Locator("#by").SelectOptionAsync("trackingId");
        await page.Locator("#q").FillAsync(tracking!);
        await Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(1);
        await Expect(page.Locator("#orders tbody tr")).ToHaveAttributeAsync("data-order", id);
        await page.Locator("#by").SelectOptionAsync("sku");
        await page.Locator("#q").FillAsync(sku);
        await Expect(page.Locator($"#orders tbody tr[data-order='{id}']")).ToHaveCountAsync(1);

        await page.Locator("#clear").ClickAsync();
        await page.Locator("#range").SelectOptionAsync("between");
        await page.Locator("#to").FillAsync("2020-01-01T00:00");
        await Expect(page.Locator("#orders-none")).ToContainTextAsync("No order matches.");
        await page.Locator("#from").FillAsync("2020-01-01T00:00");
        await page.Locator("#to").FillAsync("2999-01-01T00:00");
        await Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(25);
        await Expect(page.Locator("#orders tbody time").First).ToContainTextAsync($"{DateTime.Now.Year}");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task The_filtered_list_is_exported_whole()
    {
        var page = await OpenAsync();
        await page.Locator("#tiles .rejected").ClickAsync();
        var rejected = int.Parse((await page.Locator("#tiles .rejected b").TextContentAsync())!, null);
        var json = JsonNode.Parse(await SaveAsync("#export-json"))!.AsArray();
        Assert.Equal(rejected, json.Count);
        Assert.All(json, order => Assert.Equal("Rejected", (string?)order!["status"]));

        var lines = (await SaveAsync("#export-csv")).Split("\r\n");
        Assert.StartsWith("id,key,customer,status,", lines[0], StringComparison.Ordinal);
        Assert.Equal(rejected + 1, lines.Length);
        Assert.Equal((string?)json[0]!["id"], lines[1].Split(',')[0]);
        Assert.Empty(errors);

        async Task<string> SaveAsync(string button)
        {
            var download = await page.RunAndWaitForDownloadAsync(() => page.Locator(button).ClickAsync());
            return await File.ReadAllTextAsync(await download.PathAsync(), Encoding.UTF8);
        }
    }

    [Fact]
    public async Task Many_orders_are_cancelled_and_replayed_with_one_confirmation_each()
    {
        using var data = new DataFolder();
        using var host = HostProcess.Start(data.Database, "--no-orders");
        await host.AnswersAsync();
        await host.Api.PutAsJsonAsync("api/stock/A", new { received = 50 }, Cancellation);
        var ids = new List<string>();
        for (var i = 0; i < 6; i++)
            ids.Add(await PlaceAsync(host, $"=1+{i}", "tok_down", "A"));
        var page = await chromium.OpenAsync(host.Api.BaseAddress!, errors: errors);
        await Expect(page.Locator("#parked-list tbody tr")).ToHaveCountAsync(6, new() { Timeout = 120_000 });

        foreach (var id in ids.Take(2))
            await page.Locator($"#orders tr[data-order='{id}'] input").CheckAsync();
        await page.GetByText("Cancel 2 selected").ClickAsync();
        await page.GetByLabel("Why?").FillAsync("ordered twice");
        await page.Locator("#dialog-do").ClickAsync();
        await Expect(page.Locator("#cancelled")).ToContainTextAsync("Asked to cancel 2 of 2.");
        await Chromium.ShootAsync(page, "bulk");

        await page.GetByText("End the outage").ClickAsync();
        await Expect(page.Locator("#outage")).ToContainTextAsync("answers");
        await page.Locator("#parked-all").CheckAsync();
        await page.GetByText(new Regex("^Replay \\d+ selected$")).ClickAsync();
        await page.Locator("#dialog-do").ClickAsync();
        await Expect(page.Locator("#tiles .cancelled b")).ToHaveTextAsync("2", new() { Timeout = 60_000 });
        await Expect(page.Locator("#tiles .completed b")).ToHaveTextAsync("4", new() { Timeout = 60_000 });
        await Expect(page.Locator("#parked-none")).ToBeVisibleAsync();

        // A spreadsheet must not take a customer's name for a formula.
        var download = await page.RunAndWaitForDownloadAsync(() => page.Locator("#export-csv").ClickAsync());
        Assert.Contains(",'=1+5,", await File.ReadAllTextAsync(await download.PathAsync(), Cancellation), StringComparison.Ordinal);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Twenty_thousand_orders_are_listed_and_searched()
    {
        using var data = new DataFolder();
        var file = Path.Combine(Path.GetDirectoryName(data.Database)!, "many.ndjson.gz");
        await using (var lines = new StreamWriter(new GZipStream(File.Create(file), CompressionLevel.Fastest)))
        {
            for (var i = 0; i < 20_000; i++)
                await lines.WriteLineAsync(Order($"customer-{i:00000}", "tok_visa", "NONE", $"many-{i:00000}"));
        }
        using var host = HostProcess.Start(data.Database, "--orders", file);
        await host.AnswersAsync();
        var page = await chromium.OpenAsync(host.Api.BaseAddress!, errors: errors);
        await Expect(page.Locator("#tiles .all b")).ToHaveTextAsync("20,000", new() { Timeout = 180_000 });
        await Expect(page.Locator("#tiles .open b")).ToHaveTextAsync("0", new() { Timeout = 60_000 });

        await page.Locator("#by").SelectOptionAsync("contains");
        await page.Locator("#q").FillAsync("MER-00007");
        await Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(1, new() { Timeout = 10_000 });
        await Expect(page.Locator("#orders tbody tr")).ToContainTextAsync("customer-00007");
        await page.Locator("#by").SelectOptionAsync("sku");
        await page.Locator("#q").FillAsync("NONE");
        await Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(25, new() { Timeout = 10_000 });
        await page.Locator("#audit-run").ClickAsync();
        await Expect(page.Locator("#audit-state")).ToContainTextAsync("Looked at 1,000 orders, the newest", new() { Timeout = 10_000 });
        await Chromium.ShootAsync(page, "twenty-thousand");
        var download = await page.RunAndWaitForDownloadAsync(() => page.Locator("#export-csv").ClickAsync());
        Assert.Equal(20_001, (await File.ReadAllLinesAsync(await download.PathAsync(), Cancellation)).Length);
        Assert.Empty(errors);
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static string Order(string customer, string card, string sku, string? key = null)
    {
        var order = new JsonObject
        {
            ["customerId"] = customer, ["currency"] = "GBP",
            ["lines"] = new JsonArray(new JsonObject { ["sku"] = sku, ["description"] = "a", ["quantity"] = 1, ["unitPrice"] = 2.5 }),
            ["payment"] = new JsonObject { ["cardToken"] = card },
            ["shipTo"] = new JsonObject
            {
                ["name"] = "Ada Bell", ["line1"] = "34 High Street", ["city"] = "London", ["postalCode"] = "E1", ["country"] = "GB",
            },
        };
        if (key is not null)
            order["key"] = key;
        return order.ToJsonString();
    }

    internal static async Task<string> PlaceAsync(HostProcess host, string customer, string card, string sku, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/orders");
        request.Content = new StringContent(Order(customer, card, sku), Encoding.UTF8, "application/json");
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        using var placed = await host.Api.SendAsync(request, Cancellation);
        Assert.True(placed.IsSuccessStatusCode, await placed.Content.ReadAsStringAsync(Cancellation));
        return (string)JsonNode.Parse(await placed.Content.ReadAsStringAsync(Cancellation))!["id"]!;
    }

    Task<IPage> OpenAsync() => chromium.OpenAsync(sample.Host.Api.BaseAddress!, errors: errors);

    static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);

    static IPageAssertions Expect(IPage page) => Assertions.Expect(page);
}
