using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrderFunctions.EndToEnd.Browser;

/// <summary>A card provider over HTTP that charges, leaves a charge of <c>tok_pending</c> undecided, and refuses every refund.</summary>
public sealed class CardProviderStub : IAsyncDisposable
{
    readonly WebApplication app;
    readonly ConcurrentDictionary<string, JsonObject> charges = new();

    CardProviderStub(WebApplication app) => this.app = app;

    public string[] Settings =>
    [
        "--setting", "CardProvider__Mode=http", "--setting", "CardProvider__ApiKey=test", "--setting", $"CardProvider__BaseAddress={Address}/",
    ];

    string Address => app.Urls.First();

    public static async Task<CardProviderStub> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var stub = new CardProviderStub(builder.Build());
        stub.app.MapPost("/charges", async (HttpRequest request) =>
        {
            var asked = (await JsonNode.ParseAsync(request.Body))!;
            var reference = (string)asked["reference"]!;
            return Json(stub.charges.GetOrAdd(reference, _ => new JsonObject
            {
                ["id"] = $"ch-{reference[..8]}", ["amount"] = asked["amount"]!.DeepClone(), ["currency"] = asked["currency"]!.DeepClone(),
                ["status"] = (string?)asked["cardToken"] == "tok_pending" ? "pending" : "succeeded",
            }));
        });
        stub.app.MapGet("/charges", (string reference) =>
            Json(stub.charges.TryGetValue(reference, out var charge) ? new JsonArray(charge.DeepClone()) : new JsonArray()));
        stub.app.MapPost("/refunds", () => Results.Text("""{"reason":"the account is closed"}""", "application/json", statusCode: 400));
        stub.app.MapGet("/refunds", () => Json(new JsonArray()));
        await stub.app.StartAsync();
        return stub;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    static IResult Json(JsonNode body) => Results.Text(body.ToJsonString(), "application/json");
}
