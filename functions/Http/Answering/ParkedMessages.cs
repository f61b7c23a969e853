using System.Text.Json;
using System.Text.Json.Nodes;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>
/// The messages that block an order, one per participant where it is parked. The body is included where Orders sent the message, and in the
/// local host, which can read every queue; else only the queue is named.
/// </summary>
static class ParkedMessages
{
    /// <param name="deadLetter">As in <see cref="OperationsApi"/>.</param>
    public static ParkedOrderBody Of(OrderStream stream, Func<string, string, DeadLetter?>? deadLetter) => new(
        stream.OrderId,
        [
            .. from place in OrderSummary.Of(stream)?.ParkedNow ?? []
               select Of(stream, place.Key, place.Value, deadLetter),
        ]);

    static ParkedMessageBody Of(OrderStream stream, string participant, ParkedAt report, Func<string, string, DeadLetter?>? deadLetter)
    {
        var id = report.MessageId ?? "";
        var said = stream.Entries.SelectMany(entry => entry.Events).FirstOrDefault(recorded => recorded.Id == id)?.Event;
        var dead = said is null ? deadLetter?.Invoke(participant, id) : null;
        var heard = stream.Entries.Find(entry => entry.On == id);
        return new(
            participant, report.Since!.Value, report.MessageId, report.Reason, report.Description, report.Failed,
            $"{Topology.Current.Topic}/subscriptions/{participant}/$deadletterqueue",
            said?.GetType().Name ?? dead?.Type ?? heard?.Type,
            said is not null ? MessageSources.Orders : dead is not null ? MessageSources.Queue : null,
            said is not null ? Concealed(EventJson.Encode(said)) : dead is not null ? Concealed(dead.Body.Span) : null);
    }

    /// <summary>A body that is not a JSON object cannot be searched for secrets, so only its length is shown.</summary>
    static JsonObject Concealed(ReadOnlySpan<byte> body)
    {
        try
        {
            if (JsonNode.Parse(body) is JsonObject message)
            {
                Secrets.Conceal(message);
                return message;
            }
        }
        catch (JsonException)
        {
            // Answered below.
        }
        return new() { ["unreadable"] = $"{body.Length} bytes that are not a JSON object" };
    }
}
