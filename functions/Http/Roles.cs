using Microsoft.AspNetCore.Http;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http;

/// <summary>The app roles of Entra ID. bicep/app-roles.json registers them, and SECURITY.md lists who may call what.</summary>
public static class Roles
{
    /// <summary>A trusted back end: it names the customer and the prices, and follows the orders that it placed.</summary>
    public const string Shop = "Shop";

    /// <summary>A user, for their own orders.</summary>
    public const string Customer = "Customer";

    public const string Warehouse = "Warehouse";
    public const string Operator = "Operator";

    /// <summary>Whether a token of this kind may have the role, whatever the registration allows.</summary>
    /// <param name="ofUser">The token was issued to a signed-in user, not to an application alone.</param>
    /// <param name="isDev">The stage is for trying out: there a person may be a shop.</param>
    public static bool IsFor(string role, bool ofUser, bool isDev) => role switch
    {
        Shop => !ofUser || isDev,
        Customer => ofUser,
        _ => true,
    };

    /// <summary>
    /// Whether the caller may follow and cancel the order: its owner, the shop that placed it, and operators. A host that checks nobody is
    /// open to whoever can reach it.
    /// </summary>
    internal static bool MayFollow(HttpRequest request, OrderStream stream)
    {
        if (Callers.Of(request) is not { } caller)
            return true;
        var user = request.HttpContext.User;
        return user.IsInRole(Operator)
            || (user.IsInRole(Customer) && OrderSummary.Of(stream)?.Owner == new Owner(caller.TenantId, caller.ObjectId))
            || (user.IsInRole(Shop) && IsPlacedBy(caller, stream));
    }

    /// <summary>Whether operators' matters may be shown.</summary>
    internal static bool IsOperator(HttpRequest request) =>
        Callers.Of(request) is null || request.HttpContext.User.IsInRole(Operator);

    /// <summary>Who cancels, for the reason of a cancellation that states none.</summary>
    internal static string Canceller(HttpRequest request, OrderStream stream)
    {
        if (Callers.Of(request) is not { } caller || OrderSummary.Of(stream)?.Owner == new Owner(caller.TenantId, caller.ObjectId))
            return "the customer";
        return request.HttpContext.User.IsInRole(Shop) && IsPlacedBy(caller, stream) ? "the shop" : "an operator";
    }

    static bool IsPlacedBy(Caller caller, OrderStream stream) => stream.Entries
        .Find(entry => entry.Events.Any(recorded => recorded.Event is OrderCreated))?.Caller is { } shop
        && (shop.TenantId, shop.ObjectId) == (caller.TenantId, caller.ObjectId);
}
