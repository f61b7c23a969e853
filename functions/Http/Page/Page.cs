using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace OrderFunctions.Http;

/// <summary>
/// The operations page: one answer without data, put together from the files in this folder. It loads nothing from elsewhere, and its
/// security policy allows no other script.
/// </summary>
public sealed class Page : IResult, IStatusCodeHttpResult
{
    /// <summary>The setting of the link to a trace.</summary>
    public const string TraceLinkSetting = "Page:TraceLink";

    const string HostPart = "<!-- what the host adds -->";
    const string TracePart = "<!-- where traces are shown -->";

    readonly byte[] html;
    readonly string policy;
    readonly EntityTagHeaderValue tag;

    /// <param name="hostHtml">What the host adds to the page.</param>
    /// <param name="hostScript">The script for that; it runs after the page's own.</param>
    /// <param name="connectsTo">An origin that the script calls beside this host; null for none.</param>
    /// <param name="traceLink">Where a trace is shown, with <c>{traceId}</c> for its id; null or empty where no tool shows traces.</param>
    /// <exception cref="InvalidOperationException">The link is no address with <c>{traceId}</c>.</exception>
    public Page(string hostHtml = "", string hostScript = "", string? connectsTo = null, string? traceLink = null)
    {
        var traceHtml = Checked(traceLink) is { } link
            ? $"<meta name=\"trace-link\" content=\"{HtmlEncoder.Default.Encode(link)}\">\n"
            : "";
        var (text, style, script) = (new StringBuilder(), new StringBuilder(), new StringBuilder("'use strict';\n"));
        foreach (var line in Read("page.html").Split('\n'))
        {
            if (Between(line, "<link rel=\"stylesheet\" href=\"", "\">") is { } css)
                style.Append(Read(css)).Append('\n');
            else if (Between(line, "<script src=\"", "\"></script>") is { } js)
                script.Append(Read(js)).Append('\n');
            else if (line is "</head>")
                text.Append($"<style>{style}</style>\n<script type=\"module\">{script.Append(Lines(hostScript))}</script>\n</head>\n");
            else if (line is HostPart)
                text.Append(Lines(hostHtml));
            else if (line is TracePart)
                text.Append(traceHtml);
            else
                text.Append(line).Append('\n');
        }
        html = Encoding.UTF8.GetBytes(text.ToString());
        tag = new($"\"{Convert.ToHexStringLower(SHA256.HashData(html).AsSpan(0, 12))}\"", isWeak: true);
        var connects = connectsTo is null ? "'self'" : $"'self' {connectsTo}";
        policy = $"default-src 'none'; style-src '{Hash(style)}'; script-src '{Hash(script)}'; connect-src {connects}; "
            + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    /// <summary>The page whose operators sign in with Entra ID, by its registration. Neither value is secret.</summary>
    /// <param name="authority">The tenant, such as https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000.</param>
    /// <param name="traceLink">As of <see cref="Page(string, string, string?, string?)"/>.</param>
    public static Page WithSignIn(string clientId, Uri authority, string? traceLink)
    {
        var (client, tenant) = (HtmlEncoder.Default.Encode(clientId), HtmlEncoder.Default.Encode(authority.ToString()));
        return new(
            $"<div id=\"registration\" data-client-id=\"{client}\" data-authority=\"{tenant}\" hidden></div>\n",
            $"{Read("msal-browser.min.js")}\n{Read("signin.js")}",
            authority.GetLeftPart(UriPartial.Authority), traceLink);
    }

    /// <summary>A link of the page must not run a script.</summary>
    static string? Checked(string? traceLink)
    {
        if (string.IsNullOrEmpty(traceLink))
            return null;
        var isWeb = traceLink.StartsWith("https://", StringComparison.Ordinal) || traceLink.StartsWith("http://", StringComparison.Ordinal);
        return isWeb && traceLink.Contains("{traceId}", StringComparison.Ordinal)
            ? traceLink
            : throw new InvalidOperationException($"{TraceLinkSetting} must be an address that holds {{traceId}}.");
    }

    public string Html => Encoding.UTF8.GetString(html);

    public int? StatusCode => StatusCodes.Status200OK;

    /// <summary>Whether a browser asks, for a person to read.</summary>
    public static bool IsWantedBy(HttpRequest request) => request.GetTypedHeaders().Accept.Any(type => type.MediaType == "text/html");

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var headers = httpContext.Response.Headers;
        headers.ETag = tag.ToString();
        headers.CacheControl = "no-cache";
        headers.Vary = HeaderNames.Accept;
        headers.ContentSecurityPolicy = policy;
        headers["Referrer-Policy"] = "no-referrer";
        if (httpContext.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(tag, useStrongComparison: false)))
        {
            httpContext.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        return httpContext.Response.WriteAsync(StatusCodes.Status200OK, "text/html; charset=utf-8", html);
    }

    /// <summary>The page names its files as links, one per line; they go out with it.</summary>
    static string? Between(string line, string begin, string end) =>
        line.StartsWith(begin, StringComparison.Ordinal) && line.EndsWith(end, StringComparison.Ordinal)
            ? line[begin.Length..^end.Length]
            : null;

    static string Hash(StringBuilder text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))}";

    static string Read(string file)
    {
        using var content = typeof(Page).Assembly.GetManifestResourceStream($"Page/{file}")
            ?? throw new InvalidOperationException($"{file} is not embedded.");
        using var reader = new StreamReader(content, Encoding.UTF8);
        return Lines(reader.ReadToEnd());
    }

    /// <summary>With the line ends of the policy's digests, whatever those of the files are.</summary>
    static string Lines(string text) => text.ReplaceLineEndings("\n");
}
