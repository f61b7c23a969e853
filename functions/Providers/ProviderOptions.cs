using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using OrderFunctions.Runtime;

namespace OrderFunctions.Providers;

/// <summary>How a provider is called: the settings of one section.</summary>
public abstract record ProviderOptions
{
    /// <summary><c>http</c>: the provider's API. <c>simulated</c>: no provider, and answers that follow from the data.</summary>
    public string Mode { get; init; } = "";

    public Uri? BaseAddress { get; init; }
    public string? ApiKey { get; init; }

    internal bool IsSimulated => Mode == "simulated";

    /// <summary>Without the secrets: texts end up in logs.</summary>
    public sealed override string ToString() => $"{GetType().Name} {Mode} {BaseAddress}";

    /// <exception cref="InvalidOperationException">A setting is missing or invalid; the message names it.</exception>
    internal static T From<T>(IConfiguration configuration, string section)
        where T : ProviderOptions, new()
    {
        var options = configuration.GetSection(section).Get<T>() ?? new();
        var wrong = options switch
        {
            { Mode: not ("http" or "simulated") } => $"{section}__Mode must be http or simulated.",
            { IsSimulated: true } when configuration[Stage.Setting] != Stage.Dev =>
                $"{section}__Mode is simulated, which only {Stage.Setting}={Stage.Dev} allows: nothing would be charged or shipped.",
            { IsSimulated: true } => null,
            { BaseAddress: not { IsAbsoluteUri: true, AbsolutePath: [.., '/'] } } =>
                $"{section}__BaseAddress must be the absolute URL of the API, with a slash at its end.",
            { BaseAddress: { Scheme: not "https", IsLoopback: false } } =>
                $"{section}__BaseAddress must begin with https: the API key is sent there.",
            { ApiKey: null or "" } => $"{section}__ApiKey is missing.",
            _ when IsUnresolved(options.ApiKey) => $"{section}__ApiKey {Unresolved}",
            _ => null,
        };
        return wrong is null ? options : throw new InvalidOperationException($"The setting {wrong}");
    }

    private protected const string Unresolved = "refers to a vault's secret that is not there, or that the app may not read.";

    /// <summary>The platform leaves a reference that it cannot resolve as it is: a "secret" that anybody could guess.</summary>
    private protected static bool IsUnresolved(string? secret) =>
        secret?.StartsWith("@Microsoft.KeyVault(", StringComparison.OrdinalIgnoreCase) is true;
}

public sealed record CardProviderOptions : ProviderOptions;

public sealed record CarrierOptions : ProviderOptions
{
    /// <summary>
    /// Shared with the carrier, which signs its webhook with it; two with a space between while it is being changed. The simulated carrier
    /// does not use the webhook.
    /// </summary>
    public string? WebhookSecret { get; init; }

    /// <summary>How far the time of a signature may be off; the usual where it is not set.</summary>
    public TimeSpan? WebhookTolerance { get; init; }

    /// <summary>The options as the settings state them. A simulated carrier without a secret gets a random one that nobody knows.</summary>
    /// <exception cref="InvalidOperationException">A setting is missing; the message names it.</exception>
    public static CarrierOptions From(IConfiguration configuration)
    {
        var options = From<CarrierOptions>(configuration, "Carrier");
        if (options is { IsSimulated: true, WebhookSecret: null or "" })
            return options with { WebhookSecret = RandomNumberGenerator.GetHexString(64) };
        var secrets = (options.WebhookSecret ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var wrong = options switch
        {
            _ when secrets.Length == 0 => "WebhookSecret is missing.",
            _ when secrets.Length > 2 => "WebhookSecret has more than two secrets.",
            _ when secrets.Any(IsUnresolved) => $"WebhookSecret {Unresolved}",
            { WebhookTolerance.Ticks: <= 0 } => "WebhookTolerance must be more than 0.",
            _ => null,
        };
        return wrong is null ? options : throw new InvalidOperationException($"The setting Carrier__{wrong}");
    }
}

public sealed record NotifierOptions : ProviderOptions;
