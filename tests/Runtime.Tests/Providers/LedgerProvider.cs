using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrderFunctions.Providers.Tests;

/// <summary>
/// A card provider, a carrier and a notifier over HTTP, in one, as functions/PROVIDERS.md describes them. It keeps a ledger of what it really
/// did; what it answers is spoilt by each order's <see cref="AnswerTable"/>.
/// </summary>
sealed class LedgerProvider : IAsyncDisposable
{
    /// <summary>Longer than a test's client waits.</summary>
    public static readonly TimeSpan Late = TimeSpan.FromSeconds(2.5);

    readonly WebApplication app;
    readonly ConcurrentDictionary<string, Ledger> ledgers = new(StringComparer.Ordinal);
    readonly Func<string, AnswerTable> tableOf;

    public LedgerProvider(Func<string, AnswerTable> tableOf)
    {
        this.tableOf = tableOf;
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        app = builder.Build();
        app.MapPost("charges", (HttpContext http) => ServeAsync(http, "charge", (ledger, key, body) => ledger.Charge(key, body)));
        app.MapGet("charges", (HttpContext http) => ServeAsync(http, "charges", (ledger, _, _) => ledger.Charges()));
        app.MapPost("charges/{id}/cancel", (HttpContext http, string id) =>
            ServeAsync(http, "end charge", (ledger, _, _) => ledger.EndCharge(id)));
        app.MapPost("refunds", (HttpContext http) => ServeAsync(http, "refund", (ledger, key, body) => ledger.Refund(key, body)));
        app.MapGet("refunds", (HttpContext http) => ServeAsync(http, "refunds", (ledger, _, _) => ledger.Refunds()));
        app.MapPost("bookings", (HttpContext http) => ServeAsync(http, "book", (ledger, key, _) => ledger.Book(key)));
        app.MapGet("bookings", (HttpContext http) => ServeAsync(http, "bookings", (ledger, _, _) => ledger.Bookings()));
        app.MapPost("bookings/{id}/cancel", (HttpContext http) =>
            ServeAsync(http, "cancel booking", (ledger, _, _) => ledger.CancelBooking()));
        app.MapPost("messages", (HttpContext http) => ServeAsync(http, "message", (_, _, _) => new(204)));
    }

    public Uri Address => new(app.Urls.First() + "/");

    public int Calls;

    public Ledger this[string orderId] => ledgers.GetOrAdd(orderId, id => new(tableOf(id)));

    public Task StartAsync() => app.StartAsync();

    public ValueTask DisposeAsync() => app.DisposeAsync();

    async Task ServeAsync(HttpContext http, string call, Func<Ledger, string, JsonObject, Reply> act)
    {
        Interlocked.Increment(ref Calls);
        var body = http.Request.Method == "POST" ? (await JsonNode.ParseAsync(http.Request.Body))!.AsObject() : [];
        var ledger = this[(string?)body["reference"] ?? http.Request.Query["reference"]!];
        var key = http.Request.Headers["Idempotency-Key"].ToString();
        Reply reply;
        lock (ledger)
        {
            reply = ledger.Table.Next(call) switch
            {
                // No provider says that it has done what it refuses.
                { IsDone: true, Reply: { } instead } => act(ledger, key, body) is { Status: >= 300 } refused && instead.Status is >= 200 and < 300
                    ? refused
                    : instead,
                { Reply: { } instead } => instead,
                _ => act(ledger, key, body),
            };
        }
        if (reply.IsLate)
            await Task.Delay(Late, CancellationToken.None);
        if (reply.Status == 0)
        {
            http.Abort();
            return;
        }
        http.Response.StatusCode = reply.Status;
        if (reply.Status == 204 || reply.Body is null)
            return;
        http.Response.ContentType = reply.Body.StartsWith('<') ? "text/html" : "application/json";
        await http.Response.WriteAsync(reply.Body);
    }
}

/// <param name="Status">0 for a connection that is cut.</param>
sealed record Reply(int Status, string? Body = null, bool IsLate = false);

/// <summary>What a provider really did for one order.</summary>
sealed class Ledger(AnswerTable table)
{
    readonly Dictionary<string, JsonObject> byKey = [];
    readonly List<JsonObject> charges = [];
    readonly List<JsonObject> refunds = [];
    JsonObject? booking;
    int looks;

    public AnswerTable Table => table;

    public bool HasLeft { get; private set; }

    public string? TrackingId => booking?["trackingId"]?.ToString();

