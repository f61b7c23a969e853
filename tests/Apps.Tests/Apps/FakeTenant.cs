using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using OrderFunctions.Hosting;

namespace OrderFunctions.Apps.Tests.Apps;

/// <summary>An Entra tenant that issues tokens as the real one does: version 2.0, with the optional claim idtyp.</summary>
sealed class FakeTenant : IDisposable
{
    public const string Id = "11111111-2222-3333-4444-555555555555";
    public const string Api = "orders-api";
    public const string Page = "the-page";

    readonly RSA key = RSA.Create(2048);

    public static AuthenticationOptions Options { get; } = new(Id, Api);

    public OpenIdConnectConfiguration Configuration
    {
        get
        {
            var configuration = new OpenIdConnectConfiguration { Issuer = Options.Authority };
            configuration.SigningKeys.Add(new RsaSecurityKey(key) { KeyId = "k1" });
            return configuration;
        }
    }

    public EntraTokens Tokens(AuthenticationOptions? options = null) =>
        new(options ?? Options, new StaticConfigurationManager<OpenIdConnectConfiguration>(Configuration), TimeProvider.System);

    /// <summary>The header of a user who is signed in to an application.</summary>
    public string User(string objectId, params string[] roles) => Bearer(new()
    {
        ["oid"] = objectId, ["roles"] = roles, ["scp"] = "profile access", ["azp"] = Page, ["idtyp"] = "user",
        ["preferred_username"] = $"{objectId}@example.org",
    });

    /// <summary>The header of an application that calls for itself.</summary>
    public string Application(string objectId, params string[] roles) =>
        Bearer(new() { ["oid"] = objectId, ["roles"] = roles, ["azp"] = $"client of {objectId}", ["idtyp"] = "app" });

    /// <param name="claims">A claim that is null is left out.</param>
    public string Bearer(
        Dictionary<string, object?> claims, string? issuer = null, string? audience = null, DateTime? expires = null, RSA? signedBy = null,
        string keyId = "k1", string type = "JWT", string algorithm = SecurityAlgorithms.RsaSha256)
    {
        claims = new Dictionary<string, object?> { ["tid"] = Id, ["ver"] = "2.0" }.Concat(claims)
            .GroupBy(claim => claim.Key, claim => claim.Value).ToDictionary(claim => claim.Key, claim => claim.Last());
        return $"Bearer {new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? Options.Authority,
            Audience = audience ?? Api,
            NotBefore = DateTime.UtcNow.AddHours(-2),
            Expires = expires ?? DateTime.UtcNow.AddHours(1),
            Claims = claims.Where(claim => claim.Value is not null).ToDictionary(claim => claim.Key, claim => claim.Value!),
            TokenType = type,
            SigningCredentials = new(new RsaSecurityKey(signedBy ?? key) { KeyId = keyId }, algorithm),
        })}";
    }

    public void Dispose() => key.Dispose();
}
