using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using OrderFunctions.Kernel;
using OrderFunctions.Providers;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Apps.Tests.Providers;

/// <summary>What each answer over HTTP means: functions/PROVIDERS.md.</summary>
public sealed class HttpProviderTests : HttpMessageHandler
{
    static readonly Money Total = new(20.34m, "GBP");
    static readonly Address Home = new("Ada", "1 St", "London", "E1", "GB");
    static readonly Notify Notice = new("OrderCompleted", "17850", "tr-1");
    static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    static readonly DateTimeOffset Promised = new(2026, 11, 24, 17, 0, 0, TimeSpan.Zero);

    readonly List<string> asked = [];
    readonly Queue<Func<HttpResponseMessage>> next = [];
    Func<HttpResponseMessage> answer = () => new(HttpStatusCode.OK);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_charge_is_asked_for_under_its_key_and_the_orders_reference()
    {
        Answers(201, """{"id":"ch-9","status":"succeeded","amount":20.34,"currency":"GBP"}""");

        Assert.Equal(new CardCharged("ch-9", Total), await Cards.ChargeAsync("o-1/ChargeCard", "o-1", Total, "tok_visa", Cancellation));

        Assert.Equal(["""POST charges key=o-1/ChargeCard auth=Bearer secret {"reference":"o-1","amount":20.34,"currency":"GBP","cardToken":"tok_visa"}"""], asked);
    }

    [Theory]
    [InlineData(402, """{"status":"declined","reason":"no funds"}""", "insufficient funds", "no funds")]
    [InlineData(402, "", "card declined", null)]
    [InlineData(402, "<html>", "card declined", null)]
    [InlineData(402, """{"status":"declined","reason":"stolen_card"}""", "card declined", "stolen_card")]
    [InlineData(400, """{"error":{"type":"card_error","code":"expired_card"}}""", "card expired", "expired_card")]
    [InlineData(201, """{"id":"ch-9","status":"failed","reason":"lost\u0007_card\u202e"}""", "card declined", "lost_card")]
    public async Task What_blames_the_card_is_a_decline_with_a_reason_for_the_customer(int status, string body, string reason, string? detail)
    {
        Answers(status, body);

        Assert.Equal(new CardDeclined(reason, detail), await ChargeAsync());
    }

    [Theory, InlineData(300_000), InlineData(301)]
    public async Task A_providers_words_are_shortened(int length)
    {
        Answers(402, $$"""{"reason":"{{new string('x', length)}}"}""");

        Assert.Equal(300, ((CardDeclined)await ChargeAsync()).Detail!.Length);
    }

