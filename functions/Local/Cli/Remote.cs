using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;

namespace OrderFunctions.Local.Cli;

/// <summary>The running system that a command calls, and as whom.</summary>
static class Remote
{
    public static readonly Option<Uri?> Url = new("--url")
    {
        Description = "The host.",
        CustomParser = Verb.Address,
        HelpName = "URL",
        DefaultValueFactory = _ => new("http://127.0.0.1:7071"),
    };

    public static readonly Option<string?> Token = new("--token")
    {
        Description = "An access token, if the host needs one. Default: $API_TOKEN, or what az gives for $API_AUDIENCE.",
        HelpName = "TOKEN",
    };

    /// <summary>A host that refuses or cannot be reached is one line on standard error, and exit status 2.</summary>
    public static async Task<int> CallAsync(ParseResult options, Func<HttpClient, Task<int>> act, CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = options.GetValue(Url), Timeout = TimeSpan.FromSeconds(30) };
        try
        {
            var given = options.GetValue(Token) ?? Environment.GetEnvironmentVariable("API_TOKEN");
            if ((given ?? await SignedInAsync(cancellation)) is { } token)
                http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            return await act(http);
        }
        catch (Exception e) when (ApiClient.IsFailure(e) && !cancellation.IsCancellationRequested)
        {
            return Exit.Fail($"{options.GetValue(Url)}: {e.Message.TrimEnd('.')}.{Advice(e, options.GetValue(Url)!)}");
        }
    }

    /// <summary>What to do about it.</summary>
    static string Advice(Exception e, Uri url) => e switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } when url.IsLoopback =>
            $" Start a host with {RunCommand.Name}, or name another with --url.",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } =>
            " Is --url right?",
        RefusedByApiException { Status: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } =>
            " Sign in with az and set API_AUDIENCE, or give a token with --token.",
        TaskCanceledException => " Is the host busy? Try again.",
        _ => "",
    };

    /// <summary>The token of whoever is signed in to the Azure CLI; null if the environment names no API_AUDIENCE.</summary>
    /// <exception cref="HttpRequestException">There is no token.</exception>
    static async Task<string?> SignedInAsync(CancellationToken cancellation)
    {
        if (Environment.GetEnvironmentVariable("API_AUDIENCE") is not { Length: > 0 } audience)
            return null;
        string[] arguments =
            ["account", "get-access-token", "--scope", $"{audience}/.default", "--query", "accessToken", "--output", "tsv"];

        // On Windows az is a script, which only a shell starts.
        var start = OperatingSystem.IsWindows()
            ? new ProcessStartInfo("cmd", ["/c", "az", .. arguments])
            : new ProcessStartInfo("az", arguments);
        start.RedirectStandardOutput = true;
        try
        {
            using var az = Process.Start(start)!;
            var token = (await az.StandardOutput.ReadToEndAsync(cancellation)).Trim();
            await az.WaitForExitAsync(cancellation);
            return az.ExitCode == 0 ? token : throw new HttpRequestException($"az gave no token for {audience}");
        }
        catch (Win32Exception e)
        {
            throw new HttpRequestException("the Azure CLI (az) is missing, which gives the token for API_AUDIENCE", e);
        }
    }
}
