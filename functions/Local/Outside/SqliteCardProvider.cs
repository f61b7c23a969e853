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
    public static readonly TimeSpan KeyMemory = TimeSpan.FromHours(24);

    public async Task<Answer> ChargeAsync(string key, string orderId, Money amount, string cardToken, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var behaviour = SimulatedOutside.OfCard(cardToken);
        if (behaviour is CardBehaviour.IsDown && await database.RunAsync(IsOut))
            throw new TransientException("The card provider is unavailable.");
        if (behaviour is not CardBehaviour.LosesAnswers)
            return (await database.RunAsync(connection => Charge(connection, key, orderId, amount, cardToken, now))).Answer;

        // The charge is durable, and then its answer is lost: the worst that a provider can do.
        var (answer, answers) = await database.CommitAsync(connection => Charge(connection, key, orderId, amount, cardToken, now));
        return answers > SimulatedOutside.AnswersLost ? answer : throw new TransientException("The card provider did not answer in time.");
    }

    public Task<Answer?> FindChargeAsync(string orderId, CancellationToken cancellation) => database.RunAsync(connection =>
        database.Numbers.Find(connection, orderId) is { } number
            ? connection.Sql("SELECT id, declined, amount, currency FROM card_charge WHERE number = ? ORDER BY id LIMIT 1")
                .Bind(number).First(ChargeAnswer)
            : null);

    /// <summary>No charge is ever pending here.</summary>
    public Task<Answer?> EndChargeAsync(string key, string orderId, CancellationToken cancellation) =>
        FindChargeAsync(orderId, cancellation);

    public Task<CardRefunded> RefundAsync(string key, string orderId, string chargeId, Money amount, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return database.RunAsync(connection =>
        {
            var number = database.Numbers.FindOrGive(connection, orderId);
            return connection.Sql("SELECT id FROM card_refund WHERE number = ? AND key = ? AND at > ?")
                    .Bind(number).Bind(key).Bind((now - KeyMemory).UtcTicks).First(RefundAnswer)
                ?? RefundAnswer(connection
                    .Sql("INSERT INTO card_refund (number, key, at, charge_id, amount, currency) VALUES (?, ?, ?, ?, ?, ?)")
                    .Bind(number).Bind(key).Bind(now.UtcTicks).Bind(chargeId).Bind(Text(amount.Amount)).Bind(amount.Currency).Insert());
        });
    }

    public Task<CardRefunded?> FindRefundAsync(string orderId, string chargeId, Money amount, CancellationToken cancellation) =>
        database.RunAsync(connection => database.Numbers.Find(connection, orderId) is { } number
            ? connection.Sql("SELECT id FROM card_refund WHERE number = ? ORDER BY id LIMIT 1").Bind(number).First(RefundAnswer)
            : null);

    /// <summary>Begins or ends the outage, and keeps that in the file. At first there is one.</summary>
    public Task SetOutageAsync(bool isOut) => database.CommitAsync(connection =>
        connection.Sql("INSERT INTO setting (name, value) VALUES ('card_outage', ?) ON CONFLICT DO UPDATE SET value = excluded.value")
            .Bind(isOut ? "on" : "off").Run(), unlessDiskFails: true);

    public Task<bool> IsOutAsync() => database.ReadAsync(IsOut);

    static bool IsOut(Connection connection) =>
        connection.Sql("SELECT value FROM setting WHERE name = 'card_outage'").First(row => row.Text(0)) is not "off";

    (Answer Answer, int Answers) Charge(Connection connection, string key, string orderId, Money amount, string token, DateTimeOffset now)
    {
        var number = database.Numbers.FindOrGive(connection, orderId);
        var known = connection
            .Sql("SELECT id, declined, amount, currency, answers FROM card_charge WHERE number = ? AND key = ? AND at > ?")
            .Bind(number).Bind(key).Bind((now - KeyMemory).UtcTicks)
            .First(row => new { Id = row.Long(0), Answer = ChargeAnswer(row), Answers = (int)row.Long(4) + 1 });
        if (known is not null)
        {
            connection.Sql("UPDATE card_charge SET answers = ? WHERE id = ?").Bind(known.Answers).Bind(known.Id).Run();
            return (known.Answer, known.Answers);
        }
        var reason = SimulatedOutside.OfCard(token) is CardBehaviour.Declines ? SimulatedOutside.DeclinedReason : null;
        var id = connection
            .Sql("""
                INSERT INTO card_charge (number, key, at, token, amount, currency, declined, answers) VALUES (?, ?, ?, ?, ?, ?, ?, 1)
                """)
            .Bind(number).Bind(key).Bind(now.UtcTicks).Bind(token).Bind(Text(amount.Amount)).Bind(amount.Currency).Bind(reason).Insert();
        return (ChargeAnswer(id, reason, amount), 1);
    }

    static Answer ChargeAnswer(Statement row) =>
        ChargeAnswer(row.Long(0), row.TextOrNull(1), new(decimal.Parse(row.Text(2), CultureInfo.InvariantCulture), row.Text(3)));

    static Answer ChargeAnswer(long id, string? declined, Money amount) =>
        declined is null ? new CardCharged($"ch_{id}", amount) : new CardDeclined(declined);

    static CardRefunded RefundAnswer(Statement row) => RefundAnswer(row.Long(0));

    static CardRefunded RefundAnswer(long id) => new($"re_{id}");

    /// <summary>As text: SQLite knows no decimals.</summary>
    static string Text(decimal amount) => amount.ToString(CultureInfo.InvariantCulture);
}
