using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using OrderFunctions.Runtime;

namespace OrderFunctions.Hosting;

/// <summary>Which tokens are accepted.</summary>
/// <param name="TenantId">The Entra tenant that issues them.</param>
/// <param name="Audience">The client id of the application that they are for.</param>
public sealed record AuthenticationOptions(string TenantId, string Audience)
{
    /// <summary>Client ids of the applications that may call; empty for any to which the tenant issues tokens.</summary>
    public ImmutableArray<string> Clients { get; init; } = [];

    /// <summary>The stage is for trying out: see <see cref="Http.Roles.IsFor"/>.</summary>
    public bool IsDev { get; init; }

    /// <summary>Where people sign in.</summary>
    public Uri Tenant => new($"https://login.microsoftonline.com/{TenantId}");

    /// <summary>The issuer of the tokens.</summary>
    public string Authority => $"{Tenant}/v2.0";

    /// <summary>Null where callers are not checked: on a developer's machine, and only if neither setting is set.</summary>
    /// <exception cref="InvalidOperationException">A setting is missing, or callers must be checked.</exception>
    public static AuthenticationOptions? From(IConfiguration configuration)
    {
        var (tenant, audience) = (configuration["Authentication:TenantId"], configuration["Authentication:Audience"]);
        var isDevelopment = configuration["AZURE_FUNCTIONS_ENVIRONMENT"] == "Development";
        if (isDevelopment && string.IsNullOrWhiteSpace(tenant) && string.IsNullOrWhiteSpace(audience))
        {
            return IsOnLoopback(configuration) ? null : throw new InvalidOperationException(
                "Without Authentication__TenantId and Authentication__Audience an app starts on a developer's machine only, and "
                + $"WEBSITE_HOSTNAME is {configuration["WEBSITE_HOSTNAME"]}.");
        }
        return new(Required(tenant, nameof(TenantId)), Required(audience, nameof(Audience)))
        {
            Clients = [.. (configuration["Authentication:Clients"] ?? "").Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)],
            IsDev = configuration[Stage.Setting] == Stage.Dev,
        };
    }

    /// <summary>The platform and the Core Tools both state under which name the app is reached.</summary>
    static bool IsOnLoopback(IConfiguration configuration) =>
        configuration["WEBSITE_HOSTNAME"] is not { Length: > 0 } name
        || (Uri.TryCreate($"http://{name}", UriKind.Absolute, out var address) && address.IsLoopback);

    static string Required(string? value, string name) => !string.IsNullOrWhiteSpace(value) ? value : throw new InvalidOperationException(
        $"The setting Authentication__{name} is missing. On a developer's machine, AZURE_FUNCTIONS_ENVIRONMENT=Development needs neither.");
}
