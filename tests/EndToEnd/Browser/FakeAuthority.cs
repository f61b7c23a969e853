using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrderFunctions.EndToEnd.Browser;

/// <summary>
/// As much of a tenant of Entra ID as a page needs to sign somebody in: it asks nobody for a password, but insists on a code verifier that
/// fits its challenge.
/// </summary>
public sealed class FakeAuthority : IAsyncDisposable
{
    const string Tenant = "11111111-2222-3333-4444-555555555555";

    readonly WebApplication app;
    readonly ConcurrentDictionary<string, IQueryCollection> asked = new();

    FakeAuthority(WebApplication app) => this.app = app;

    /// <summary>The access token that it gives, once somebody has proved to have begun the sign-in.</summary>
    public string Token { get; } = $"token-{Guid.NewGuid():N}";

    public Uri Address => new(Origin, Tenant);

    Uri Origin => new(app.Urls.First());

    public static async Task<FakeAuthority> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(Certificate())));
        builder.Logging.ClearProviders();
        var authority = new FakeAuthority(builder.Build());
        authority.app.Run(authority.AnswerAsync);
        await authority.app.StartAsync();
        return authority;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    async Task AnswerAsync(HttpContext http)
    {
        http.Response.Headers.AccessControlAllowOrigin = "*";
        http.Response.Headers.AccessControlAllowHeaders = "*";
        switch (http.Request.Path.Value)
        {
            case $"/{Tenant}/v2.0/.well-known/openid-configuration":
                await http.Response.WriteAsJsonAsync(new JsonObject
                {
                    ["issuer"] = $"{Address}/v2.0",
                    ["authorization_endpoint"] = $"{Address}/oauth2/v2.0/authorize",
                    ["token_endpoint"] = $"{Address}/oauth2/v2.0/token",
                    ["end_session_endpoint"] = $"{Address}/oauth2/v2.0/logout",
                    ["jwks_uri"] = $"{Address}/discovery/v2.0/keys",
                });
                break;
            case $"/{Tenant}/oauth2/v2.0/authorize":
                var code = Guid.NewGuid().ToString("N");
                asked[code] = http.Request.Query;
                http.Response.Redirect($"{http.Request.Query["redirect_uri"]}#code={code}&state={Uri.EscapeDataString(http.Request.Query["state"]!)}");
                break;
            case $"/{Tenant}/oauth2/v2.0/token" when HttpMethods.IsPost(http.Request.Method):
                var form = await http.Request.ReadFormAsync();
                if (!asked.TryRemove(form["code"].ToString(), out var question) || !IsProved(question, form["code_verifier"].ToString()))
                    http.Response.StatusCode = 400;
                else
                    await http.Response.WriteAsJsonAsync(Tokens(question));
                break;
            default:
                http.Response.StatusCode = HttpMethods.IsOptions(http.Request.Method) ? 204 : 404;
                break;
        }
    }

    static bool IsProved(IQueryCollection question, string verifier) =>
        question["code_challenge_method"] == "S256"
        && question["code_challenge"] == Base64(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    JsonObject Tokens(IQueryCollection question)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var id = new JsonObject
        {
            ["aud"] = question["client_id"].ToString(), ["iss"] = $"{Address}/v2.0", ["nonce"] = question["nonce"].ToString(),
            ["iat"] = now, ["nbf"] = now, ["exp"] = now + 3600, ["ver"] = "2.0",
            ["oid"] = "0a", ["sub"] = "0b", ["tid"] = Tenant, ["name"] = "Olga", ["preferred_username"] = "olga@example.org",
        };
        return new()
        {
            ["token_type"] = "Bearer", ["scope"] = question["scope"].ToString(), ["expires_in"] = 3600, ["ext_expires_in"] = 3600,
            ["access_token"] = Token, ["refresh_token"] = "refresh",
            ["id_token"] = $"{Base64("""{"typ":"JWT","alg":"RS256"}"""u8)}.{Base64(JsonSerializer.SerializeToUtf8Bytes(id))}.c2lnbmVk",
            ["client_info"] = Base64(Encoding.ASCII.GetBytes($$"""{"uid":"0a","utid":"{{Tenant}}"}""")),
        };
    }

    static string Base64(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    static X509Certificate2 Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(signed.Export(X509ContentType.Pfx), null);
    }
}
