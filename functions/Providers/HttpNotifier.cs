using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Providers;

/// <summary>A service that writes to customers: <c>POST messages</c>, carried out once per idempotency key. Any 2xx will do.</summary>
public sealed class HttpNotifier(HttpClient http) : INotifier
{
    readonly ProviderApi api = new(http, "notifier");

    public async Task<Notified> NotifyAsync(string key, string orderId, Notify notice, CancellationToken cancellation)
    {
        var answer = await api.AskAsync(
            HttpMethod.Post, "messages", key,
            new { reference = orderId, template = notice.Notice, customerId = notice.CustomerId, detail = notice.Detail }, cancellation);
        return answer.IsSuccess ? new() : throw answer.Unusable();
    }
}
