using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;
using Moq;
using OrderFunctions.Hosting;
using OrderFunctions.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Apps.Tests.Apps;

/// <summary>Which tokens get past the check. AccessTests: what they reach then.</summary>
public sealed class CallerCheckTests : IDisposable
{
    static readonly Dictionary<string, object?> OfAda = new()
    {
        ["oid"] = "ada", ["scp"] = "access", ["azp"] = FakeTenant.Page, ["roles"] = new[] { Roles.Customer },
    };

    readonly FakeTenant tenant = new();
    readonly RSA foreign = RSA.Create(2048);
    bool reached;
    string? retryAfter;

    [Theory]
    [InlineData(null)]
    [InlineData("Basic dXNlcjpwYXNzd29yZA==")]
    [InlineData("Bearer")]
    [InlineData("Bearer not.a.token")]
    [InlineData("Bearer eyJhbGciOiJub25lIn0.eyJyb2xlcyI6WyJDdXN0b21lciJdfQ.")]
    public async Task No_valid_token_is_401_and_the_function_is_not_called(string? header)
    {
        Assert.Equal(401, await CallAsync("order", header));
        Assert.False(reached);
    }

    [Fact]
    public async Task A_token_with_the_role_is_accepted_and_the_function_sees_the_caller()
    {
        ClaimsPrincipal? seen = null;

        Assert.Equal(200, await CallAsync("order", tenant.User("ada", Roles.Customer), user => seen = user));

        Assert.True(reached);
        Assert.Equal("ada", seen!.FindFirst("oid")!.Value);
    }

    [Fact]
    public async Task A_browser_that_follows_a_link_to_an_order_gets_the_page_and_no_data_without_a_token()
    {
        Assert.Equal(200, await CallAsync("order-timeline", null, accept: "text/html,application/xhtml+xml,*/*;q=0.8"));
        Assert.Equal(401, await CallAsync("order-timeline", null, accept: "application/json"));
        Assert.Equal(401, await CallAsync("order", null, accept: "text/html"));
    }

    [Fact]
    public async Task A_token_of_another_tenant_for_another_audience_expired_unsigned_or_forged_is_401()
    {
        Assert.Equal(200, await CallAsync("order", tenant.Bearer(OfAda)));
        Assert.Equal(401, await CallAsync("order", tenant.Bearer(OfAda, issuer: "https://login.microsoftonline.com/other/v2.0")));
        Assert.Equal(401, await CallAsync("order", tenant.Bearer(Changed("tid", "another tenant"))));
        Assert.Equal(401, await CallAsync("order", tenant.Bearer(OfAda, audience: "another-api")));
        Assert.Equal(401, await CallAsync("order", tenant.Bearer(OfAda, expires: DateTime.UtcNow.AddHours(-1))));
        Assert.Equal(401, await CallAsync("order", tenant.Bearer(OfAda, signedBy: foreign)));
        Assert.Equal(401, await CallAsync("order", tenant.Bearer(OfAda, algorithm: SecurityAlgorithms.RsaSha384)));
    }

    /// <summary>Microsoft's own list of claims: an ID token has no azp and no scp, and idtyp tells applications from users.</summary>
    [Fact]
    public async Task An_id_token_and_every_other_kind_of_token_is_401()
    {
        Dictionary<string, object?> id = new()
        {
            ["oid"] = "ada", ["sub"] = "x", ["nonce"] = "n", ["name"] = "Ada", ["roles"] = new[] { Roles.Customer },
        };
        Assert.Equal(401, await CallAsync("order", tenant.Bearer(id)));
        Assert.Equal(401, await CallAsync("order", tenant.Bearer(OfAda, type: "dpop+jwt")));
        foreach (var claim in new[] { "oid", "scp", "azp" })
            Assert.Equal((claim, 401), (claim, await CallAsync("order", tenant.Bearer(Changed(claim, null)))));
        Assert.Equal(401, await CallAsync("order", tenant.Bearer(Changed("ver", "1.0"))));
        Assert.Equal(401, await CallAsync("order", tenant.Bearer(Changed("scp", "access_as_admin profile"))));
        Assert.Equal(401, await CallAsync("order", tenant.Bearer(Changed("idtyp", "app"))));
        Assert.Equal(401, await CallAsync("order", tenant.Bearer(Changed("idtyp", "device"))));
    }

    [Fact]
    public async Task A_list_of_applications_lets_no_other_call()
    {
        var listed = FakeTenant.Options with { Clients = [FakeTenant.Page] };
        Assert.Equal(200, await CallAsync("order", tenant.User("ada", Roles.Customer), options: listed));
        Assert.Equal(401, await CallAsync("order", tenant.Application("shop", Roles.Shop), options: listed));
        Assert.Equal(200, await CallAsync("order", tenant.Application("shop", Roles.Shop)));
    }

    [Fact]
    public async Task Unavailable_signing_keys_are_503_not_401()
    {
        var keys = new Mock<BaseConfigurationManager>();
        keys.Setup(k => k.GetBaseConfigurationAsync(It.IsAny<CancellationToken>())).ThrowsAsync(new HttpRequestException("no route"));

        Assert.Equal(503, await CallAsync("order", tenant.User("ada"), tokens: new(FakeTenant.Options, keys.Object, TimeProvider.System)));
        Assert.NotNull(retryAfter);
        Assert.False(reached);
    }

