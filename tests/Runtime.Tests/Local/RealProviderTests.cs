using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Contracts;
using OrderFunctions.Local.Storage;
using OrderFunctions.Providers.Tests;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Tests;

/// <summary>The local host with providers that are called over HTTP.</summary>
public sealed class RealProviderTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_order_over_HTTP_is_charged_and_shipped_by_the_providers_that_the_settings_name()
    {
        await using var provider = new LedgerProvider(_ => AnswerTable.Honest());
        await provider.StartAsync();
        var settings = new Dictionary<string, string?> { ["Carrier:WebhookSecret"] = "shared" };
        foreach (var section in (string[])["CardProvider", "Carrier", "Notifier"])
        {
            settings[$"{section}:Mode"] = "http";
            settings[$"{section}:BaseAddress"] = provider.Address.ToString();
            settings[$"{section}:ApiKey"] = "key";
        }
        await using var host = await LocalHost.StartAsync(Database.InMemory, 0, settings);
        using var http = new HttpClient { BaseAddress = host.Address };
        await host.Saga.Stock.SetReceivedAsync("main", "mug", 10, Cancellation);

        var placed = await http.PostAsJsonAsync("api/orders", new
        {
            customerId = "17850",
            currency = "GBP",
            payment = new { cardToken = "tok" },
            lines = new[] { new { sku = "mug", description = "MUG", quantity = 1, unitPrice = 20.34m } },
            shipTo = new { name = "Ada", line1 = "1 Street", city = "London", postalCode = "E1 1AA", country = "GB" },
        }, Cancellation);
        Assert.True(placed.IsSuccessStatusCode, await placed.Content.ReadAsStringAsync(Cancellation));
        var id = (string)JsonNode.Parse(await placed.Content.ReadAsStringAsync(Cancellation))!["id"]!;

        // The promised time is past and no report ever comes: Shipping asks, and finds the parcel picked up.
        var status = "";
        for (var wait = 0; status is not "Completed" && wait < 3_000; wait++)
        {
            await Task.Delay(10, Cancellation);
            lock (provider[id])
                provider[id].PickUp();
            status = (string)(await http.GetFromJsonAsync<JsonObject>($"api/orders/{id}", Cancellation))!["status"]!;
        }
        Assert.Equal(("Completed", 20.34m, true), (status, provider[id].Captured, provider[id].HasLeft));
    }

    [Fact]
    public async Task A_wrong_setting_is_named_at_the_start() => Assert.Contains(
        "CardProvider__Mode",
        (await Assert.ThrowsAsync<InvalidOperationException>(() =>
            LocalHost.StartAsync(Database.InMemory, 0, new Dictionary<string, string?> { ["CardProvider:Mode"] = "htpp" }))).Message,
        StringComparison.Ordinal);

    [Fact]
    public async Task A_card_is_charged_only_once_what_led_to_it_is_on_disk()
    {
        var folder = Directory.CreateTempSubdirectory("orderfunctions-");
        var path = Path.Combine(folder.FullName, "saga.db");
        var cards = new Witness(path);
        await using (var saga = new LocalSaga(path, new(), TimeProvider.System, NullLoggerFactory.Instance, new(cards)))
        {
            await saga.Stock.SetReceivedAsync("main", "mug", 100, Cancellation);
            await saga.StartAsync();
            for (var order = 0; order < 20; order++)
            {
                await saga[Participants.Orders].RequestAsync($"o-{order}", "place", new PlaceOrder(
                    "17850", "GBP", [new("mug", "MUG", 1, 2)], "tok", Samples.Address, "main"), Cancellation);
            }
            for (var wait = 0; cards.Entries.Count < 20 && wait < 3_000; wait++)
                await Task.Delay(10, Cancellation);
        }
        folder.Delete(recursive: true);

        // The entry of Orders and the one of Inventory, whose message this is.
        Assert.Equal(20, cards.Entries.Count);
        Assert.All(cards.Entries, entries => Assert.InRange(entries, 2, int.MaxValue));
    }

    /// <summary>A card provider that looks, when it is called, at what another process would find in the file.</summary>
    sealed class Witness(string path) : ICardProvider
    {
        public System.Collections.Concurrent.ConcurrentBag<int> Entries { get; } = [];

        public async Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation)
        {
            await using var connection = new SqliteConnection($"Data Source={path};Pooling=False;Mode=ReadOnly");
            await connection.OpenAsync(cancellation);
            await using var command = connection.CreateCommand();
            command.CommandText =
                "SELECT count(DISTINCT place >> 16 & 15) FROM entry JOIN order_number ON number = place >> 20 WHERE order_id = $order";
            command.Parameters.AddWithValue("$order", orderId);
            Entries.Add(Convert.ToInt32(await command.ExecuteScalarAsync(cancellation), System.Globalization.CultureInfo.InvariantCulture));
            return new CardCharged("ch-1", amount);
        }

        public Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation) => Task.FromResult<Answer?>(null);

        public Task<Answer?> EndChargeAsync(string key, string orderId, CancellationToken cancellation) => Task.FromResult<Answer?>(null);

        public Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<CardRefunded?> FindRefundAsync(string orderId, string chargeId, Money amount, CancellationToken cancellation) =>
            throw new NotSupportedException();
    }
}