    public decimal Captured => Sum(charges);

    public decimal Refunded => Sum(refunds);

    public int Captures => charges.Count(Succeeded);

    public bool HasFailedRefund => refunds.Exists(refund => (string?)refund["status"] is "failed");

    /// <summary>Somebody gives the money back in the provider's own user interface.</summary>
    public void RefundByHand()
    {
        if (Captured > Refunded)
            refunds.Add(new() { ["id"] = $"re-hand-{refunds.Count}", ["status"] = "succeeded", ["amount"] = Captured - Refunded });
    }

    /// <summary>The driver comes. False where there is nothing to take, unless he takes what is cancelled.</summary>
    public bool PickUp()
    {
        var status = (string?)booking?["status"];
        if (status is null or "picked-up" or "refused" || (status is "cancelled" && !table.TakesCancelled))
            return false;
        booking!["status"] = "picked-up";
        return HasLeft = true;
    }

    public Reply Charge(string key, JsonObject body)
    {
        if (!byKey.TryGetValue(key, out var charge))
        {
            var amount = table.Charge is "less" ? 1 : body["amount"]!.GetValue<decimal>();
            charge = byKey[key] = new()
            {
                ["id"] = $"ch-{charges.Count + 1}",
                ["status"] = table.Charge switch { "declined" => "declined", "pending" => "requires_action", _ => "succeeded" },
                ["amount"] = amount,
                ["currency"] = table.Charge is "currency" ? "usd" : (string?)body["currency"],
                ["reason"] = table.Charge is "declined" ? "stolen_card" : null,
            };
            charges.Add(charge);
        }
        return (string?)charge["status"] is "declined" ? table.Decline(charge.ToJsonString()) : new(201, charge.ToJsonString());
    }

    public Reply Charges()
    {
        // A pending charge is decided while it is looked at.
        if (charges is [var charge] && (string?)charge["status"] is "requires_action" && ++looks > table.LooksPending)
            charge["status"] = table.PendingEnds;
        if (table.RefundsByHand && charges is [var taken] && (string?)taken["status"] is "succeeded")
            taken["status"] = "refunded";
        return new(200, new JsonArray([.. charges.Select(one => one.DeepClone())]).ToJsonString());
    }

    public Reply EndCharge(string id)
    {
        var charge = charges.Find(one => (string?)one["id"] == id)!;
        if ((string?)charge["status"] is not "requires_action")
            return new(409);
        charge["status"] = "canceled";
        return new(200);
    }

    public Reply Refund(string key, JsonObject body)
    {
        if (!byKey.TryGetValue(key, out var refund))
        {
            if (body["amount"]!.GetValue<decimal>() > Captured - Refunded)
                return new(400, """{"error":{"code":"charge_already_refunded"}}""");
            refund = byKey[key] = new()
            {
                ["id"] = $"re-{refunds.Count + 1}", ["status"] = table.Refund, ["amount"] = body["amount"]!.GetValue<decimal>(),
                ["charge"] = (string?)body["charge"],
            };
            refunds.Add(refund);
        }
        return new(201, refund.ToJsonString());
    }

    public Reply Refunds()
    {
        if (refunds is [var refund] && (string?)refund["status"] is "pending" && ++looks > table.LooksPending)
            refund["status"] = table.PendingEnds is "succeeded" ? "succeeded" : "failed";
        return new(200, new JsonArray([.. refunds.Select(one => one.DeepClone())]).ToJsonString());
    }

    public Reply Book(string key)
    {
        if (!byKey.TryGetValue(key, out var found))
        {
            found = byKey[key] = table.Booking();
            booking = found;
        }
        return (string?)found["status"] is "refused" ? new(422, table.HasEmptyRefusal ? null : found.ToJsonString()) : new(201, found.ToJsonString());
    }

    public Reply Bookings() => new(200, booking is null ? "[]" : new JsonArray(booking.DeepClone()).ToJsonString());

    public Reply CancelBooking()
    {
        if (booking is null)
            return new(404);
        if (HasLeft)
            return new(409);
        booking["status"] = "cancelled";
        return new(204);
    }

    static bool Succeeded(JsonObject one) => (string?)one["status"] is "succeeded" or "refunded";

    decimal Sum(List<JsonObject> entries)
    {
        var sum = entries.Where(Succeeded).Sum(one => one["amount"]!.GetValue<decimal>());
        return entries == refunds && charges.Exists(one => (string?)one["status"] is "refunded") ? Sum(charges) : sum;
    }
}
