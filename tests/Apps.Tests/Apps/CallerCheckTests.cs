using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Moq;
using OrderFunctions.Hosting;
using OrderFunctions.Http;

namespace OrderFunctions.Apps.Tests.Apps;

public sealed class CallerCheckTests : IDisposable
{
    static readonly AuthenticationOptions Options = new("11111111-2222-3333-4444-555555555555", "orders-api");

    readonly RSA key = RSA.Create(2048);
    readonly RSA foreign = RSA.Create(2048);
    bool reached;
    string? retryAfter;

    [Fact]
    public async Task No_token_is_401_and_the_function_is_not_called()
    {
        Assert.Equal(401, await CallAsync("place-order", null));
        Assert.False(reached);
    }

    [Theory]
    [InlineData("Basic dXNlcjpwYXNzd29yZA==")]
    [InlineData("Bearer")]
    [InlineData("Bearer not.a.token")]
    public async Task An_invalid_token_is_401(string header) => Assert.Equal(401, await CallAsync("place-order", header));

    [Fact]
    public async Task A_token_with_the_role_is_accepted_and_the_function_sees_the_caller()
    {
        ClaimsPrincipal? seen = null;

        Assert.Equal(200, await CallAsync("place-order", Token(roles: [Roles.Customer]), user => seen = user));

        Assert.True(reached);
        Assert.Equal("ada", seen!.FindFirst("oid")!.Value);
    }

    [Theory]
    [InlineData("place-order", Roles.Operator, 403)]
    [InlineData("place-order", Roles.Warehouse, 403)]
    [InlineData("list-orders", Roles.Customer, 403)]
    [InlineData("list-orders", Roles.Operator, 200)]
    [InlineData("order", Roles.Customer, 200)]
    [InlineData("order", Roles.Operator, 200)]
    [InlineData("set-received", Roles.Customer, 403)]
    [InlineData("set-received", Roles.Warehouse, 200)]
    [InlineData("replay", Roles.Customer, 403)]
    [InlineData("replay", Roles.Operator, 200)]
    public async Task Each_route_has_its_roles(string function, string role, int status) =>
        Assert.Equal(status, await CallAsync(function, Token(roles: [role])));

    [Fact]
    public async Task Every_route_except_the_webhook_and_the_empty_page_needs_a_token_and_a_role()
    {
        string[] open = ["carrier-event", "operations-page"];
        foreach (var route in Routes.All)
        {
            Assert.Equal(open.Contains(route.Name) ? 200 : 401, await CallAsync(route.Name, null));
            Assert.Equal(open.Contains(route.Name) ? 200 : 403, await CallAsync(route.Name, Token(roles: [])));
        }
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
        Assert.Equal(401, await CallAsync("order", Token(issuer: "https://login.microsoftonline.com/other/v2.0")));
        Assert.Equal(401, await CallAsync("order", Token(audience: "another-api")));
        Assert.Equal(401, await CallAsync("order", Token(expires: DateTime.UtcNow.AddHours(-1))));
        Assert.Equal(401, await CallAsync("order", Token(signedBy: foreign)));
        Assert.Equal(401, await CallAsync("order", "Bearer eyJhbGciOiJub25lIn0.eyJyb2xlcyI6WyJDdXN0b21lciJdfQ."));
    }

    [Fact]
    public async Task Unavailable_signing_keys_are_503_not_401()
    {
        var keys = new Mock<BaseConfigurationManager>();
        keys.Setup(k => k.GetBaseConfigurationAsync(It.IsAny<CancellationToken>())).ThrowsAsync(new HttpRequestException("no route"));

        Assert.Equal(503, await CallAsync("order", Token(), keys: keys.Object));
        Assert.NotNull(retryAfter);
        Assert.False(reached);
    }

    [Fact]
    public async Task Calls_that_are_not_HTTP_requests_are_not_checked()
    {
        await new CallerCheck(new EntraTokens(Options, Keys())).Invoke(Context("orders-on-message", null), _ => Task.FromResult(reached = true));

        Assert.True(reached);
    }

    public void Dispose()
    {
        key.Dispose();
        foreign.Dispose();
    }

    async Task<int> CallAsync(string function, string? authorization, Action<ClaimsPrincipal>? see = null, BaseConfigurationManager? keys = null, string? accept = null)
    {
        var http = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };
        if (authorization is not null)
            http.Request.Headers.Authorization = authorization;
        http.Request.Headers.Accept = accept;
        await new CallerCheck(new EntraTokens(Options, keys ?? Keys())).Invoke(Context(function, http), _ =>
        {
            reached = true;
            see?.Invoke(http.User);
            return Task.CompletedTask;
        });
        retryAfter = http.Response.Headers.RetryAfter;
        return http.Response.StatusCode;
    }

    static FunctionContext Context(string function, HttpContext? http)
    {
        var definition = new Mock<FunctionDefinition>();
        definition.Setup(d => d.Name).Returns(function);
        var context = new Mock<FunctionContext>();
        context.Setup(c => c.FunctionDefinition).Returns(definition.Object);

        // Where the worker's ASP.NET Core integration keeps it.
        context.Setup(c => c.Items).Returns(http is null ? [] : new Dictionary<object, object> { ["HttpRequestContext"] = http });
        return context.Object;
    }

    StaticConfigurationManager<OpenIdConnectConfiguration> Keys()
    {
        var configuration = new OpenIdConnectConfiguration { Issuer = Options.Authority };
        configuration.SigningKeys.Add(new RsaSecurityKey(key) { KeyId = "k1" });
        return new(configuration);
    }

    string Token(string[]? roles = null, string? issuer = null, string? audience = null, DateTime? expires = null, RSA? signedBy = null) =>
        $"Bearer {new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? Options.Authority,
            Audience = audience ?? Options.Audience,
            NotBefore = DateTime.UtcNow.AddHours(-2),
            Expires = expires ?? DateTime.UtcNow.AddHours(1),
            Claims = new Dictionary<string, object> { ["oid"] = "ada", ["roles"] = roles ?? [Roles.Customer] },
            SigningCredentials = new(new RsaSecurityKey(signedBy ?? key) { KeyId = "k1" }, SecurityAlgorithms.RsaSha256),
        })}";
}
