using OrderFunctions.Runtime;

namespace OrderFunctions.Providers;

/// <summary>What a customer is told of a refusal. A card that is stolen, or suspected, is declined like any other.</summary>
static class PublicReason
{
    public static string OfCard(string? reason) => reason?.ToLowerInvariant().Replace('_', ' ') switch
    {
        "insufficient funds" or "no funds" => "insufficient funds",
        "expired card" or "card expired" => "card expired",
        _ => SimulatedOutside.DeclinedReason,
    };

    public static string OfBooking(string? reason) => reason?.ToLowerInvariant().Replace('_', ' ') switch
    {
        "no route" or "out of area" or "address not served" => SimulatedOutside.RefusedReason,
        _ => "the carrier refused the parcel",
    };
}
