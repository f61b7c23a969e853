using System.Globalization;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Outside;

/// <summary>
/// A card provider whose answers follow from the token (<see cref="SimulatedOutside"/>); an operator can end the outage that some tokens
/// meet. It forgets idempotency keys after a day, as real ones do, and then charges a repeated request again. The saga must prevent that,
/// and the audit would find it.
/// </summary>
public sealed class SqliteCardProvider(Database database, TimeProvider time) : ICardProvider
{
    readonly OrderPart<Charges> orders = new(database, OrderParts.Charges, Charges.Read);
    readonly Ids charges = new(database, "SELECT max(id) FROM card_charge");
    readonly Ids refunds = new(database, "SELECT max(id) FROM card_refund");

    public async Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var behaviour = SimulatedOutside.OfCard(cardToken);
        if (behaviour is CardBehaviour.IsDown && await database.RunAsync(IsOut))
            throw new TransientException("The card provider is unavailable.");
        var charge = await orders.DecideAsync(orderId, known => ChargeOnce(known, key, orderId, amount, cardToken, now));
        if (behaviour is not CardBehaviour.LosesAnswers)
            return charge.Answer;

        // The charge is durable, and then its answer is lost: the worst that a provider can do.
        await database.CommittedAsync();
        return charge.Answers > SimulatedOutside.AnswersLost
            ? charge.Answer
            : throw new TransientException("The card provider did not answer in time.");
    }

    public Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation) =>
        orders.DecideAsync(orderId, known => known.All is [var first, ..] ? first.Answer : null);

    /// <summary>No charge is ever pending here.</summary>
    public Task<Answer?> EndChargeAsync(string key, string orderId, CancellationToken cancellation) =>
        FindChargeAsync(orderId, cancellation);

    public Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return orders.DecideAsync(orderId, known =>
        {
            var refund = known.Refunds.Find(refund => refund.Key.Is(key, now));
            if (refund is null)
            {
                refund = new(refunds.Next(), new(key, now));
                database.Enqueue(new RefundInsertion(database.Numbers, orderId, refund, chargeId, amount));
                known.Refunds.Add(refund);
            }
            return refund.Answer;
        });
    }

    public Task<CardRefunded?> FindRefundAsync(string orderId, string chargeId, Money amount, CancellationToken cancellation) =>
        orders.DecideAsync(orderId, known => known.Refunds is [var first, ..] ? first.Answer : null);

    /// <summary>Begins or ends the outage, and keeps that in the file. At first there is one.</summary>
    public Task SetOutageAsync(bool isOut) => database.CommitAsync(connection =>
        connection.Sql("INSERT INTO setting (name, value) VALUES ('card_outage', ?) ON CONFLICT DO UPDATE SET value = excluded.value")
            .Bind(isOut ? "on" : "off").Run(), unlessDiskFails: true);

    public Task<bool> IsOutAsync() => database.ReadAsync(IsOut);

    static bool IsOut(Connection connection) =>
        connection.Sql("SELECT value FROM setting WHERE name = 'card_outage'").First(row => row.Text(0)) is not "off";

    Charge ChargeOnce(Charges known, string key, string orderId, Money amount, string token, DateTimeOffset now)
    {
        if (known.All.Find(charge => charge.Key.Is(key, now)) is { } charge)
        {
            database.Enqueue(new AnsweredAgain(charge.Id, charge.Answers + 1));
            charge.Answers++;
            return charge;
        }
        var reason = SimulatedOutside.OfCard(token) is CardBehaviour.Declines ? SimulatedOutside.DeclinedReason : null;
        charge = new(charges.Next(), new(key, now), amount, reason);
        database.Enqueue(new ChargeInsertion(database.Numbers, orderId, charge, token));
        known.All.Add(charge);
        return charge;
    }

    /// <summary>As text: SQLite knows no decimals.</summary>
    static string Text(decimal amount) => amount.ToString(CultureInfo.InvariantCulture);

    /// <summary>What was asked of the provider for one order, oldest first.</summary>
    sealed class Charges
    {
        public List<Charge> All { get; init; } = new(1);
        public List<Refund> Refunds { get; init; } = [];

        public static Charges Read(Connection connection, long number) => new()
        {
            All = connection.Sql("SELECT id, key, at, amount, currency, declined, answers FROM card_charge WHERE number = ? ORDER BY id")
                .Bind(number)
                .Rows(row => new Charge(
                    row.Long(0), IdempotencyKey.Read(row, 1),
                    new(decimal.Parse(row.Text(3), CultureInfo.InvariantCulture), row.Text(4)), row.TextOrNull(5))
                {
                    Answers = (int)row.Long(6),
                }),
            Refunds = connection.Sql("SELECT id, key, at FROM card_refund WHERE number = ? ORDER BY id").Bind(number)
                .Rows(row => new Refund(row.Long(0), IdempotencyKey.Read(row, 1))),
        };
    }

    sealed record Charge(long Id, IdempotencyKey Key, Money Amount, string? Declined)
    {
        public int Answers { get; set; } = 1;
        public Answer Answer => Declined is null ? new CardCharged($"ch_{Id}", Amount) : new CardDeclined(Declined);
    }

    sealed record Refund(long Id, IdempotencyKey Key)
    {
        public CardRefunded Answer => new($"re_{Id}");
    }

    sealed class ChargeInsertion(OrderNumbers numbers, string orderId, Charge charge, string token) : Write
    {
        public override void Run(Connection connection) => connection
            .Sql("""
                INSERT INTO card_charge (id, number, key, at, token, amount, currency, declined, answers) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)
                """)
            .Bind(charge.Id).Bind(numbers.FindOrGive(connection, orderId)).Bind(charge.Key.Text).Bind(charge.Key.At.UtcTicks).Bind(token)
            .Bind(Text(charge.Amount.Amount)).Bind(charge.Amount.Currency).Bind(charge.Declined).Run();
    }

    sealed class AnsweredAgain(long id, int answers) : Write
    {
        public override void Run(Connection connection) =>
            connection.Sql("UPDATE card_charge SET answers = ? WHERE id = ?").Bind(answers).Bind(id).Run();
    }

    sealed class RefundInsertion(OrderNumbers numbers, string orderId, Refund refund, string chargeId, Money amount) : Write
    {
        public override void Run(Connection connection) => connection
            .Sql("INSERT INTO card_refund (id, number, key, at, charge_id, amount, currency) VALUES (?, ?, ?, ?, ?, ?, ?)")
            .Bind(refund.Id).Bind(numbers.FindOrGive(connection, orderId)).Bind(refund.Key.Text).Bind(refund.Key.At.UtcTicks)
            .Bind(chargeId).Bind(Text(amount.Amount)).Bind(amount.Currency).Run();
    }
}
