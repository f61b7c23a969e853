using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OrderFunctions.Http;

namespace OrderFunctions.Local;

/// <summary>
/// The host is open to this machine, and so to every web page that a browser on it shows. It answers under its own names only, so that no
/// other site's name can be bound to it, and to nothing that a page of another site sends.
/// </summary>
static class OwnBrowserOnly
{
    public static void UseOwnBrowserOnly(this IApplicationBuilder app) => app.Use((context, next) =>
        WhatIsWrong(context.Request) is { } wrong ? Problem.Forbidden(wrong).ExecuteAsync(context) : next(context));

    static string? WhatIsWrong(HttpRequest request)
    {
        if (!IsLoopback(request.Host.Host))
            return "This host is reached as 127.0.0.1 or localhost.";
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var isLink = HttpMethods.IsGet(request.Method) && request.Headers["Sec-Fetch-Mode"] == "navigate";
        var isOwnSite = site is "" or "same-origin" or "none" || isLink;

        // For browsers that do not say where a request comes from.
        var origin = request.Headers.Origin.ToString();
        var isOwnOrigin = origin.Length == 0 || origin == $"{request.Scheme}://{request.Host}";
        return isOwnSite && isOwnOrigin ? null : "A page of another site may not call this host.";
    }

    static bool IsLoopback(string name) => name is "localhost" or "127.0.0.1" or "[::1]";
}
