using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderFunctions.Saga;

/// <param name="Attempt">From 1: deliveries, then replays.</param>
/// <param name="Status">The HTTP status with which the outside answered; null where it did not.</param>
public sealed record FailedAttempt(int Attempt, DateTimeOffset At, int? Status = null)
{
    /// <summary>Fields of a later version: it stays in a stream for as long as its message is parked.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Later { get; set; }
}
