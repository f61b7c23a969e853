using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace OrderFunctions.EndToEnd.Browser;

/// <summary>The page in the states that nobody plans for: no host, no orders, and values of any length and script.</summary>
public sealed class PageStatesTests(Chromium chromium) : IClassFixture<Chromium>
{
    readonly List<string> errors = [];

    [Fact]
    public async Task A_lost_connection_is_shown_in_every_state_and_heals_when_the_host_is_back()
    {
        using var data = new DataFolder();
        var host = HostProcess.Start(data.Database, "--no-orders");
        try
        {
            await host.AnswersAsync();
            await host.Api.PutAsJsonAsync("api/stock/A", new { received = 50 }, Cancellation);
            var id = await PageListTests.PlaceAsync(host, "ann", "tok_down", "A");
            var address = host.Api.BaseAddress!;
            var (overview, order) = (await OpenAsync(address), await OpenAsync(address));
            var (other, dialog) = (await OpenAsync(address), await OpenAsync(address));
            await order.Locator("#orders tbody a").ClickAsync();
            await Expect(order.Locator("#story li").First).ToBeVisibleAsync();
            var row = dialog.Locator($"#parked-list tr[data-parked='{id}']");
            await row.GetByText("Replay", new() { Exact = true }).ClickAsync(new() { Timeout = 120_000 });
            IPage[] pages = [overview, order, other, dialog];
            foreach (var page in pages)
                await Expect(page.Locator("#connection")).ToHaveTextAsync("live");

            host.Kill();
            foreach (var page in pages)
                await Expect(page.Locator("#connection")).ToHaveTextAsync("connection lost, trying again");

            // What is on the page stays there; what is asked meanwhile says why it was not done.
            await Expect(overview.Locator("#orders tbody tr")).ToHaveCountAsync(1);
            await Expect(order.Locator("#story li").First).ToBeVisibleAsync();
            await overview.Locator("#q").FillAsync("ann");
            await overview.Locator("#export-csv").ClickAsync();
            await Expect(overview.Locator("#export-state")).ToHaveTextAsync("Not exported: The server cannot be reached.");
            await overview.Locator("#audit-run").ClickAsync();
            await Expect(overview.Locator("#audit-state")).ToHaveTextAsync("Not done: The server cannot be reached.");
            await overview.GetByText("Place it").ClickAsync();
            await Expect(overview.Locator("#dialog-text")).ToHaveTextAsync("The server cannot be reached.");
            await overview.Locator("#dialog-do").ClickAsync();
            await other.Locator("#orders tbody a").ClickAsync();
            await Expect(other.Locator("#order-view")).ToHaveTextAsync("Loading …");
            await dialog.Locator("#dialog-do").ClickAsync();
            await Expect(dialog.Locator("#results")).ToContainTextAsync("The server cannot be reached.");
            for (var i = 0; i < pages.Length; i++)
                await Chromium.ShootAsync(pages[i], $"lost-{i}");

            host.Dispose();
            host = HostProcess.StartAt(address.Port, data.Database, "--no-orders");
            await host.AnswersAsync();
            foreach (var page in pages)
                await Expect(page.Locator("#connection")).ToHaveTextAsync("live");
            await Expect(other.Locator("#story li").First).ToBeVisibleAsync();
            using var ended = await host.Api.PutAsJsonAsync("api/local/card-outage", new { isOn = false }, Cancellation);
            using var asked = await host.Api.PostAsJsonAsync("api/operations/replay", new { all = true }, Cancellation);
            await Expect(order.Locator("#story li[data-type=OrderCompleted]")).ToBeVisibleAsync(new() { Timeout = 60_000 });
            await Expect(overview.Locator("#orders tbody tr")).ToContainTextAsync("Completed");
        }
        finally
        {
            host.Dispose();
        }
    }

