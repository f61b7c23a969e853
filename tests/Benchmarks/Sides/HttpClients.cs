using System.Net.Http.Json;
using System.Text.Json.Serialization;
using OrderFunctions.Http;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>
/// A contender that receives its orders over HTTP. On both sides the client runs in the same process and uses part of its CPU time.
/// </summary>
sealed class HttpClients(IContender served, Uri address) : IContender
{
    const int ConnectionsMax = 32;

    readonly HttpClient http = new(new SocketsHttpHandler { MaxConnectionsPerServer = ConnectionsMax, UseProxy = false }) { BaseAddress = address };

    public Finals Finals => served.Finals;

    public Task PlaceAsync(Guid id, PlaceOrder order) => PostedOrder.PlaceAsync(http, order);

    public Task SettledAsync() => served.SettledAsync();

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await served.DisposeAsync();
    }
}

/// <summary>The body of <c>POST /api/orders</c>.</summary>
sealed record PostedOrder(string CustomerId, string Currency, IReadOnlyList<OrderLine> Lines, PostedPayment Payment, Address ShipTo)
{
    public static PostedOrder Of(PlaceOrder order) => new(order.CustomerId, order.Currency, order.Lines, new(order.CardToken), order.ShipTo);

    /// <summary>Returns the id of the order.</summary>
    public static async Task<string> PlaceAsync(HttpClient http, PlaceOrder order)
    {
        using var answer = await http.PostAsJsonAsync(Paths.Orders, Of(order));
        if (!answer.IsSuccessStatusCode)
            throw new HttpRequestException($"An order was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        return answer.Headers.Location!.ToString().Split('/')[^1];
    }

    [JsonIgnore]
    public PlaceOrder Order => new(CustomerId, Currency, Lines, Payment.CardToken, ShipTo, Workload.Warehouse);
}

sealed record PostedPayment(string CardToken);
