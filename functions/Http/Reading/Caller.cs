using System.Security.Claims;
using Microsoft.AspNetCore.Http;

namespace OrderFunctions.Http;

/// <summary>Who sends a request, by the token that the host has checked. The local host checks none.</summary>
static class Caller
{
    /// <summary>Separates one caller's idempotency keys from another's. Empty where the host checks no tokens.</summary>
    public static string Scope(HttpContext context) => First(context, "oid", "sub", ClaimTypes.NameIdentifier) ?? "";

    /// <summary>The name to record with what an operator did.</summary>
    /// <param name="claimed">The name in the request itself; used only where no token gives one.</param>
    public static string Name(HttpContext context, string? claimed) =>
        First(context, "preferred_username", "name", ClaimTypes.Name, "oid", "sub", ClaimTypes.NameIdentifier) ?? claimed ?? "operator";

    static string? First(HttpContext context, params ReadOnlySpan<string> types)
    {
        foreach (var type in types)
        {
            if (context.User.FindFirst(type)?.Value is { Length: > 0 } value)
                return value;
        }
        return null;
    }
}
