using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OrderFunctions.Providers;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Apps.Tests.Providers;

public sealed class HttpProviderTests : HttpMessageHandler
{
    static readonly Money Total = new(20.34m, "GBP");
    static readonly Address Home = new("Ada", "1 St", "London", "E1", "GB");
    static readonly Notify Notice = new("OrderCompleted", "17850", "tr-1");

    readonly List<string> asked = [];
    Func<HttpResponseMessage> answer = () => new(HttpStatusCode.OK);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_charge_is_asked_for_under_its_key_and_the_orders_reference()
    {
        Answers(HttpStatusCode.Created, """{"id":"ch-9","status":"succeeded","amount":20.34,"currency":"GBP"}""");

        Assert.Equal(new CardCharged("ch-9", Total), await Cards.ChargeAsync("o-1/ChargeCard", "o-1", Total, "tok_visa", Cancellation));

        Assert.Equal(["""POST charges key=o-1/ChargeCard auth=Bearer secret {"reference":"o-1","amount":20.34,"currency":"GBP","cardToken":"tok_visa"}"""], asked);
    }

    [Fact]
    public async Task A_declined_card_is_an_answer()
    {
        Answers(HttpStatusCode.PaymentRequired, """{"status":"declined","reason":"no funds"}""");

        Assert.Equal(new CardDeclined("no funds"), await Cards.ChargeAsync("k", "o-1", Total, "tok", Cancellation));
    }

    [Fact]
    public async Task Outcomes_are_looked_up_by_the_orders_reference()
    {
        Answers(HttpStatusCode.OK, "[]");
        Assert.Null(await Cards.FindChargeAsync("o-1", Cancellation));
        Assert.Null(await Cards.FindRefundAsync("o-1", Cancellation));
        Assert.Null(await Carrier.FindBookingAsync("o-1", Cancellation));
        Assert.Equal(["GET charges?reference=o-1 key= auth=Bearer secret ", "GET refunds?reference=o-1 key= auth=Bearer secret ",
            "GET bookings?reference=o-1 key= auth=Bearer secret "], asked);

        Answers(HttpStatusCode.OK, """[{"id":"re-1","status":"declined","reason":"no funds"}]""");
        Assert.Equal(new CardDeclined("no funds"), await Cards.FindChargeAsync("o-1", Cancellation));
        Assert.Equal(new CardRefunded("re-1"), await Cards.FindRefundAsync("o-1", Cancellation));
    }

    [Fact]
    public async Task A_booking_can_be_made_refused_cancelled_or_too_late_to_cancel()
    {
        Answers(HttpStatusCode.OK, """{"trackingId":"tr-1","promisedBy":"2026-11-24T17:00:00Z"}""");
        Assert.Equal(new CarrierBooked("tr-1", new(2026, 11, 24, 17, 0, 0, TimeSpan.Zero)), await Carrier.BookAsync("k", "o-1", Home, Cancellation));
        Assert.Equal(new CarrierCancelled(), await Carrier.CancelAsync("k", "o-1", "tr-1", Cancellation));

        Answers(HttpStatusCode.UnprocessableEntity, """{"reason":"too far"}""");
        Assert.Equal(new CarrierRefused("too far"), await Carrier.BookAsync("k", "o-1", Home, Cancellation));

        Answers(HttpStatusCode.Conflict, "{}");
        Assert.Equal(new CarrierTooLate(), await Carrier.CancelAsync("k", "o-1", "tr-1", Cancellation));
    }

    [Fact]
    public async Task A_customer_is_notified_under_the_notices_key()
    {
        Answers(HttpStatusCode.Accepted, "{}");

        await new HttpNotifier(Client()).NotifyAsync("o-1/Notify/OrderCompleted", "o-1", Notice, Cancellation);

        Assert.StartsWith("POST messages key=o-1/Notify/OrderCompleted", Assert.Single(asked), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError), InlineData(HttpStatusCode.BadGateway), InlineData(HttpStatusCode.ServiceUnavailable)]
    [InlineData(HttpStatusCode.TooManyRequests), InlineData(HttpStatusCode.RequestTimeout), InlineData(HttpStatusCode.Unauthorized)]
    public async Task A_missing_answer_leaves_the_outcome_unknown(HttpStatusCode status)
    {
        Answers(status, "{}");

        await Assert.ThrowsAsync<TransientException>(() => Cards.ChargeAsync("k", "o-1", Total, "tok", Cancellation));
    }

    [Fact]
    public async Task An_unreadable_answer_a_broken_connection_and_a_pending_charge_leave_the_outcome_unknown()
    {
        Answers(HttpStatusCode.OK, "<html>");
        await Assert.ThrowsAsync<TransientException>(() => Cards.ChargeAsync("k", "o-1", Total, "tok", Cancellation));

        answer = () => throw new HttpRequestException("reset");
        await Assert.ThrowsAsync<TransientException>(() => Cards.ChargeAsync("k", "o-1", Total, "tok", Cancellation));

        Answers(HttpStatusCode.OK, """{"id":"ch-9","status":"pending"}""");
        await Assert.ThrowsAsync<TransientException>(() => Cards.ChargeAsync("k", "o-1", Total, "tok", Cancellation));
    }

    [Fact]
    public async Task A_request_that_the_provider_rejects_is_not_retried()
    {
        Answers(HttpStatusCode.BadRequest, "{}");

        await Assert.ThrowsAsync<HttpRequestException>(() => Cards.ChargeAsync("k", "o-1", Total, "tok", Cancellation));
    }

    [Fact]
    public async Task A_provider_that_is_down_is_not_called_for_a_while()
    {
        Answers(HttpStatusCode.ServiceUnavailable, "{}");
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["CardProvider:Mode"] = "http", ["CardProvider:BaseAddress"] = "https://cards.example/v1/", ["CardProvider:ApiKey"] = "secret",
        }).Build();
        var services = new ServiceCollection().AddCardProvider(configuration);
        services.AddHttpClient("card-provider").ConfigurePrimaryHttpMessageHandler(() => this);
        await using var provider = services.BuildServiceProvider();
        var cards = provider.GetRequiredService<ICardProvider>();

        for (var i = 0; i < 40; i++)
            await Assert.ThrowsAsync<TransientException>(() => cards.ChargeAsync($"k{i}", "o-1", Total, "tok", Cancellation));

        Assert.InRange(asked.Count, 10, 30);
        Assert.StartsWith("POST v1/charges", asked[0], StringComparison.Ordinal);
    }

    HttpCardProvider Cards => new(Client());
    HttpCarrier Carrier => new(Client());

    HttpClient Client() => new(this, disposeHandler: false)
    {
        BaseAddress = new("https://provider.example/"), DefaultRequestHeaders = { Authorization = new("Bearer", "secret") },
    };

    void Answers(HttpStatusCode status, string body) => answer = () => new(status) { Content = new StringContent(body, null, "application/json") };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var key = request.Headers.TryGetValues("Idempotency-Key", out var values) ? values.Single() : "";
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        asked.Add($"{request.Method} {request.RequestUri!.PathAndQuery[1..]} key={key} auth={request.Headers.Authorization} {body}");
        return answer();
    }
}