    [Theory]
    [InlineData(400, """{"error":"no such merchant"}"""), InlineData(401, """{"status":"declined"}"""), InlineData(403, """{"status":"declined"}""")]
    [InlineData(404, "<html>"), InlineData(405, ""), InlineData(415, ""), InlineData(422, ""), InlineData(302, "")]
    [InlineData(200, "<html>"), InlineData(200, ""), InlineData(200, "[]"), InlineData(200, """{"id":"ch-1"}""")]
    [InlineData(201, """{"id":"ch-1","status":"succeeded","currency":"GBP"}""")]
    public async Task Any_other_refusal_and_what_cannot_be_read_is_for_somebody_to_mend(int status, string body)
    {
        Answers(status, body);

        var failure = await Assert.ThrowsAsync<ProviderException>(ChargeAsync);

        Assert.Equal((Failure.Unusable, (int?)status), (failure.Failure, failure.Status));
        Assert.StartsWith($"The card provider answered {status} to POST charges: {(body.Length == 0 ? "no body" : body)}", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(408), InlineData(409), InlineData(423), InlineData(425), InlineData(429), InlineData(500), InlineData(502), InlineData(503)]
    public async Task A_busy_provider_leaves_the_outcome_unknown(int status)
    {
        Answers(status, "{}");

        await Assert.ThrowsAsync<TransientException>(ChargeAsync);
    }

    [Fact]
    public async Task A_refund_of_another_charge_refunds_nothing()
    {
        Then(200, """[{"id":"re-1","charge":"ch-8","status":"succeeded","amount":20.34,"currency":"GBP"}]""");
        Then(200, "[]");

        Assert.Null(await FindRefundAsync());
    }

    [Fact]
    public async Task A_time_out_leaves_the_outcome_unknown()
    {
        answer = () => throw new TaskCanceledException();

        await Assert.ThrowsAsync<TransientException>(ChargeAsync);
    }

    [Fact]
    public async Task A_provider_says_how_long_it_wants_to_be_left_alone()
    {
        answer = () => new(HttpStatusCode.TooManyRequests) { Headers = { RetryAfter = new(TimeSpan.FromSeconds(7)) } };

        Assert.Equal(TimeSpan.FromSeconds(7), (await Assert.ThrowsAsync<TransientException>(ChargeAsync)).RetryAfter);
    }

    [Fact]
    public async Task A_broken_connection_leaves_the_outcome_unknown()
    {
        answer = () => throw new HttpRequestException("reset");

        await Assert.ThrowsAsync<TransientException>(ChargeAsync);
    }

    [Theory, InlineData("pending"), InlineData("requires_action"), InlineData("authorized")]
    public async Task A_charge_that_is_not_decided_is_pending(string status)
    {
        Answers(201, $$"""{"id":"ch-9","status":"{{status}}","amount":20.34,"currency":"GBP"}""");

        Assert.Equal(Failure.Pending, (await Assert.ThrowsAsync<ProviderException>(ChargeAsync)).Failure);
    }

    [Theory]
    [InlineData("[]", null)]
    [InlineData("""[{"id":"a","status":"declined"},{"id":"b","status":"succeeded","amount":20.34,"currency":"gbp"}]""", nameof(CardCharged))]
    [InlineData("""[{"id":"a","status":"declined"},{"id":"b","status":"refunded"}]""", nameof(ChargeReturned))]
    [InlineData("""[{"id":"a","status":"canceled"}]""", nameof(CardDeclined))]
    public async Task The_best_charge_under_a_reference_counts_wherever_it_stands(string charges, string? outcome)
    {
        Answers(200, charges);

        Assert.Equal(outcome, (await Cards.FindChargeAsync("o 1", Cancellation))?.GetType().Name);
        Assert.Equal(["GET charges?reference=o%201 key= auth=Bearer secret "], asked);
    }

    [Theory]
    [InlineData("""[{"id":"a","status":"declined"},{"id":"b","status":"pending"}]""", Failure.Pending)]
    [InlineData("""[{"id":"a","status":"refunded"},{"id":"b","status":"pending"}]""", Failure.Pending)]
    [InlineData("""[{"id":"a","status":"succeeded","amount":1,"currency":"GBP"},{"id":"b","status":"succeeded","amount":1,"currency":"GBP"}]""", Failure.Unusable)]
    [InlineData("{}", Failure.Unusable), InlineData("", Failure.Unusable), InlineData("[1]", Failure.Unusable), InlineData("[{}]", Failure.Unusable)]
    public async Task A_look_up_without_an_outcome_permits_nothing(string charges, Failure failure)
    {
        Answers(200, charges);

        Assert.Equal(failure, (await Assert.ThrowsAsync<ProviderException>(() => Cards.FindChargeAsync("o-1", Cancellation))).Failure);
    }

    [Fact]
    public async Task A_pending_charge_is_cancelled_when_its_order_is_called_off()
    {
        Then(200, """[{"id":"ch-9","status":"requires_action"}]""");
        Then(200, "");
        Then(200, """[{"id":"ch-9","status":"canceled"}]""");

        Assert.IsType<CardDeclined>(await Cards.EndChargeAsync("o-1/FindCharge", "o-1", Cancellation));
        Assert.Equal("""POST charges/ch-9/cancel key=o-1/FindCharge/ch-9 auth=Bearer secret {"reference":"o-1"}""", asked[1]);
    }

    [Fact]
    public async Task A_pending_charge_that_succeeds_before_it_is_cancelled_is_charged()
    {
        Then(200, """[{"id":"ch-9","status":"requires_action"}]""");
        Then(409, "");
        Then(200, """[{"id":"ch-9","status":"succeeded","amount":20.34,"currency":"GBP"}]""");

        Assert.Equal(new CardCharged("ch-9", Total), await Cards.EndChargeAsync("o-1/FindCharge", "o-1", Cancellation));
    }

    [Fact]
    public async Task A_refund_counts_once_it_has_succeeded()
    {
        Answers(201, """{"id":"re-1","status":"succeeded","amount":20.34}""");

        Assert.Equal(new CardRefunded("re-1"), await RefundAsync());
        Assert.Equal(["""POST refunds key=k auth=Bearer secret {"reference":"o-1","charge":"ch-9","amount":20.34,"currency":"GBP"}"""], asked);
    }

    [Theory]
    [InlineData("""{"id":"re-1","status":"pending"}""", Failure.Pending)]
    [InlineData("""{"id":"re-1","status":"failed"}""", Failure.Fault)]
    [InlineData("""{"id":"re-1"}""", Failure.Unusable)]
    [InlineData("""{"refundId":"re-1","status":"succeeded"}""", Failure.Unusable)]
    [InlineData("""{"id":"re-1","status":"succeeded","amount":4}""", Failure.Unusable)]
    [InlineData("""{"id":"re-1","status":"succeeded","amount":20.34,"currency":"USD"}""", Failure.Unusable)]
    public async Task A_refund_without_success_is_no_refund_at_once_and_when_looked_up(string refund, Failure failure)
    {
        Answers(201, refund);
        Assert.Equal(failure, (await Assert.ThrowsAsync<ProviderException>(RefundAsync)).Failure);

        Answers(200, $"[{refund}]");
        Assert.Equal(failure, (await Assert.ThrowsAsync<ProviderException>(FindRefundAsync)).Failure);
    }

    [Theory, InlineData(400), InlineData(404), InlineData(410), InlineData(422)]
    public async Task A_refused_refund_counts_only_if_the_look_up_finds_it(int status)
    {
        Then(status, """{"error":{"code":"charge_already_refunded"}}""");
        Then(200, """[{"id":"re-5","status":"failed"},{"id":"re-7","status":"succeeded","amount":20.34}]""");
        Assert.Equal(new CardRefunded("re-7"), await RefundAsync());

        Then(status, """{"error":{"code":"charge_already_refunded"}}""");
        Then(200, "[]");
        Then(200, """[{"id":"ch-9","status":"refunded"}]""");
        Assert.Equal(new CardRefunded("ch-9"), await RefundAsync());

        Then(status, """{"error":{"code":"charge_already_refunded"}}""");
        Then(200, "[]");
        Then(200, """[{"id":"ch-9","status":"succeeded"}]""");
        Assert.Equal(Failure.Unusable, (await Assert.ThrowsAsync<ProviderException>(RefundAsync)).Failure);
    }

    [Theory]
    [InlineData("""{"trackingId":"tr-1","promisedBy":"2026-11-24T17:00:00Z"}""", "tr-1", 0)]
    [InlineData("""{"trackingId":17,"promisedBy":"2026-11-24 17:00:00"}""", "17", 0)]
    [InlineData("""{"trackingId":"tr-1","promisedBy":1795539600}""", "tr-1", 0)]
    [InlineData("""{"trackingId":"tr-1","promisedBy":1795539600000}""", "tr-1", 0)]
    [InlineData("""{"trackingId":"tr-1","promisedBy":"2026-11-24"}""", "tr-1", 7)]
    [InlineData("""{"trackingId":"tr-1"}""", "tr-1", 67)]
    public async Task A_booking_is_read_in_the_forms_that_carriers_use(string body, string trackingId, int hoursLater)
    {
        Answers(201, body);

        Assert.Equal(new CarrierBooked(trackingId, Promised.AddHours(hoursLater)), await BookAsync());
    }

    [Theory]
    [InlineData(202, "", Failure.Pending), InlineData(201, """{"status":"pending"}""", Failure.Pending)]
    [InlineData(201, "<html>", Failure.Unusable), InlineData(201, """{"trackingId":"tr-1","promisedBy":"soon"}""", Failure.Unusable)]
    [InlineData(400, """{"error":"state is required"}""", Failure.Unusable), InlineData(401, "", Failure.Unusable), InlineData(404, "", Failure.Unusable)]
    public async Task A_booking_without_an_outcome_is_parked_with_what_was_answered(int status, string body, Failure failure)
    {
        Answers(status, body);

        var parked = await Assert.ThrowsAsync<ProviderException>(BookAsync);

        Assert.Equal(failure, parked.Failure);
        Assert.Contains(body, parked.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(422, """{"reason":"too heavy"}""", "the carrier refused the parcel", "too heavy")]
    [InlineData(422, "", "the carrier refused the parcel", null)]
    [InlineData(400, """{"status":"refused","reason":"no route"}""", "the carrier does not deliver there", "no route")]
    public async Task What_blames_the_parcel_is_a_refusal(int status, string body, string reason, string? detail)
    {
        Answers(status, body);

        Assert.Equal(new CarrierRefused(reason, detail), await BookAsync());
    }

    [Theory, InlineData(200, ""), InlineData(204, ""), InlineData(202, "<html>"), InlineData(200, "{}")]
    public async Task Any_success_cancels_a_booking_and_accepts_a_notice(int status, string body)
    {
        Answers(status, body);

        Assert.Equal(new CarrierCancelled(), await CancelAsync());
        Assert.Equal(new Notified(), await new HttpNotifier(Client()).NotifyAsync("o-1/Notify/OrderCompleted", "o-1", Notice, Cancellation));
        Assert.StartsWith("POST messages key=o-1/Notify/OrderCompleted", asked[^1], StringComparison.Ordinal);
    }

    [Theory, InlineData(""), InlineData("{}")]
    public async Task A_conflict_on_cancelling_a_booking_is_too_late(string body)
    {
        Answers(409, body);

        Assert.Equal(new CarrierTooLate(), await CancelAsync());
    }

    [Theory]
    [InlineData(404, 200, "[]", nameof(CarrierCancelled)), InlineData(410, 200, """[{"trackingId":"other"}]""", nameof(CarrierCancelled))]
    [InlineData(404, 200, """[{"trackingId":"tr-1","status":"cancelled"}]""", nameof(CarrierCancelled))]
    [InlineData(422, 200, """[{"trackingId":"tr-1","status":"picked-up"}]""", nameof(CarrierTooLate))]
    [InlineData(404, 200, """[{"trackingId":"tr-1"}]""", null), InlineData(404, 404, "", null), InlineData(422, 200, "[]", null)]
    public async Task Not_found_cancels_a_booking_only_if_the_look_up_does_not_find_it_either(int status, int found, string bookings, string? outcome)
    {
        Then(status, "");
        Then(found, bookings);

        if (outcome is null)
            await Assert.ThrowsAsync<ProviderException>(CancelAsync);
        else
            Assert.Equal(outcome, (await CancelAsync()).GetType().Name);
    }

    [Theory]
    [InlineData("""[{"trackingId":"tr-1","status":"picked-up"}]""", true), InlineData("""[{"trackingId":"tr-1","status":"delivered"}]""", true)]
    [InlineData("""[{"trackingId":"tr-1"}]""", false), InlineData("[]", false)]
    public async Task The_carrier_is_asked_whether_it_has_picked_a_parcel_up(string bookings, bool isPickedUp)
    {
        Answers(200, bookings);

        Assert.Equal(isPickedUp, await Carrier.FindParcelAsync("o-1", "tr-1", Cancellation) is ParcelPickedUp);
        Assert.Equal(["GET bookings?reference=o-1 key= auth=Bearer secret "], asked);
    }

    [Fact]
    public async Task A_provider_that_is_down_is_not_called_for_a_while()
    {
        Answers(503, "{}");
        var cards = Registered(out var provider);
        await using var _ = provider;

        for (var i = 0; i < 40; i++)
            await Assert.ThrowsAsync<TransientException>(() => cards.ChargeAsync($"k{i}", "o-1", Total, "tok", Cancellation));

        Assert.InRange(asked.Count, 10, 30);
        Assert.StartsWith("POST v1/charges", asked[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_too_large_is_not_read()
    {
        answer = () => new(HttpStatusCode.OK) { Content = new StreamContent(new MemoryStream(new byte[1_000_000])) };
        var cards = Registered(out var provider);
        await using var _ = provider;

        var failure = await Assert.ThrowsAsync<ProviderException>(() => cards.ChargeAsync("k", "o-1", Total, "tok", Cancellation));

        Assert.Equal(Failure.Unusable, failure.Failure);
        Assert.Contains("with too much", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400), InlineData(401), InlineData(404), InlineData(422)]
    public async Task A_notice_that_is_refused_is_not_sent(int status)
    {
        Answers(status, "{}");

        await Assert.ThrowsAsync<ProviderException>(() => new HttpNotifier(Client()).NotifyAsync("k", "o-1", Notice, Cancellation));
    }

    [Fact]
    public async Task The_API_key_does_not_follow_a_redirect()
    {
        await using var provider = new ServiceCollection().AddCardProvider(Settings("https://cards.example/")).BuildServiceProvider();
        var handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("card-provider");
        while (handler is DelegatingHandler { InnerHandler: { } inner })
            handler = inner;

        Assert.False(Assert.IsType<SocketsHttpHandler>(handler).AllowAutoRedirect);
    }

    [Theory]
    [InlineData("http://cards.example/", false), InlineData("http://127.0.0.1:8080/", true), InlineData("https://cards.example/", true)]
    public void The_API_key_leaves_the_machine_only_over_https(string address, bool isAllowed)
    {
        void Register() => new ServiceCollection().AddCardProvider(Settings(address));

        if (isAllowed)
            Register();
        else
            Assert.Contains("https", Assert.Throws<InvalidOperationException>(Register).Message, StringComparison.Ordinal);
    }

    ICardProvider Registered(out ServiceProvider provider)
    {
        var services = new ServiceCollection().AddCardProvider(Settings("https://cards.example/v1/"));
        services.AddHttpClient("card-provider").ConfigurePrimaryHttpMessageHandler(() => this);
        provider = services.BuildServiceProvider();
        return provider.GetRequiredService<ICardProvider>();
    }

    static IConfiguration Settings(string address) => new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["CardProvider:Mode"] = "http", ["CardProvider:BaseAddress"] = address, ["CardProvider:ApiKey"] = "secret",
    }).Build();

    HttpCardProvider Cards => new(Client());
    HttpCarrier Carrier => new(Client(), new FakeTimeProvider(Now));

    Task<Answer> ChargeAsync() => Cards.ChargeAsync("k", "o-1", Total, "tok", Cancellation);
    Task<CardRefunded> RefundAsync() => Cards.RefundAsync("k", "o-1", "ch-9", Total, Cancellation);
    Task<CardRefunded?> FindRefundAsync() => Cards.FindRefundAsync("o-1", "ch-9", Total, Cancellation);
    Task<Answer> BookAsync() => Carrier.BookAsync("k", "o-1", Home, Cancellation);
    Task<Answer> CancelAsync() => Carrier.CancelAsync("k", "o-1", "tr-1", Cancellation);

    HttpClient Client() => new(this, disposeHandler: false)
    {
        BaseAddress = new("https://provider.example/"), DefaultRequestHeaders = { Authorization = new("Bearer", "secret") },
    };

    void Answers(int status, string body) => answer = () => Answer(status, body);

    void Then(int status, string body) => next.Enqueue(() => Answer(status, body));

    static HttpResponseMessage Answer(int status, string body) =>
        new((HttpStatusCode)status) { Content = new StringContent(body, null, "application/json") };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var key = request.Headers.TryGetValues("Idempotency-Key", out var values) ? values.Single() : "";
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        asked.Add($"{request.Method} {request.RequestUri!.PathAndQuery[1..]} key={key} auth={request.Headers.Authorization} {body}");
        return next.TryDequeue(out var first) ? first() : answer();
    }
}
