using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrderFunctions.Http;
using static Microsoft.Playwright.Assertions;

namespace OrderFunctions.EndToEnd.Browser;

/// <summary>The page as the Orders app serves it in Azure, which signs its operators in.</summary>
public sealed class SignInTests(Chromium chromium) : IClassFixture<Chromium>
{
    static readonly string Root = Path.Combine(AppContext.BaseDirectory, "../../../../..");

    [Fact]
    public async Task An_operator_signs_in_by_the_page_and_the_api_gets_the_token()
    {
        await using var authority = await FakeAuthority.StartAsync();
        var got = new ConcurrentQueue<string>();
        await using var app = await ServeAsync(authority, got);
        var errors = new List<string>();
        var address = new Uri(app.Urls.First());

        var page = await chromium.OpenAsync(address, errors: errors);
        await Expect(page.Locator("#dialog-title")).ToHaveTextAsync("Sign in");
        Assert.All(got, header => Assert.Equal("", header));
        await page.ClickAsync("#dialog-do");

        await Expect(page.Locator("#connection")).ToHaveAttributeAsync("data-state", "live");
        Assert.Contains($"Bearer {authority.Token}", got);
        Assert.Equal(address.ToString(), page.Url);

        // Still signed in after another look, by what the tab keeps; and no token is where another tab or a cookie would have it.
        got.Clear();
        await page.ReloadAsync();
        await Expect(page.Locator("#connection")).ToHaveAttributeAsync("data-state", "live");
        Assert.All(got, header => Assert.Equal($"Bearer {authority.Token}", header));
        Assert.DoesNotContain(authority.Token, await page.EvaluateAsync<string>("document.cookie + JSON.stringify(localStorage)"));
        Assert.DoesNotContain(errors, error => error.Contains("Content Security Policy", StringComparison.Ordinal));
    }

    [Fact]
    public void The_library_is_of_the_version_that_is_watched_for_updates()
    {
        using var package = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, "functions/Http/package.json")));
        var watched = package.RootElement.GetProperty("dependencies").GetProperty("@azure/msal-browser").GetString();
        var library = File.ReadLines(Path.Combine(Root, "functions/Http/Page/msal-browser.min.js")).First();
        Assert.Equal(watched, Regex.Match(library, @"@azure/msal-browser v(\S+) ").Groups[1].Value);
    }

    /// <summary>An API that knows one token; what it answers then is enough for the page to begin.</summary>
    static async Task<WebApplication> ServeAsync(FakeAuthority authority, ConcurrentQueue<string> got)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var page = Page.WithSignIn("the-api", authority.Address, traceLink: null);
        app.MapGet("/", context => page.ExecuteAsync(context));
        app.Map("/api/{**path}", async context =>
        {
            var header = context.Request.Headers.Authorization.ToString();
            got.Enqueue(header);
            if (header != $"Bearer {authority.Token}")
            {
                context.Response.StatusCode = 401;
                await context.Response.WriteAsJsonAsync(new { detail = "A valid access token is needed." });
                return;
            }
            await context.Response.WriteAsync(context.Request.Path.Value switch
            {
                "/api/operations/topology" => """{ "topic": "t", "participants": ["orders"], "outside": [], "events": [], "isLocal": false }""",
                "/api/operations/counts" => """{ "byStatus": {}, "byEvent": {}, "parked": 0 }""",
                _ => """{ "orders": [], "parked": [] }""",
            });
        });
        await app.StartAsync();
        return app;
    }
}
