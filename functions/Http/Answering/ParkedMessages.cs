using System.Text.Json;
using System.Text.Json.Nodes;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>
/// The messages at which an order's lines stop. The message itself is there where Orders said it, or where the bus is at hand as in the local host; else
/// it is told where it lies.
/// </summary>
static class ParkedMessages
{
    /// <param name="deadLetter">Gives a participant's dead letter by its id; null where the bus is another service's to read.</param>
    public static ParkedOrderBody Of(OrderStream stream, Func<string, string, DeadLetter?>? deadLetter) => new(
        stream.OrderId,
        [
            .. from place in OrderSummary.Of(stream)?.ParkedNow ?? []
               select Of(stream, place.Key, place.Value, deadLetter),
        ]);

    static ParkedMessageBody Of(OrderStream stream, string participant, ParkedAt word, Func<string, string, DeadLetter?>? deadLetter)
    {
        var id = word.MessageId ?? "";
        var said = stream.Entries.SelectMany(entry => entry.Events).FirstOrDefault(recorded => recorded.Id == id)?.Event;
        var dead = said is null ? deadLetter?.Invoke(participant, id) : null;
        var heard = stream.Entries.Find(entry => entry.On == id);
        return new(
            participant, word.Since!.Value, word.MessageId, word.Reason, word.Description,
            $"{Topology.Current.Topic}/subscriptions/{participant}/$deadletterqueue",
            said?.GetType().Name ?? dead?.Type ?? heard?.Type,
            said is not null ? MessageSources.Orders : dead is not null ? MessageSources.Queue : null,
            said is not null ? Concealed(EventJson.Encode(said)) : dead is not null ? Concealed(dead.Body.Span) : null);
    }

    /// <summary>What is no JSON object cannot be searched for secrets, so only its length is told.</summary>
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
            // Told below.
        }
        return new() { ["unreadable"] = $"{body.Length} bytes that are no JSON object" };
    }
}
