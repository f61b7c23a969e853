using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Http;

/// <summary>A message that an operator deals with by hand: discards it, or settles the step that it asks for.</summary>
/// <param name="By">Who asks: by the token, or as the request says.</param>
/// <param name="Strand">It is discarded even if the order can never become final without it.</param>
sealed record NamedMessage(string OrderId, string Participant, string MessageId, string Reason, string By, bool Strand)
{
    static readonly FrozenSet<string> UndoingSteps = typeof(OrderEvent).Assembly.GetTypes()
        .Where(type => type.IsAssignableTo(typeof(ICallsOff)) && !type.IsAbstract && !type.IsInterface)
        .Select(type => type.Name).ToFrozenSet(StringComparer.Ordinal);

    /// <exception cref="ProblemException">400.</exception>
    public static async Task<NamedMessage> ReadAsync(HttpRequest request, bool mayStrand)
    {
        using var body = await JsonBody.ReadAsync(request, Limits.BodyBytesMax);
        var errors = new ValidationErrors();
        string[] names = ["orderId", "participant", "messageId", "reason", "by"];
        var fields = Field.Root(body, errors, mayStrand ? [.. names, "strand"] : names);
        var message = new NamedMessage(
            fields["orderId"].Text(32, Rules.OrderId),
            fields["participant"].Text(Limits.NameLength, Rules.Participant),
            fields["messageId"].Text(Limits.MessageIdLength),
            fields["reason"].Text(Limits.ReasonLength),
            Callers.Name(request, fields["by"].OptionalText(Limits.NameLength)),
            fields["strand"].Flag());
        errors.ThrowIfAny();
        return message;
    }

    /// <summary>
    /// Whether it asks the participant to undo a step. Its sender and its hearer tell: they share no other kind of message.
    /// </summary>
    public bool IsUndoing =>
        Topology.Current.Subscriptions.FirstOrDefault(s => s.Name == Kernel.MessageId.SenderOf(MessageId)) is { } sender
        && sender.Says.Intersect(Topology.Current[Participant].Hears).Any(UndoingSteps.Contains);

    /// <summary>What Orders must hear of to conclude an order.</summary>
    static readonly FrozenSet<string> Endings = new[]
    {
        nameof(OrderShipped), nameof(InventoryReservationFailed), nameof(PaymentFailed), nameof(ShippingFailed), nameof(InventoryRestocked),
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether it is parked at Orders and tells how the order ended.</summary>
    /// <param name="orders">Orders' stream.</param>
    public bool EndsOrder(Kernel.OrderStream orders) =>
        Participant is Participants.Orders && orders.Parked.Exists(parked => parked.Id == MessageId && Endings.Contains(parked.Type));

    public string RequestId(PublicEvent control, string number) =>
        Kernel.MessageId.OfRequest(OrderId, $"{control.GetType().Name}/{Participant}/{number}");
}
