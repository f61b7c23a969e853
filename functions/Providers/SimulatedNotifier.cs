using Microsoft.Extensions.Logging;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Providers;

/// <summary>For trying out: writes to the log only.</summary>
public sealed partial class SimulatedNotifier(ILogger<SimulatedNotifier> log) : INotifier
{
    public Task<Notified> NotifyAsync(string key, string orderId, Notify notice, CancellationToken cancellation)
    {
        LogNotice(orderId, notice.Notice);
        return Task.FromResult(new Notified());
    }

    [LoggerMessage(LogLevel.Information, "Order {OrderId}: the customer would be notified of {Notice}.")]
    partial void LogNotice(string orderId, string notice);
}
