using System.Reflection;
using Microsoft.Playwright;

namespace OrderFunctions.EndToEnd.Browser;

/// <summary>One Chromium for all page tests. They are skipped if the machine has none and ./test may not install it.</summary>
public sealed class Chromium : IAsyncLifetime
{
    static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    static readonly string Root =
        typeof(Chromium).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key is "Root").Value!;
    static readonly string Axe = Path.Combine(Root, ".tools/node_modules/axe-core/axe.min.js");
    static readonly string Screenshots = Path.Combine(Root, "TestResults/screenshots");

    IPlaywright? playwright;
    IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        var path = Environment.GetEnvironmentVariable("CHROMIUM") ?? Places.FirstOrDefault(File.Exists);
        if (path is null)
            return;
        Assertions.SetDefaultExpectTimeout(30_000);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = path,
            Args =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
    }

    /// <param name="errors">Collects the errors from the page's console.</param>
    public async Task<IPage> OpenAsync(Uri address, ColorScheme scheme = ColorScheme.Light, int width = 1280, List<string>? errors = null)
    {
        Assert.SkipWhen(browser is null, "There is no Chromium: install it, or name one in CHROMIUM.");
        var context = await browser!.NewContextAsync(new()
        {
            BaseURL = address.ToString(),
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce,
            IgnoreHTTPSErrors = true,
            ViewportSize = new() { Width = width, Height = 860 },
        });
        context.SetDefaultTimeout(60_000);
        var page = await context.NewPageAsync();
        page.Console += (_, message) => Note(message.Type is "error", $"{message.Text} {message.Location}");
        page.PageError += (_, error) => Note(true, error);
        await page.GotoAsync("/");
        return page;

        void Note(bool isError, string text)
        {
            if (isError)
                errors?.Add(text);
        }
    }

    /// <summary>Returns the accessibility violations that axe-core finds.</summary>
    public static async Task<string[]> ViolationsAsync(IPage page)
    {
        Assert.SkipUnless(File.Exists(Axe), "axe-core is not installed: ./test does it, by npm.");

        // Evaluated instead of added as a script, because the page's security policy blocks other scripts.
        await page.EvaluateAsync(await File.ReadAllTextAsync(Axe));
        return await page.EvaluateAsync<string[]>("""
            async () => {
                const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
                const { violations } = await axe.run(document, { runOnly: rules });
                return violations.map(one => `${one.id}: ${one.nodes.map(node => `${node.target}: ${node.failureSummary}`).join('; ')}`);
            }
            """);
    }

    /// <summary>Screenshots are for people to look at. Continuous integration keeps them.</summary>
    public static Task ShootAsync(IPage page, string name) =>
        page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"{name}.png"), FullPage = true });
}
