using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using OrderFunctions.Http;

namespace OrderFunctions.EndToEnd.Browser;

/// <summary>What the page says of an order that did not go the usual way, and what an operator then does.</summary>
public sealed class PageFactsTests(Chromium chromium) : IClassFixture<Chromium>
{
    readonly List<string> errors = [];

    [Fact]
    public async Task A_refund_that_the_provider_refuses_is_owed_until_an_operator_settles_it_by_hand()
    {
        await using var cards = await CardProviderStub.StartAsync();
        using var data = new DataFolder();
        using var host = HostProcess.Start(data.Database, ["--no-orders", .. cards.Settings]);
        await host.AnswersAsync();
        var id = await BookedAsync(host, "tok_visa");
        await CancelAsync(host, id);

        var page = await chromium.OpenAsync(host.Api.BaseAddress!, errors: errors);
        var row = page.Locator($"#parked-list tr[data-parked='{id}']");
        await Expect(row).ToContainTextAsync("unusable answer", new() { Timeout = 60_000 });
        await Expect(row).ToContainTextAsync("2.50 GBP owed");
        await Expect(row).ToContainTextAsync("status 400");
        await Expect(row.Locator(".advice")).ToContainTextAsync("settle it by hand");
        await page.Locator("#audit-run").ClickAsync();
        await Expect(page.Locator("#owed")).ToContainTextAsync("Owed to customers: 2.50 GBP.");
        await Expect(page.Locator("#findings")).ToContainTextAsync("Parked at payments.");
        await Chromium.ShootAsync(page, "owed");

        // What undoes a step is not discarded by mistake: the order would stay open for ever.
        await row.GetByText("Discard").ClickAsync();
        await page.Locator("#dialog-input").FillAsync("a mistake");
        await page.Locator("#dialog-do").ClickAsync();
        await Expect(page.Locator("#dialog-title")).ToHaveTextAsync("Leave this order open for ever?");
        await page.Locator("#dialog-cancel").ClickAsync();

        await row.Locator("a").ClickAsync();
        await Expect(page.Locator(".facts")).ToContainTextAsync("Owed to the customer2.50 GBP");
        await Expect(page.Locator(".reason.parked")).ToContainTextAsync("attempt");
        await page.Locator("#order-view").GetByText("Settle by hand").ClickAsync();
        await page.GetByLabel("How?").FillAsync("bank transfer 4711");
        await page.Locator("#dialog-do").ClickAsync();
        await Expect(page.Locator("#story li[data-type=OrderCancelled]")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Expect(page.Locator("#story li[data-type=SettleRequested]").First).ToContainTextAsync("bank transfer 4711");
        await Expect(page.Locator(".facts")).ToContainTextAsync("Settled by handat payments");
        await Expect(page.Locator(".facts")).Not.ToContainTextAsync("Owed");
        await Chromium.ShootAsync(page, "settled");
        await page.GetByText("All orders").ClickAsync();
        await Expect(page.Locator("#orders tbody tr")).ToContainTextAsync("settled by hand at payments");

        // The browser's own line about the discard that was refused.
        Assert.Contains("409", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_charge_that_is_pending_at_the_provider_waits_by_itself()
    {
        await using var cards = await CardProviderStub.StartAsync();
        using var data = new DataFolder();
        using var host = HostProcess.Start(data.Database, ["--no-orders", .. cards.Settings]);
        await host.AnswersAsync();
        await host.Api.PutAsJsonAsync("api/stock/A", new { received = 50 }, Cancellation);
        var id = await PageListTests.PlaceAsync(host, "ann", "tok_pending", "A");

        var page = await chromium.OpenAsync(host.Api.BaseAddress!, errors: errors);
        var row = page.Locator($"#parked-list tr[data-parked='{id}']");
        await Expect(row).ToContainTextAsync("pending at provider", new() { Timeout = 60_000 });
        await Expect(row.Locator(".advice")).ToContainTextAsync("the provider has not decided yet");
        await Expect(row.GetByText("Settle by hand")).ToHaveCountAsync(0);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_parcel_that_leaves_after_the_order_was_called_off_is_shown_everywhere()
    {
        using var data = new DataFolder();
        using var host = HostProcess.Start(data.Database, "--no-orders");
        await host.AnswersAsync();
        var id = await BookedAsync(host, "tok_visa");
        var tracking = (string)(await OrderAsync(host, id))["trackingId"]!;
        await CancelAsync(host, id);
        while ((string?)(await OrderAsync(host, id))["status"] != "Cancelled")
            await Task.Delay(20, Cancellation);

        var body = Encoding.UTF8.GetBytes($$"""{"type":"picked-up","eventId":"evt-1","orderId":"{{id}}","trackingId":"{{tracking}}"}""");
        using var report = new HttpRequestMessage(HttpMethod.Post, "api/carrier-events") { Content = new ByteArrayContent(body) };
        report.Content.Headers.ContentType = new("application/json");
        report.Headers.Add(CarrierSignature.Header, new CarrierSignature("local", TimeProvider.System).Sign(body));
        using var told = await host.Api.SendAsync(report, Cancellation);
        Assert.True(told.IsSuccessStatusCode, await told.Content.ReadAsStringAsync(Cancellation));

        var page = await chromium.OpenAsync(host.Api.BaseAddress!, errors: errors);
        await Expect(page.Locator("#orders tbody tr")).ToContainTextAsync("picked up after it was called off");
        await Expect(page.Locator("#picture [data-event=PickedUpAfterCallOff]")).ToHaveTextAsync("1");
        await page.Locator("#audit-run").ClickAsync();
        await Expect(page.Locator("#findings")).ToContainTextAsync("The parcel left although the order was called off.");
        await page.Locator("#orders tbody a").ClickAsync();
        await Expect(page.Locator(".facts")).ToContainTextAsync("picked up after the order was called off");
        await Expect(page.Locator("#story li[data-type=PickedUpAfterCallOff]")).ToContainTextAsync(tracking);
        await Expect(page.Locator("#story li[data-type=PickedUpAfterCallOff] .what")).ToContainTextAsync("the carrier’s webhook");
        Assert.Empty(errors);
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>An order that the carrier has not picked up yet.</summary>
    static async Task<string> BookedAsync(HostProcess host, string card)
    {
        await host.Api.PutAsJsonAsync("api/stock/A", new { received = 50 }, Cancellation);
        var order = PageListTests.Order("ann", card, "A").Replace("\"E1\"", "\"LATE\"", StringComparison.Ordinal);
        using var body = new StringContent(order, Encoding.UTF8, "application/json");
        using var placed = await host.Api.PostAsync("api/orders", body, Cancellation);
        var id = (string)JsonNode.Parse(await placed.Content.ReadAsStringAsync(Cancellation))!["id"]!;
        while ((string?)(await OrderAsync(host, id))["status"] != "Booked")
            await Task.Delay(20, Cancellation);
        return id;
    }

    static async Task CancelAsync(HostProcess host, string id)
    {
        using var accepted = await host.Api.PostAsJsonAsync($"api/orders/{id}/cancel", new { reason = "changed my mind" }, Cancellation);
        Assert.True(accepted.IsSuccessStatusCode, await accepted.Content.ReadAsStringAsync(Cancellation));
    }

    static async Task<JsonNode> OrderAsync(HostProcess host, string id) =>
        JsonNode.Parse(await host.Api.GetStringAsync($"api/orders/{id}", Cancellation))!;

    static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);
}
