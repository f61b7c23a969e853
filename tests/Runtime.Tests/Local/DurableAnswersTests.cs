using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OrderFunctions.Kernel;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Tests;

/// <summary>Nothing that a crash could take back is told to anybody: neither by an acknowledgement nor by a read.</summary>
public sealed class DurableAnswersTests : IAsyncLifetime
{
    static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(300);

    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("orderfunctions-");
    readonly Pause disk = new();
    LocalHost host = null!;
    HttpClient http = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        host = await LocalHost.StartAsync(Path.Combine(folder.FullName, "saga.db"), port: 0);
        http = new() { BaseAddress = host.Address };
    }

    public async ValueTask DisposeAsync()
    {
        disk.Set();
        http.Dispose();
        await host.DisposeAsync();
        disk.Dispose();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task What_memory_knows_already_is_told_once_it_is_on_disk()
    {
        var id = await PlaceAsync();
        host.Saga.Database.Enqueue(disk);

        // As far as a request gets without the disk: saved in memory, and seen by every turn.
        var cancelling = host.Saga[Participants.Orders].RequestAsync(
            id, MessageId.OfRequest(id, nameof(CancelOrder)), new CancelOrder("changed my mind"), Cancellation);
        Assert.Contains((await host.Saga[Participants.Orders].LoadAsync(id, Cancellation))!.Entries, entry => entry.Type == nameof(CancelOrder));
        Task[] answers =
        [
            cancelling, CancelAsync(id), GetAsync($"/api/orders/{id}"), GetAsync($"/api/orders/{id}/timeline"), GetAsync("/api/orders"),
            GetAsync("/api/operations/counts"), GetAsync("/api/local/stock"),
        ];
        await Task.WhenAny([.. answers, Task.Delay(Moment, Cancellation)]);
        Assert.DoesNotContain(answers, answer => answer.IsCompleted);

        disk.Set();
        await Task.WhenAll(answers).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
    }

    [Theory, InlineData("POST", 503), InlineData("PUT", 503), InlineData("GET", 200), InlineData("HEAD", 200)]
    public async Task While_the_host_stops_nothing_is_changed_any_more(string method, int status)
    {
        var answers = new DurableAnswers(host.Saga.Database, new CancellationToken(canceled: true));
        var isAnswered = false;
        var result = await answers.OfAsync(new DefaultHttpContext { Request = { Method = method } }.Request, () =>
        {
            isAnswered = true;
            return Task.FromResult(Results.Ok());
        });
        Assert.Equal((status, status == 200), (((IStatusCodeHttpResult)result).StatusCode!.Value, isAnswered));
    }

    async Task<string> PlaceAsync()
    {
        var order = JsonNode.Parse("""
            {
              "customerId": "17850", "currency": "GBP", "lines": [{ "sku": "a", "description": "b", "quantity": 1, "unitPrice": 1 }],
              "payment": { "cardToken": "tok_visa" },
              "shipTo": { "name": "Ada", "line1": "34 High Street", "city": "London", "postalCode": "E14 7AA", "country": "GB" }
            }
            """);
        using var response = await http.PostAsJsonAsync("/api/orders", order, Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!["id"]!.GetValue<string>();
    }

    /// <summary>The order may have become final before: a refusal tells of that, and waits as well.</summary>
    async Task CancelAsync(string id)
    {
        using var response = await http.PostAsJsonAsync($"/api/orders/{id}/cancel", new { reason = "changed my mind" }, Cancellation);
        Assert.True(response.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.Conflict);
    }

    async Task GetAsync(string path)
    {
        using var response = await http.GetAsync(path, Cancellation);
        response.EnsureSuccessStatusCode();
    }
}