    [Theory, InlineData(1280), InlineData(360)]
    public async Task On_an_empty_store_the_page_says_so_and_a_sample_order_goes_well(int width)
    {
        using var data = new DataFolder();
        using var host = HostProcess.Start(data.Database, "--no-orders");
        await host.AnswersAsync();
        var page = await OpenAsync(host.Api.BaseAddress!, width);
        await Expect(page.Locator("#orders-none")).ToHaveTextAsync("There are no orders yet.");
        await Expect(page.Locator("#stock-none")).ToHaveTextAsync("Nothing has been received yet.");
        await Expect(page.Locator("#steps-none")).ToBeVisibleAsync();
        await Expect(page.Locator("#parked-none")).ToBeVisibleAsync();
        await Expect(page.Locator("#try")).ToBeVisibleAsync();
        await CheckAsync(page, width, $"empty-{width}");

        await page.GetByText("Place it").ClickAsync();
        await Expect(page.Locator("#story li[data-type=OrderCompleted]")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Expect(page.Locator("section:has(#notices-title)")).ToContainTextAsync("Your order is on its way");
        await page.GetByText("All orders").ClickAsync();
        await Expect(page.Locator("#steps-rows tr")).ToHaveCountAsync(4, new() { Timeout = 60_000 });
        await Expect(page.Locator("#stock-rows tr")).ToHaveCountAsync(1);
        await page.Locator("#sku").FillAsync("ampl");
        await Expect(page.Locator("#stock-rows")).ToContainTextAsync("SAMPLE");
        await page.Locator("#sku").FillAsync("other");
        await Expect(page.Locator("#stock-none")).ToHaveTextAsync("No such SKU was received.");
        await page.Locator("#audit-run").ClickAsync();
        await Expect(page.Locator("#audit-state")).ToContainTextAsync("All is well.");
        Assert.Empty(errors);
    }

    [Theory, InlineData(1280), InlineData(360)]
    public async Task No_value_of_any_length_or_script_breaks_the_layout(int width)
    {
        var wide = new string('W', 64);
        using var data = new DataFolder();
        using var host = HostProcess.Start(data.Database, "--no-orders");
        await host.AnswersAsync();
        await host.Api.PutAsJsonAsync($"api/stock/{wide}", new { received = 999_999_999_999 }, Cancellation);
        await PageListTests.PlaceAsync(host, "مرحبا 三 ก็็็็็็ 👩👧", "tok_visa", wide);
        var id = await PageListTests.PlaceAsync(host, wide, "tok_down", wide, new string('k', 255));

        var page = await OpenAsync(host.Api.BaseAddress!, width);
        await page.RouteAsync("**/api/orders?**", async route => await AnswerAsync(route, text =>
            text.Replace("\"amount\":2.5,", "\"amount\":12345678901234567890.25,", StringComparison.Ordinal)));
        await page.RouteAsync("**/api/operations/events", route => route.FulfillAsync(new()
        {
            ContentType = "text/event-stream", Body = $"data: {Counts}\n\n",
        }));
        await page.ReloadAsync();
        await Expect(page.Locator("#parked-list tbody tr")).ToContainTextAsync(wide, new() { Timeout = 120_000 });
        await Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(2);
        await Expect(page.Locator("#orders tbody")).ToContainTextAsync("12,345,678,901,234,567,000");
        await Expect(page.Locator("#picture .count").First).ToHaveTextAsync("999,999");
        await CheckAsync(page, width, $"long-{width}");
        var overlaps = await page.EvaluateAsync<string[]>("""
            () => {
              const shown = one => one.textContent && one.getBoundingClientRect().width;
              const boxes = [...document.querySelectorAll('#picture svg text')].filter(shown);
              const box = boxes.map(one => one.getBoundingClientRect());
              return boxes.flatMap((one, i) => boxes.slice(i + 1).flatMap((two, j) => {
                const [a, b] = [box[i], box[i + 1 + j]];
                const meet = Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
                  && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
                return meet ? [`${one.textContent} / ${two.textContent}`] : [];
              }));
            }
            """);
        Assert.Empty(overlaps);

        await page.GotoAsync($"/#/orders/{id}");
        await Expect(page.Locator("#story li[data-type=OrderParked]")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await CheckAsync(page, width, $"long-order-{width}");
    }

    [Fact]
    public async Task A_trace_is_linked_where_a_tool_shows_it()
    {
        using var data = new DataFolder();
        using var host = HostProcess.Start(
            data.Database, "--no-orders", "--otlp", "http://127.0.0.1:9",
            "--setting", "Page__TraceLink=http://127.0.0.1:16686/trace/{traceId}");
        await host.AnswersAsync();
        var id = await PageListTests.PlaceAsync(host, "ann", "tok_visa", "NONE");
        var record = JsonNode.Parse(await host.Api.GetStringAsync($"api/orders/{id}/record", Cancellation))!;
        var traceId = ((string)record["entries"]![0]!["trace"]!).Split('-')[1];

        var page = await OpenAsync(host.Api.BaseAddress!);
        await page.Locator("#orders tbody a").ClickAsync();
        await Expect(page.Locator(".facts a")).ToHaveAttributeAsync("href", $"http://127.0.0.1:16686/trace/{traceId}");
        Assert.Empty(errors);
    }

    const string Counts = """
        {"byStatus":{"Placed":999999,"Completed":123456,"Rejected":123456},"parked":123456,"byEvent":{"OrderCreated":999999,
        """ + """
        "InventoryReservationFailed":123456,"OrderCancellationRequested":654321,"InventoryReserved":987654321,
        """ + """
        "PickedUpAfterCallOff":100000}}
        """;

    static async Task AnswerAsync(IRoute route, Func<string, string> change)
    {
        var answer = await route.FetchAsync();
        await route.FulfillAsync(new() { Response = answer, Body = change(await answer.TextAsync()) });
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    Task<IPage> OpenAsync(Uri address, int width = 1280) => chromium.OpenAsync(address, width: width, errors: errors);

    static async Task CheckAsync(IPage page, int width, string name)
    {
        await PageTests.CheckAsync(page, name);
        Assert.Equal(width, await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
    }

    static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);
}
