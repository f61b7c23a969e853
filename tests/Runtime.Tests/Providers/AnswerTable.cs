using System.Globalization;
using System.Text.Json.Nodes;

namespace OrderFunctions.Providers.Tests;

/// <summary>
/// A random table of one order's answers: how the provider decides, and for the first calls of each kind the status, body and delay in
/// place of its answer, after it has done what was asked, or without.
/// </summary>
sealed class AnswerTable
{
    static readonly int[] Silences = [0, 408, 409, 423, 425, 429, 500, 502, 503];
    static readonly int[] Refusals = [301, 400, 401, 403, 404, 405, 410, 413, 415, 451];
    static readonly string?[] Bodies = [null, "{}", "[]", "null", "<html>busy</html>", "{\"status\":", "\"ok\"", "{\"error\":{\"code\":\"no\"}}"];

    readonly Random random;
    readonly bool isHonest;
    readonly Dictionary<string, Queue<Spoilt>> spoilt = [];

    public AnswerTable(int seed)
    {
        random = new Random(seed);
        Charge = Of("full", "full", "full", "full", "less", "currency", "declined", "pending");
        Refund = Of("succeeded", "succeeded", "pending", "failed");
        PendingEnds = Of("succeeded", "failed");
        LooksPending = random.Next(4);
        HasEmptyRefusal = OneIn(2);
        IsCancelled = OneIn(2);
        TakesCancelled = OneIn(4);
        IsReported = OneIn(2);
        Seed = seed;

        // Only where the answer was lost: what happens at a provider's desk after we know of a charge, we do not hear.
        RefundsByHand = Charge is "full" && OneIn(6);
        foreach (var call in (string[])["charge", "charges", "end charge", "refund", "refunds", "book", "bookings", "cancel booking", "message"])
            spoilt[call] = new(Enumerable.Range(0, OneIn(3) ? random.Next(4) : 0).Select(_ => Spoil(call)));
        if (RefundsByHand)
            spoilt["charge"] = new([new(IsDone: true, new(0))]);
    }

    AnswerTable()
    {
        random = new Random(0);
        isHonest = true;
        (Charge, Refund, PendingEnds) = ("full", "succeeded", "succeeded");
    }

    /// <summary>Every answer tells what was done.</summary>
    public static AnswerTable Honest() => new();

    public int Seed { get; }
    public string Charge { get; }
    public string Refund { get; }
    public string PendingEnds { get; }
    public int LooksPending { get; }
    public bool HasEmptyRefusal { get; }
    public bool IsCancelled { get; }
    public bool TakesCancelled { get; }
    public bool IsReported { get; }
    public bool RefundsByHand { get; }

    public Spoilt? Next(string call) => spoilt.TryGetValue(call, out var queue) && queue.TryDequeue(out var next) ? next : null;

    /// <summary>402 with any body, or another status whose body says that it is the card.</summary>
    public Reply Decline(string body) =>
        OneIn(2) ? new(402, Of(null, "<html>", body)) : new(400, Of("""{"error":{"type":"card_error","code":"stolen_card"}}""", body));

    public JsonObject Booking()
    {
        if (!isHonest && OneIn(5))
            return new() { ["status"] = "refused", ["reason"] = "no route" };
        var booking = new JsonObject { ["status"] = "booked", ["trackingId"] = OneIn(2) ? JsonValue.Create(random.Next()) : JsonValue.Create($"tr-{Seed}") };
        booking["promisedBy"] = Of<JsonNode?>(
            "2026-03-01T12:05:00Z", "2026-03-01 12:05:00", JsonValue.Create(new DateTimeOffset(2026, 3, 1, 12, 5, 0, TimeSpan.Zero).ToUnixTimeSeconds()));
        return booking;
    }

    /// <summary>A status that says that nothing was done may come after all the same; one that says what was done never comes without it.</summary>
    Spoilt Spoil(string call)
    {
        var body = Of(Bodies);
        var isLate = OneIn(40);
        if (OneIn(3))
            return new(IsDone: true, new(200, IsReadOnly(call) ? Of("<html>", null, "{\"a\":") : body is "\"ok\"" or "[]" ? null : body, isLate));
        var status = OneIn(2) ? Of(Silences) : Of(Refusals);

        // To a cancellation a conflict is an answer: it is too late.
        if (status is 409 && call is "cancel booking" or "end charge")
            status = 503;
        return new(IsDone: OneIn(2), new(status, body, isLate));
    }

    static bool IsReadOnly(string call) => call is "charges" or "refunds" or "bookings";

    bool OneIn(int n) => random.Next(n) == 0;

    T Of<T>(params T[] all) => all[random.Next(all.Length)];

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"table {Seed}: charge {Charge}, refund {Refund}, pending ends {PendingEnds}, cancelled {IsCancelled}, reported {IsReported}, by hand {RefundsByHand}");
}

/// <param name="IsDone">Whether the provider does what was asked before it answers so.</param>
/// <param name="Reply">In place of its answer.</param>
sealed record Spoilt(bool IsDone, Reply? Reply);
