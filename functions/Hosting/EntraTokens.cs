using System.Security.Claims;
using Microsoft.Extensions.Configuration;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using OrderFunctions.Runtime;

namespace OrderFunctions.Hosting;

/// <summary>Which tokens are accepted.</summary>
/// <param name="TenantId">The Entra tenant that issues them.</param>
/// <param name="Audience">The client id of the application that they are for.</param>
public sealed record AuthenticationOptions(string TenantId, string Audience)
{
    /// <summary>Null where callers are not checked: on a developer's machine, and only if neither setting is set.</summary>
    /// <exception cref="InvalidOperationException">A setting is missing.</exception>
    public static AuthenticationOptions? From(IConfiguration configuration)
    {
        var (tenant, audience) = (configuration["Authentication:TenantId"], configuration["Authentication:Audience"]);
        var isDevelopment = configuration["AZURE_FUNCTIONS_ENVIRONMENT"] == "Development";
        if (isDevelopment && string.IsNullOrWhiteSpace(tenant) && string.IsNullOrWhiteSpace(audience))
            return null;
        return new(Required(tenant, nameof(TenantId)), Required(audience, nameof(Audience)));
    }

    public string Authority => $"https://login.microsoftonline.com/{TenantId}/v2.0";

    static string Required(string? value, string name) => !string.IsNullOrWhiteSpace(value) ? value : throw new InvalidOperationException(
        $"The setting Authentication__{name} is missing. On a developer's machine, AZURE_FUNCTIONS_ENVIRONMENT=Development needs neither.");
}

/// <summary>Reads the access tokens of callers.</summary>
/// <param name="keys">The tenant's signing keys, which change from time to time.</param>
public sealed class EntraTokens(AuthenticationOptions options, BaseConfigurationManager keys)
{
    readonly JsonWebTokenHandler handler = new() { MapInboundClaims = false };

    public EntraTokens(AuthenticationOptions options)
        : this(options, new ConfigurationManager<OpenIdConnectConfiguration>(
            $"{options.Authority}/.well-known/openid-configuration", new OpenIdConnectConfigurationRetriever()))
    {
    }

    /// <summary>Null where the header is missing, or the token is another tenant's, for another application, expired or forged.</summary>
    /// <exception cref="TransientException">The tenant's signing keys are unavailable.</exception>
    public async Task<ClaimsIdentity?> ReadAsync(string? authorization, CancellationToken cancellation)
    {
        const string scheme = "Bearer ";
        if (authorization is null || !authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        try
        {
            await keys.GetBaseConfigurationAsync(cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new TransientException($"The signing keys of the tenant are unavailable: {e.Message}", e);
        }
        var result = await handler.ValidateTokenAsync(authorization[scheme.Length..].Trim(), new()
        {
            ConfigurationManager = keys,
            ValidIssuer = options.Authority,
            ValidAudiences = [options.Audience, $"api://{options.Audience}"],
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
            NameClaimType = "name",
            RoleClaimType = "roles",
        });
        return result.IsValid ? result.ClaimsIdentity : null;
    }
}
