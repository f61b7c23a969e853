using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using OrderFunctions.Kernel;

namespace OrderFunctions.Http;

/// <summary>Who sends a request, by the token that the host has checked. The local host checks none.</summary>
static class Callers
{
    /// <summary>Null where the host checks nobody.</summary>
    public static Caller? Of(HttpRequest request) =>
        request.HttpContext.User is { Identity.IsAuthenticated: true } user
            ? new(Claim(user, "tid") ?? "", Claim(user, "oid") ?? "", Claim(user, "azp"), NameOf(user))
            : null;

    /// <summary>Separates one caller's idempotency keys from another's. Empty where the host checks no tokens.</summary>
    public static string Scope(HttpRequest request) => Of(request)?.ObjectId ?? "";

    /// <summary>The name to record with what an operator did.</summary>
    /// <param name="claimed">The name in the request itself; used only where no token gives one.</param>
    public static string Name(HttpRequest request, string? claimed) =>
        Of(request) is { } caller ? caller.Name ?? caller.ObjectId : claimed ?? "operator";

    /// <summary>Users choose their names, so they are as short and as plain as any other text.</summary>
    static string? NameOf(ClaimsPrincipal user) =>
        (Claim(user, "preferred_username") ?? Claim(user, "name")) is { } name
            ? Characters.Visible(name.Length <= Limits.NameLength ? name : name[..Limits.NameLength])
            : null;

    static string? Claim(ClaimsPrincipal user, string type) => user.FindFirst(type)?.Value is { Length: > 0 } value ? value : null;
}
