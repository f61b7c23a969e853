namespace OrderFunctions.Runtime;

/// <summary>
/// What a card token or a postal code makes the simulated providers do. Both hosts use it, so that an order has the same outcome on
/// Azure and locally. <c>functions/Local/sample/README.md</c> is its table for users.
/// </summary>
public static class SimulatedOutside
{
    public const string DeclinedReason = "card declined";
    public const string RefusedReason = "the carrier does not deliver there";

    /// <summary>How many answers <see cref="CardBehaviour.LosesAnswers"/> loses before one arrives.</summary>
    public const int AnswersLost = 2;

    public static CardBehaviour OfCard(string token) => token switch
    {
        "tok_declined" => CardBehaviour.Declines,
        "tok_flaky" => CardBehaviour.LosesAnswers,
        "tok_down" => CardBehaviour.IsDown,
        _ => CardBehaviour.Charges,
    };

    public static CarrierBehaviour OfPostalCode(string postalCode) => postalCode switch
    {
        "REFUSE" => CarrierBehaviour.Refuses,
        "LATE" => CarrierBehaviour.PicksUpLate,
        "QUIET" => CarrierBehaviour.ReportsLate,
        _ => CarrierBehaviour.PicksUp,
    };
}

public enum CardBehaviour
{
    Charges,
    Declines,

    /// <summary>Charges, but the first answers are lost.</summary>
    LosesAnswers,

    /// <summary>Does not answer.</summary>
    IsDown,
}

public enum CarrierBehaviour
{
    PicksUp,
    Refuses,

    /// <summary>Picks up only after the promised time.</summary>
    PicksUpLate,

    /// <summary>Picks up at once and reports it only later: a cancellation in between comes too late.</summary>
    ReportsLate,
}
