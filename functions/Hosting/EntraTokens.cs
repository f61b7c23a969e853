using System.Security.Claims;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using OrderFunctions.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Hosting;

/// <summary>Reads the access tokens of callers.</summary>
/// <param name="keys">The tenant's signing keys, which change from time to time.</param>
public sealed class EntraTokens(AuthenticationOptions options, BaseConfigurationManager keys, TimeProvider time)
{
    /// <summary>The permission that an application asks for to call the API as the signed-in user. register-api.sh registers it.</summary>
    public const string Scope = "access";

    const string RolesClaim = "roles";

    /// <summary>The application that the token was issued to.</summary>
    const string ApplicationClaim = "azp";

    static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    readonly JsonWebTokenHandler handler = new() { MapInboundClaims = false };
    long unavailableAt;

    public EntraTokens(AuthenticationOptions options)
        : this(options, new ConfigurationManager<OpenIdConnectConfiguration>(
            $"{options.Authority}/.well-known/openid-configuration", new OpenIdConnectConfigurationRetriever()), TimeProvider.System)
    {
    }

    /// <summary>
    /// The caller with the roles that a token of its kind may have, or why the token is refused: another tenant's, for another API, from an
    /// application that may not call, not an access token, expired or forged.
    /// </summary>
    /// <exception cref="TransientException">The tenant's signing keys are unavailable.</exception>
    public async Task<TokenReading> ReadAsync(string? authorization, CancellationToken cancellation)
    {
        const string scheme = "Bearer ";
        if (authorization is null || !authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            return new(null, "there is no bearer token");
        var text = authorization[scheme.Length..].Trim();

        // First what the token says, then whether it is genuine: a flood of tokens that are not even for this API must not ask for keys.
        if (Parsed(text) is not { } token)
            return new(null, "it is not a JSON web token");
        if (WhatIsWrong(token) is { } wrong)
            return new(null, wrong);
        await RequireKeysAsync(cancellation);
        var result = await handler.ValidateTokenAsync(token, new()
        {
            ConfigurationManager = keys,
            ValidIssuer = options.Authority,
            ValidAudiences = Audiences,
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
            ValidTypes = [JwtConstants.HeaderType],
            ClockSkew = ClockSkew,
            NameClaimType = "name",
            RoleClaimType = RolesClaim,
        });
        if (!result.IsValid)
            return new(null, result.Exception.GetType().Name);
        var application = Text(token, ApplicationClaim);
        if (!options.Clients.IsEmpty && !options.Clients.Contains(application!, StringComparer.OrdinalIgnoreCase))
            return new(null, $"the application {application} may not call");
        var unfit = result.ClaimsIdentity.FindAll(RolesClaim)
            .Where(role => !Roles.IsFor(role.Value, IsOfUser(token), options.IsDev)).ToList();
        unfit.ForEach(result.ClaimsIdentity.RemoveClaim);
        return new(result.ClaimsIdentity, null);
    }

    static JsonWebToken? Parsed(string text)
    {
        try
        {
            return new(text);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    string[] Audiences => [options.Audience, $"api://{options.Audience}"];

    string? WhatIsWrong(JsonWebToken token)
    {
        if (token is not { Alg: SecurityAlgorithms.RsaSha256, Typ: JwtConstants.HeaderType })
            return "it is not a JWT signed with RS256";
        if (token.Issuer != options.Authority || Text(token, "tid") != options.TenantId)
            return "it is another tenant's";
        if (!token.Audiences.Any(Audiences.Contains))
            return "it is for another API";
        if (token.ValidTo < time.GetUtcNow().UtcDateTime - ClockSkew)
            return "it has expired";

        // An ID token may have this audience too, once the page signs in under the API's own registration. It names no caller (azp).
        if (Text(token, "ver") != "2.0" || Text(token, "oid") is null || Text(token, ApplicationClaim) is null)
            return "it is not an access token of version 2.0";
        return IsOfUser(token) || IsOfApplication(token) ? null : "it is neither a user's nor an application's";
    }

    static bool IsOfUser(JsonWebToken token) =>
        Text(token, "scp")?.Split(' ').Contains(Scope) is true && Text(token, "idtyp") is null or "user";

    static bool IsOfApplication(JsonWebToken token) => Text(token, "scp") is null && Text(token, "idtyp") is "app";

    static string? Text(JsonWebToken token, string claim) =>
        token.TryGetPayloadValue<string>(claim, out var value) && value is { Length: > 0 } ? value : null;

    /// <summary>Once they could not be had, they are not asked for again for some seconds.</summary>
    async Task RequireKeysAsync(CancellationToken cancellation)
    {
        const string unavailable = "The signing keys of the tenant are unavailable";
        var since = Interlocked.Read(ref unavailableAt);
        if (since != 0 && time.GetElapsedTime(since) < Problem.RetryAfter)
            throw new TransientException($"{unavailable}.");
        try
        {
            await keys.GetBaseConfigurationAsync(cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Interlocked.Exchange(ref unavailableAt, time.GetTimestamp());
            throw new TransientException($"{unavailable}: {e.Message}", e);
        }
    }
}

/// <param name="Caller">Null where the token is refused.</param>
/// <param name="Refusal">Why; for the log. It never holds the token.</param>
public readonly record struct TokenReading(ClaimsIdentity? Caller, string? Refusal);
