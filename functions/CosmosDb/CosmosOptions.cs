using Microsoft.Extensions.Options;

namespace OrderFunctions.CosmosDb;

/// <summary>Where the state lives. In an app's settings: <c>Cosmos__Endpoint</c> and <c>Cosmos__Database</c>.</summary>
public sealed class CosmosOptions
{
    public const string Section = "Cosmos";

    /// <summary>The URL of the account. One on this machine is taken for the emulator.</summary>
    public string Endpoint { get; set; } = "";

    public string Database { get; set; } = "";

    internal bool IsEmulator => new Uri(Endpoint).IsLoopback;
}

/// <summary>An app that lacks a setting must name it when it starts, not when the first order arrives.</summary>
sealed class CosmosOptionsValidation : IValidateOptions<CosmosOptions>
{
    public ValidateOptionsResult Validate(string? name, CosmosOptions options)
    {
        var missing = new List<string>();
        if (!Uri.TryCreate(options.Endpoint, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("https" or "http"))
        {
            missing.Add(
                "The setting Cosmos__Endpoint is missing or not a URL: it is the account's, https://<account>.documents.azure.com.");
        }
        if (string.IsNullOrWhiteSpace(options.Database))
            missing.Add("The setting Cosmos__Database is missing: it names the database that holds the participants' containers.");
        return missing.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(missing);
    }
}
