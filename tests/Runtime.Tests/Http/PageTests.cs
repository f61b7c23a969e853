using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using OrderFunctions.Saga;

namespace OrderFunctions.Http.Tests;

/// <summary>The page as it is served; what a browser does with it is tested end to end.</summary>
public sealed class PageTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task The_page_runs_only_its_own_script_and_loads_nothing_from_elsewhere()
    {
        var page = await host.GetAsync("/");
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        foreach (var tag in new[] { "style", "script" })
        {
            var element = Regex.Match(page.Text, $"<{tag}[^>]*>(.*?)</{tag}>", RegexOptions.Singleline, TimeSpan.FromSeconds(1));
            var content = element.Groups[1].Value;
            Assert.NotEmpty(content);
            var digest = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(content)));
            Assert.Contains($"{tag}-src 'sha256-{digest}'", policy, StringComparison.Ordinal);
        }
        Assert.DoesNotMatch("(src|href)=\"(https?:)?//", page.Text);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://traces.example/{traceId}?a=1&b=2", "content=\"https://traces.example/{traceId}?a=1&amp;b=2\"")]
    [InlineData("javascript:alert(1)//{traceId}", null)]
    [InlineData("https://traces.example/", null)]
    public void A_link_to_a_trace_is_an_address_with_the_traces_id(string link, string? expected)
    {
        if (expected is null)
            Assert.Contains(Page.TraceLinkSetting, Assert.Throws<InvalidOperationException>(() => new Page(traceLink: link)).Message, StringComparison.Ordinal);
        else
            Assert.Contains(expected, new Page(traceLink: link).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_browser_gets_the_page_and_other_clients_the_timeline()
    {
        var id = await host.PlaceAsync();
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/orders/{id}/timeline");
        request.Headers.TryAddWithoutValidation("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        Assert.Equal((await host.GetAsync("/")).Text, (await host.SendAsync(request)).Text);
        Assert.NotNull((await host.GetAsync($"/api/orders/{id}/timeline")).Json!["facts"]);
    }

    [Fact]
    public async Task The_record_contains_everything_but_secrets()
    {
        var id = await host.PlaceAsync();
        var address = new Address("Ada Bell", "34 High Street", "London", "E14 7AA", "GB", "Flat 2", "Kent");
        await host.HearAsync(id, "inventory", 1, new InventoryReserved("17850", new(22.30m, "GBP"), "tok_secret", address));
        var record = await host.GetAsync($"/api/orders/{id}/record");
        var created = record.Json!["entries"]![0]!["events"]![0]!;
        Assert.Equal(("OrderCreated", "17850"), ((string?)created["type"], (string?)created["data"]!["customerId"]));
        Assert.Equal(("London", "GB"), ((string?)created["data"]!["shipTo"]!["city"], (string?)created["data"]!["shipTo"]!["country"]));
        foreach (var secret in new[] { "tok_", "High Street", "Ada Bell", "E14", "Flat 2", "Kent" })
            Assert.DoesNotContain(secret, record.Text, StringComparison.Ordinal);
    }
}
