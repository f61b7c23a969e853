using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Orders;

namespace OrderFunctions.Http.Tests;

/// <summary>
/// The API on a real Kestrel, over memory. Every answer to <see cref="Client"/> is compared with openapi.json, and no request may end in an
/// exception.
/// </summary>
public sealed class ApiHost : IAsyncLifetime
{
    const string Secret = "the-carriers-secret";

    readonly WebApplication app;
    readonly LogLines log = new();

    public ApiHost()
    {
        var options = new TurnOptions { RetriesMax = 1, RetryPause = TimeSpan.Zero, ConflictPauseMax = TimeSpan.Zero };
        Orders = new(Participants.Orders, Order.Decider, Intents.Nothing, OrderStreams, Bus, options, Time, OrderSummary.Of);
        Signature = new(Secret, Time);

        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        app = builder.Build();
        app.Use((context, next) =>
        {
            if (context.Request.Headers["Test-User"] is [{ } user])
            {
                Claim[] claims = [new("tid", "tenant"), new("oid", user), new("preferred_username", $"{user}@example.org")];
                context.User = new(new ClaimsIdentity([.. claims, new("roles", Roles.Operator)], "test", "name", "roles"));
            }
            return next();
        });
        var page = new Page();
        app.MapSaga(new(new(Orders, OrderStreams, page), new(Stock), new(Bus, Signature), new(Orders, OrderStreams, Time), page));
    }

    internal MemoryStreams OrderStreams { get; } = new();
    internal MemoryBus Bus { get; } = new();
    internal MemoryStock Stock { get; } = new();
    public FakeTimeProvider Time { get; } = new(new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    public Participant Orders { get; }
    public CarrierSignature Signature { get; }
    internal OpenApiCheck OpenApi { get; } = new();
    public HttpClient Client { get; private set; } = new();
    public IReadOnlyCollection<string> Log => log.Lines;

    /// <summary>Changes so far: what was stored, published or received.</summary>
    public int Effects => OrderStreams.Writes + Bus.Published.Count + Stock.Levels.Count;

    public async ValueTask InitializeAsync()
    {
        await app.StartAsync();
        var address = app.Urls.First();
        OpenApi.InnerHandler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 };
        Client = new(OpenApi) { BaseAddress = new(address) };
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.DisposeAsync();
        Assert.Empty(log.Exceptions);
    }

    public Task<Reply> GetAsync(string path, string? ifNoneMatch = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (ifNoneMatch is not null)
            request.Headers.TryAddWithoutValidation("If-None-Match", ifNoneMatch);
        return SendAsync(request);
    }

    public Task<Reply> PostAsync(string path, string? json = null, string? key = null, string? user = null) =>
        SendAsync(HttpMethod.Post, path, json, key, user);

    public Task<Reply> PutAsync(string path, string json) => SendAsync(HttpMethod.Put, path, json);

    public Task<Reply> SendAsync(HttpMethod method, string path, string? json, string? key = null, string? user = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (json is not null || method == HttpMethod.Post)
            request.Content = new StringContent(json ?? "", Encoding.UTF8, "application/json");
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        if (user is not null)
            request.Headers.Add("Test-User", user);
        return SendAsync(request);
    }

    public async Task<Reply> SendAsync(HttpRequestMessage request)
    {
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return new((int)response.StatusCode, text, text is ['{', ..] ? JsonNode.Parse(text) : null, response.Headers);
    }

    public Task<Reply> CarrierAsync(string json, string? signature = null)
    {
        var content = new StringContent(json, Encoding.UTF8, "application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/carrier-events") { Content = content };
        request.Headers.TryAddWithoutValidation(CarrierSignature.Header, signature ?? Signature.Sign(Encoding.UTF8.GetBytes(json)));
        return SendAsync(request);
    }

    /// <summary>Places an order and returns its id.</summary>
    public async Task<string> PlaceAsync(string? key = null)
    {
        var reply = await PostAsync("/api/orders", OrderJson.Valid().ToJsonString(), key);
        Assert.Equal(202, reply.Status);
        return (string)reply.Json!["id"]!;
    }

    /// <summary>Lets Orders hear what another participant says.</summary>
    public async Task HearAsync(
        string orderId, string participant, int sequence, PublicEvent said, string? cause = null, int deliveries = 1) =>
        await Orders.HandleAsync(
            new($"{orderId}/{participant}/{sequence}", orderId, said.GetType().Name, said, cause, null, Time.GetUtcNow(), deliveries),
            TestContext.Current.CancellationToken);

    sealed class LogLines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();
        public ConcurrentQueue<Exception> Exceptions { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Lines.Enqueue(formatter(state, exception));
            if (logLevel >= LogLevel.Error && exception is not null)
                Exceptions.Enqueue(exception);
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>An answer of the API.</summary>
public sealed record Reply(int Status, string Text, JsonNode? Json, HttpResponseHeaders Headers)
{
    public string? ETag => Headers.ETag?.ToString();

    public string Detail => (string?)Json?["detail"] ?? "";

    public IEnumerable<string> WrongFields => Json?["errors"]?.AsObject().Select(error => error.Key) ?? [];
}

static class OrderJson
{
    public static JsonObject Valid() => JsonNode.Parse("""
        {
          "customerId": "17850",
          "currency": "GBP",
          "lines": [
            { "sku": "85123A", "description": "WHITE HANGING HEART T-LIGHT HOLDER", "quantity": 6, "unitPrice": 2.55 },
            { "sku": "71053", "description": "WHITE METAL LANTERN", "quantity": 2, "unitPrice": 3.5 }
          ],
          "payment": { "cardToken": "tok_visa_secret" },
          "shipTo": { "name": "Ada Bell", "line1": "34 High Street", "city": "London", "postalCode": "E14 7AA", "country": "GB" }
        }
        """)!.AsObject();

    public static JsonObject With(Action<JsonObject> change)
    {
        var order = Valid();
        change(order);
        return order;
    }

    public static JsonObject WithLines(
        IEnumerable<(string Sku, string Description, long Quantity, decimal UnitPrice)> lines) => With(order =>
        order["lines"] = new JsonArray([.. lines.Select(line => new JsonObject
        {
            ["sku"] = line.Sku,
            ["description"] = line.Description,
            ["quantity"] = line.Quantity,
            ["unitPrice"] = line.UnitPrice,
        })]));
}
