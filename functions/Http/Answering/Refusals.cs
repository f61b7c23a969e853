using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>Requests that are refused for who sent them. Each is counted and logged: many are an attack, or a wrong deployment.</summary>
public static partial class Refusals
{
    /// <param name="route">The name of the route, or of the function that has none.</param>
    /// <param name="why">For the log only; nothing in it may be unchecked text of the request.</param>
    public static void Note(HttpContext context, string route, int status, string why)
    {
        Telemetry.RequestsRefused.Add(1, new("route", route), new("status", status.ToString(CultureInfo.InvariantCulture)));
        LogRefused(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Refusals)), route, status, why);
    }

    [LoggerMessage(LogLevel.Warning, "{Route} refused a request with {Status}: {Why}")]
    static partial void LogRefused(ILogger log, string route, int status, string why);
}
