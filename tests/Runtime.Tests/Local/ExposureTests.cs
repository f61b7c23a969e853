using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Http;
using OrderFunctions.Local.Cli;
using OrderFunctions.Local.Storage;

namespace OrderFunctions.Local.Tests;

/// <summary>The local host is open to this machine. What that lets in, and what not; and what a file or a terminal must not do.</summary>
public sealed class ExposureTests : IAsyncLifetime
{
    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("orderfunctions-");
    LocalHost host = null!;
    HttpClient http = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        host = await LocalHost.StartAsync(Database.InMemory, port: 0);
        http = new() { BaseAddress = host.Address };
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("127.0.0.1", 200)]
    [InlineData("localhost", 200)]
    [InlineData("evil.example", 403)]
    [InlineData("localhost.evil.example", 403)]
    [InlineData("127.0.0.1.evil.example", 403)]
    [InlineData("10.0.0.1", 403)]
    public async Task Another_name_bound_to_this_address_gets_nothing(string name, int status)
    {
        foreach (var path in new[] { "/", "/api/orders", "/api/local/stock" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Host = $"{name}:{host.Address.Port}";
            Assert.Equal((path, status), (path, await StatusAsync(request)));
        }
    }

    [Theory]
    [InlineData("Sec-Fetch-Site: same-origin", 202)]
    [InlineData("Sec-Fetch-Site: none", 202)]
    [InlineData("Sec-Fetch-Site: cross-site", 403)]
    [InlineData("Sec-Fetch-Site: same-site", 403)]
    [InlineData("Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate", 403)]
    [InlineData("Origin: https://evil.example", 403)]
    [InlineData("Origin: http://127.0.0.1:1", 403)]
    [InlineData("Origin: null", 403)]
    public async Task A_page_of_another_site_can_order_nothing(string headers, int status)
    {
        const string order = """
            {
              "customerId": "17850", "currency": "GBP", "lines": [{ "sku": "a", "description": "b", "quantity": 1, "unitPrice": 1 }],
              "payment": { "cardToken": "tok_visa" },
              "shipTo": { "name": "Ada", "line1": "34 High Street", "city": "London", "postalCode": "E14 7AA", "country": "GB" }
            }
            """;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders")
        {
            Content = new StringContent(order, Encoding.UTF8, "application/json"),
        };
        Add(request, headers);
        Assert.Equal(status, await StatusAsync(request));
    }

    [Fact]
    public async Task A_link_from_another_site_shows_the_page_and_a_script_reads_nothing()
    {
        using var link = new HttpRequestMessage(HttpMethod.Get, "/");
        Add(link, "Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate");
        Assert.Equal(200, await StatusAsync(link));
        using var script = new HttpRequestMessage(HttpMethod.Get, "/api/orders");
        Add(script, "Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: no-cors");
        Assert.Equal(403, await StatusAsync(script));
    }

    /// <summary>What a form of another site can send without asking first.</summary>
    [Theory]
    [InlineData(null), InlineData("text/plain"), InlineData("application/x-www-form-urlencoded")]
    public async Task A_cancellation_has_the_type_that_a_form_cannot_send(string? type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/orders/{new string('0', 32)}/cancel");
        if (type is not null)
            request.Content = new StringContent("", Encoding.UTF8, type);
        Assert.Equal(415, await StatusAsync(request));
    }

    [Fact]
    public async Task Its_files_are_for_their_owner_only()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("files have no such modes");
            return;
        }
        var (fresh, old) = (Path.Combine(folder.FullName, "fresh.db"), Path.Combine(folder.FullName, "old.db"));
        await File.WriteAllTextAsync(old, "", Cancellation);
        File.SetUnixFileMode(old, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        foreach (var path in new[] { fresh, old })
        {
            await using var database = Database.Open(path, NullLogger.Instance);
            var files = folder.GetFiles($"{Path.GetFileName(path)}*");
            Assert.True(files.Length >= 3);
            Assert.All(files, file => Assert.Equal((file.Name, UnixFileMode.UserRead | UnixFileMode.UserWrite), (file.Name, file.UnixFileMode)));
        }
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public async Task A_file_of_blank_lines_or_one_endless_line_is_refused_early(bool compressed)
    {
        Assert.Equal("line 1001", await RefusalAsync("\n", 10_000_000, "blank lines"));
        Assert.Equal("line 1", await RefusalAsync("a", 64_000_000, "characters"));
        Assert.Equal("line 1", await RefusalAsync(" ", 64_000_000, "characters"));

        async Task<string> RefusalAsync(string text, int times, string why)
        {
            var path = Path.Combine(folder.FullName, Guid.NewGuid().ToString());
            await using (Stream file = compressed ? new GZipStream(File.Create(path), CompressionLevel.Fastest) : File.Create(path))
            {
                var part = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(text, 100_000)));
                for (var written = 0; written < times; written += part.Length)
                    await file.WriteAsync(part, Cancellation);
            }
            var refused = Assert.Single(await new OrdersFile(path).ReadAsync(Cancellation).ToListAsync(Cancellation));
            Assert.Contains(why, refused.Error, StringComparison.Ordinal);
            return $"line {refused.Number}";
        }
    }

    [Fact]
    public async Task A_file_whose_lines_end_like_those_of_any_system_is_read()
    {
        var path = Path.Combine(folder.FullName, "orders");
        await File.WriteAllTextAsync(path, "{\"key\":\"1\"}\r\n\r\n\n{\"key\":\"2\"}\n{\"cancel\":\"1\"}", Cancellation);
        var lines = await new OrdersFile(path).ReadAsync(Cancellation).ToListAsync(Cancellation);
        Assert.Equal(["1 1 ", "4 2 ", "5  1"], lines.Select(line => $"{line.Number} {line.Key} {line.Cancels}"));
        Assert.Equal("{}", Encoding.UTF8.GetString(lines[0].Body));
    }

    [Fact]
    public async Task An_order_is_found_by_its_own_id_though_another_has_it_as_its_key()
    {
        var client = new ApiClient(http);
        var body = """
            {
              "customerId": "17850", "currency": "GBP", "lines": [{ "sku": "a", "description": "b", "quantity": 1, "unitPrice": 1 }],
              "payment": { "cardToken": "tok_visa" },
              "shipTo": { "name": "Ada", "line1": "34 High Street", "city": "London", "postalCode": "E14 7AA", "country": "GB" }
            }
            """u8.ToArray();
        var (id, _) = await client.PlaceAsync("the first", body, Cancellation);
        var (later, _) = await client.PlaceAsync(id, body, Cancellation);
        Assert.NotEqual(id, later);
        Assert.Equal(id, await client.FindAsync(id, Cancellation));
        Assert.Equal(id, await client.FindAsync("the first", Cancellation));
        Assert.Null(await client.FindAsync("the fir", Cancellation));
        Assert.Null(await client.FindAsync(id[..31], Cancellation));
    }

    [Theory]
    [InlineData("\u001b[2Jgone", @"\u{1B}[2Jgone")]
    [InlineData("Ada\u202e\u200b\u0007", @"Ada\u{202E}\u{200B}\u{7}")]
    [InlineData("燈籠 Zoë 🎁", "燈籠 Zoë 🎁")]
    public void What_is_not_seen_is_shown_as_its_code(string text, string shown) => Assert.Equal(shown, Characters.Visible(text));

    static void Add(HttpRequestMessage request, string headers)
    {
        foreach (var header in headers.Split("; ").Select(header => header.Split(": ")))
            request.Headers.TryAddWithoutValidation(header[0], header[1]);
    }

    async Task<int> StatusAsync(HttpRequestMessage request)
    {
        using var answer = await http.SendAsync(request, Cancellation);
        return (int)answer.StatusCode;
    }
}
