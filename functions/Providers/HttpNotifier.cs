using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Providers;

/// <summary>A service that writes to customers: <c>POST messages</c>, carried out once per idempotency key.</summary>
public sealed class HttpNotifier(HttpClient http) : INotifier
{
    readonly ProviderApi api = new(http, "notifier");

    public async Task<Notified> NotifyAsync(string key, string orderId, Notify notice, CancellationToken cancellation)
    {
        await api.AskAsync<Accepted>(
            HttpMethod.Post, "messages", key,
            new { reference = orderId, template = notice.Notice, customerId = notice.CustomerId, detail = notice.Detail }, cancellation);
        return new();
    }

    sealed record Accepted(string? Id);
}