    [Fact]
    public async Task Floods_of_bad_tokens_do_not_fetch_keys_again()
    {
        var fetches = 0;
        var tokens = new EntraTokens(FakeTenant.Options, new ConfigurationManager<OpenIdConnectConfiguration>(
            "https://tenant.example/", Retriever(() => tenant.Configuration)), TimeProvider.System);
        for (var number = 0; number < 50; number++)
        {
            await CallAsync("order", tenant.Bearer(OfAda, audience: $"api {number}"), tokens: tokens);
            await CallAsync("order", $"Bearer not.a.token{number}", tokens: tokens);
        }
        Assert.Equal(0, fetches);

        // A key that is not known may be a new one of the tenant: it is looked for, once in five minutes.
        for (var number = 0; number < 50; number++)
            Assert.Equal(401, await CallAsync("order", tenant.Bearer(OfAda, signedBy: foreign, keyId: $"k{number}x"), tokens: tokens));
        Assert.InRange(fetches, 1, 2);

        // Nor while they cannot be had.
        (fetches, tokens) = (0, new(FakeTenant.Options, new ConfigurationManager<OpenIdConnectConfiguration>(
            "https://tenant.example/", Retriever(() => throw new IOException("down"))), new FakeTimeProvider()));
        for (var number = 0; number < 50; number++)
            Assert.Equal(503, await CallAsync("order", tenant.Bearer(OfAda), tokens: tokens));
        Assert.Equal(1, fetches);

        IConfigurationRetriever<OpenIdConnectConfiguration> Retriever(Func<OpenIdConnectConfiguration> answer)
        {
            var retriever = new Mock<IConfigurationRetriever<OpenIdConnectConfiguration>>();
            retriever.Setup(r => r.GetConfigurationAsync(It.IsAny<string>(), It.IsAny<IDocumentRetriever>(), It.IsAny<CancellationToken>()))
                .Returns(() =>
                {
                    Interlocked.Increment(ref fetches);
                    return Task.FromResult(answer());
                });
            return retriever.Object;
        }
    }

    [Fact]
    public async Task A_refusal_is_counted_by_route_and_status()
    {
        var counted = new List<string>();
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == Telemetry.RequestsRefused.Name)
                listener.EnableMeasurementEvents(instrument);
        };
        meters.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            lock (counted)
                counted.Add(string.Join(' ', tags.ToArray().Select(tag => tag.Value)));
        });
        meters.Start();

        await CallAsync("discard", null);
        await CallAsync("discard", tenant.User("mallory", Roles.Customer));
        await CallAsync("discard", tenant.User("olga", Roles.Operator));

        Assert.Equal(["discard 401", "discard 403"], counted.Where(refusal => refusal.StartsWith("discard ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_HTTP_function_without_a_route_or_without_a_request_to_check_is_refused()
    {
        Assert.Equal(403, await CallAsync("secret-back-door", tenant.User("olga", Roles.Operator)));
        Assert.False(reached);
        await Assert.ThrowsAsync<InvalidOperationException>(() => new CallerCheck(tenant.Tokens())
            .Invoke(Context("order", null), _ => Task.FromResult(reached = true)));
        Assert.False(reached);
    }

    [Fact]
    public async Task Calls_that_are_not_HTTP_requests_are_not_checked()
    {
        await new CallerCheck(tenant.Tokens())
            .Invoke(Context("orders-on-message", null, "serviceBusTrigger"), _ => Task.FromResult(reached = true));

        Assert.True(reached);
    }

    public void Dispose()
    {
        tenant.Dispose();
        foreign.Dispose();
    }

    static Dictionary<string, object?> Changed(string claim, object? value) => new(OfAda) { [claim] = value };

    async Task<int> CallAsync(
        string function, string? authorization, Action<ClaimsPrincipal>? see = null, EntraTokens? tokens = null, string? accept = null,
        AuthenticationOptions? options = null)
    {
        var http = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };
        if (authorization is not null)
            http.Request.Headers.Authorization = authorization;
        http.Request.Headers.Accept = accept;
        await new CallerCheck(tokens ?? tenant.Tokens(options)).Invoke(Context(function, http), _ =>
        {
            reached = true;
            see?.Invoke(http.User);
            return Task.CompletedTask;
        });
        retryAfter = http.Response.Headers.RetryAfter;
        return http.Response.StatusCode;
    }

    internal static FunctionContext Context(string function, HttpContext? http, string trigger = "httpTrigger")
    {
        var definition = new Mock<FunctionDefinition>();
        definition.Setup(d => d.Name).Returns(function);
        definition.Setup(d => d.InputBindings).Returns(ImmutableDictionary<string, BindingMetadata>.Empty.Add("request",
            Mock.Of<BindingMetadata>(binding => binding.Type == trigger)));
        var context = new Mock<FunctionContext>();
        context.Setup(c => c.FunctionDefinition).Returns(definition.Object);

        // Where the worker's ASP.NET Core integration keeps it.
        context.Setup(c => c.Items).Returns(http is null ? [] : new Dictionary<object, object> { ["HttpRequestContext"] = http });
        return context.Object;
    }
}
