using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace OrderFunctions.EndToEnd.Browser;

/// <summary>The operations page as an operator uses it.</summary>
public sealed class PageTests(Chromium chromium, SampleHost sample) : IClassFixture<Chromium>, IClassFixture<SampleHost>
{
    readonly List<string> errors = [];

    [Fact]
    public async Task The_page_shows_the_choreography_and_the_sample_orders()
    {
        var page = await OpenAsync();
        await Expect(page.Locator("#tiles .all b")).ToHaveTextAsync(new Regex("^20[0-9]$"));
        await Expect(page.Locator("#connection")).ToHaveTextAsync("live");
        await Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(25);
        (string Event, int Least)[] counts =
            [("OrderCreated", 200), ("RefundPayment", 1), ("InventoryReservationFailed", 1), ("OrderCancelled", 1)];
        foreach (var (name, least) in counts)
        {
            var count = page.Locator($"#picture [data-event={name}]");
            Assert.True(int.Parse(await count.TextContentAsync() ?? "", null) >= least, $"{name}: {await count.TextContentAsync()}");
        }
        await Expect(page.Locator("#picture svg .row")).ToHaveCountAsync(21);
        await Expect(page.Locator("#shelf tbody tr")).ToHaveCountAsync(5);
        Assert.True(await page.Locator("#plots .bar").CountAsync() > 0, "No order is in the plot of throughput.");

        await page.GetByText("Older orders").ClickAsync();
        await Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(50);
        await Chromium.ShootAsync(page, "overview");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Orders_are_filtered_by_status_and_by_the_beginning_of_a_key()
    {
        var page = await OpenAsync();
        await page.Locator("#tiles .rejected").ClickAsync();
        await Expect(page.Locator("#orders tbody .why").Filter(new() { HasText = "card declined" }).First).ToBeVisibleAsync();
        await Expect(page.Locator("#orders .badge.Completed")).ToHaveCountAsync(0);

        await page.Locator("#tiles .all").ClickAsync();
        await page.GetByLabel("Search for").FillAsync("536370");
        await Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(1);
        await page.GetByLabel("Search for").FillAsync("no such order");
        await Expect(page.Locator("#orders")).ToContainTextAsync("No order matches.");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task An_orders_timeline_is_shown_with_its_messages()
    {
        var page = await OpenAsync();
        await page.GetByLabel("Status").SelectOptionAsync("Rejected");
        await page.Locator("#orders tbody tr", new() { HasText = "carrier" }).First.Locator("a").ClickAsync();
        string[] story =
        [
            "PlaceOrder", "OrderCreated", "InventoryReserved", "PaymentSucceeded",
            "ShippingFailed", "PaymentRefunded", "InventoryRestocked", "OrderRejected",
        ];
        foreach (var type in story)
            await Expect(page.Locator($"#story li[data-type={type}]")).ToBeVisibleAsync();
        await Expect(page.Locator("#story li[data-type=PaymentRefunded] .what")).ToContainTextAsync("caused by RefundPayment of shipping");
        await Expect(page.Locator("#story li[data-type=OrderRejected] .what")).ToContainTextAsync("after InventoryRestocked");
        await Chromium.ShootAsync(page, "order");

        await page.GetByRole(AriaRole.Button, new() { Name = "OrderCreated" }).ClickAsync();
        var raw = page.Locator("#story li[data-type=OrderCreated] pre");
        await Expect(raw).ToContainTextAsync("\"customerId\"");
        Assert.DoesNotContain("tok_", await raw.TextContentAsync(), StringComparison.Ordinal);

        // A shared link shows the same page.
        var link = $"/api/orders/{page.Url.Split('/')[^1]}/timeline";
        await page.GotoAsync(link);
        await Expect(page.Locator("#story li[data-type=OrderRejected]")).ToBeVisibleAsync();
        await page.GetByText("All orders").ClickAsync();
        await Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(25);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_parked_order_completes_when_it_is_replayed_after_the_outage()
    {
        var page = await OpenAsync();
        await page.GetByLabel("A sample order that").SelectOptionAsync("meets a card provider that is down");
        await page.GetByText("Place it").ClickAsync();
        await Expect(page.Locator("#story li[data-type=OrderParked], #story li[data-type=OrderCreated]").First).ToBeVisibleAsync();
        var id = page.Url.Split('/')[^1];
        await page.GetByText("All orders").ClickAsync();

        var row = page.Locator($"#parked-list tr[data-parked='{id}']");
        await Expect(row).ToContainTextAsync("The card provider is unavailable", new() { Timeout = 120_000 });
        await Expect(page.Locator("#tiles .parked b")).ToHaveTextAsync("1");
        await row.GetByText("Inspect").ClickAsync();
        await Expect(page.Locator("#dialog-title")).ToContainTextAsync("InventoryReserved");
        await Expect(page.Locator("#dialog pre")).ToContainTextAsync("\"customerId\": \"sample\"");
        Assert.DoesNotContain("tok_down", await page.Locator("#dialog pre").TextContentAsync(), StringComparison.Ordinal);
        await CheckAsync("inspect");
        await page.Locator("#dialog-do").ClickAsync();
        await CheckAsync("parked");
        await row.GetByText("Discard").ClickAsync();
        await CheckAsync("discard");
        await page.Locator("#dialog button[value='']").ClickAsync();
        await Expect(page.Locator("#dialog")).ToBeHiddenAsync();

        await page.GetByText("End the outage").ClickAsync();
        await Expect(page.Locator("#outage")).ToContainTextAsync("answers");
        await row.GetByText("Replay", new() { Exact = true }).ClickAsync();
        await page.Locator("#dialog-do").ClickAsync();
        await Expect(page.Locator("#results")).ToContainTextAsync("resumed, now completed");
        await Expect(row).ToHaveCountAsync(0);

        await page.Locator("#results a").First.ClickAsync();
        await Expect(page.Locator("#story li[data-type=OrderCompleted]")).ToBeVisibleAsync();
        await Expect(page.Locator("#story li[data-type=OrderParked]")).ToContainTextAsync("payments");
        await Expect(page.Locator("#story li[data-type=OrderResumed]")).ToBeVisibleAsync();
        Assert.Empty(errors);

        Task CheckAsync(string name) => PageTests.CheckAsync(page, name);
    }

    [Fact]
    public async Task An_order_is_placed_and_cancelled_from_the_page()
    {
        // Even a late carrier picks up after three seconds. A browser on a busy machine may need longer, so there are three tries.
        for (var tries = 3; !await IsCancelledAsync(); tries--)
            Assert.True(tries > 1, "No order could be cancelled before the carrier came.");
        Assert.Empty(errors);
    }

    async Task<bool> IsCancelledAsync()
    {
        errors.Clear();
        var page = await OpenAsync();
        page.SetDefaultTimeout(10_000);
        try
        {
            await page.GetByLabel("A sample order that").SelectOptionAsync("is picked up late");
            await page.GetByText("Place it").ClickAsync();
            await page.GetByText("Cancel the order").ClickAsync();
            await page.GetByLabel("Why?").FillAsync("changed my mind");
            await page.Locator("#dialog-do").ClickAsync();
            await Expect(page.Locator("#story li[data-type=OrderCancelled]")).ToContainTextAsync("changed my mind");
            return true;
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException)
        {
            return false;
        }
    }

    [Theory, InlineData(ColorScheme.Light), InlineData(ColorScheme.Dark)]
    public async Task The_page_passes_axe_and_fits_a_phone(ColorScheme scheme)
    {
        foreach (var width in new[] { 1280, 360 })
        {
            var page = await OpenAsync(scheme, width);
            await Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(25);
            await CheckAsync(page, width, $"overview-{scheme}-{width}");
            await page.Locator("#orders tbody a").First.ClickAsync();
            await Expect(page.Locator("#story li[data-type=OrderCreated]")).ToBeVisibleAsync();
            await CheckAsync(page, width, $"order-{scheme}-{width}");
        }

        static async Task CheckAsync(IPage page, int width, string name)
        {
            await PageTests.CheckAsync(page, name);
            Assert.Equal(width, await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
        }
    }

    [Fact]
    public async Task The_page_works_with_the_keyboard_alone()
    {
        var page = await OpenAsync();
        await Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(25);
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator(".skip")).ToBeFocusedAsync();
        await page.Locator("#orders tbody a").First.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#content")).ToBeFocusedAsync();
        await page.Locator("#story h3 button").First.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#story pre")).ToBeVisibleAsync();
        await Expect(page.Locator("#story h3 button").First).ToBeFocusedAsync();
    }

    Task<IPage> OpenAsync(ColorScheme scheme = ColorScheme.Light, int width = 1280) =>
        chromium.OpenAsync(sample.Host.Api.BaseAddress!, scheme, width, errors);

    /// <summary>Checks that axe finds no violation and that the page shows no raw program text.</summary>
    internal static async Task CheckAsync(IPage page, string name)
    {
        await Chromium.ShootAsync(page, name);
        Assert.Empty(await Chromium.ViolationsAsync(page));
        Assert.DoesNotMatch("undefined|NaN|\\[object", await page.Locator("body").InnerTextAsync());
    }

    static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);
}
